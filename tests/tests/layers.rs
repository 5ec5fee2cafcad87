//! The one dependency rule: which crate of the workspace may name which. What is not listed here is not allowed.
#![allow(clippy::unwrap_used, reason = "tests speak by panicking")]

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

/// What each crate may use of ours.
const MAY_USE: &[(&str, &[&str])] = &[
    ("reelmill-domain", &[]),
    ("reelmill-broker", &["reelmill-domain"]),
    ("reelmill-objects", &["reelmill-domain"]),
    ("reelmill-ffmpeg", &["reelmill-domain"]),
    ("reelmill-store", &["reelmill-domain"]),
    ("reelmill-runtime", &["reelmill-domain"]),
    ("reelmill-embedded", &["reelmill-domain", "reelmill-broker"]),
    ("reelmill-rabbitmq", &["reelmill-domain", "reelmill-broker"]),
    ("reelmill-folder", &["reelmill-domain", "reelmill-objects"]),
    ("reelmill-s3", &["reelmill-domain", "reelmill-objects"]),
    ("reelmill-swift", &["reelmill-domain", "reelmill-objects"]),
    (
        "reelmill-encoder",
        &[
            "reelmill-domain",
            "reelmill-broker",
            "reelmill-objects",
            "reelmill-ffmpeg",
            "reelmill-runtime",
        ],
    ),
    (
        "reelmill-webapp",
        &[
            "reelmill-domain",
            "reelmill-broker",
            "reelmill-objects",
            "reelmill-store",
            "reelmill-runtime",
        ],
    ),
    (
        "reelmill-status",
        &[
            "reelmill-domain",
            "reelmill-broker",
            "reelmill-objects",
            "reelmill-store",
            "reelmill-runtime",
        ],
    ),
    (
        "reelmill",
        &[
            "reelmill-domain",
            "reelmill-broker",
            "reelmill-objects",
            "reelmill-ffmpeg",
            "reelmill-store",
            "reelmill-runtime",
            "reelmill-embedded",
            "reelmill-rabbitmq",
            "reelmill-folder",
            "reelmill-s3",
            "reelmill-swift",
            "reelmill-encoder",
            "reelmill-webapp",
            "reelmill-status",
        ],
    ),
    // Black box: it knows the executable, never a crate inside.
    ("reelmill-tests", &[]),
    // Breaks connections, whoever speaks over them.
    ("reelmill-faults", &[]),
];

/// What tests may use on top.
const FOR_TESTS: &[&str] = &[
    "reelmill-embedded",
    "reelmill-rabbitmq",
    "reelmill-folder",
    "reelmill-s3",
    "reelmill-swift",
    "reelmill-faults",
];

/// All that `domain` may lean on: data and words, nothing that does I/O.
const DOMAIN_MAY_USE: &[&str] = &[
    "jiff",
    "serde_path_to_error",
    "serde",
    "serde_json",
    "thiserror",
    "toml",
    "url",
    "utoipa",
    "uuid",
];

struct Edge {
    from: String,
    to: String,
    for_tests: bool,
}

/// Why an edge is not allowed, if it isn't.
fn complaint(edge: &Edge, ours: &BTreeSet<String>) -> Option<String> {
    let Edge {
        from,
        to,
        for_tests,
    } = edge;
    if !ours.contains(to) {
        let refused =
            from == "reelmill-domain" && !for_tests && !DOMAIN_MAY_USE.contains(&to.as_str());
        return refused.then(|| format!("{from} → {to}: domain is pure"));
    }
    let rules: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let Some(allowed) = rules.get(from.as_str()) else {
        return Some(format!("{from} is a new crate: say here what it may use"));
    };
    let fine = allowed.contains(&to.as_str()) || (*for_tests && FOR_TESTS.contains(&to.as_str()));
    (!fine).then(|| format!("{from} → {to} is not allowed"))
}

#[test]
fn every_edge_is_listed() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let packages = metadata.workspace_packages();
    let ours: BTreeSet<String> = packages.iter().map(|p| p.name.to_string()).collect();
    let mut edges = Vec::new();
    for package in &packages {
        for dependency in &package.dependencies {
            edges.push(Edge {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                for_tests: dependency.kind == DependencyKind::Development,
            });
        }
    }
    let listed: BTreeSet<String> = MAY_USE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed, ours, "the list and the workspace differ");
    assert!(
        edges
            .iter()
            .any(|e| e.from == "reelmill" && e.to == "reelmill-folder"),
        "no edges were read"
    );
    let complaints: Vec<String> = edges.iter().filter_map(|e| complaint(e, &ours)).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn forbidden_edges_are_seen() {
    let ours: BTreeSet<String> = MAY_USE.iter().map(|(name, _)| (*name).to_owned()).collect();
    let refused = |from: &str, to: &str, for_tests| {
        complaint(
            &Edge {
                from: from.into(),
                to: to.into(),
                for_tests,
            },
            &ours,
        )
        .is_some()
    };
    assert!(refused("reelmill-encoder", "reelmill-store", false));
    assert!(refused("reelmill-webapp", "reelmill-ffmpeg", false));
    assert!(refused("reelmill-webapp", "reelmill-status", true));
    assert!(refused("reelmill-status", "reelmill-embedded", false));
    assert!(!refused("reelmill-status", "reelmill-embedded", true));
    assert!(refused("reelmill-domain", "tokio", false));
    assert!(refused("reelmill-s3", "reelmill-faults", false));
    assert!(!refused("reelmill-s3", "reelmill-faults", true));
    assert!(!refused("reelmill-store", "tokio", false));
}
