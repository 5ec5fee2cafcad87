//! The files in `deploy/` fit the program that they deploy: every figure that a dashboard or an alarm asks for exists.
#![allow(clippy::unwrap_used, reason = "tests speak by panicking")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Words of letters, digits and underscores that begin like this.
fn words<'a>(text: &'a str, beginning: &str) -> BTreeSet<&'a str> {
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !in_word(c));
    words.filter(|word| word.starts_with(beginning)).collect()
}

/// The names of what the services measure.
fn measured() -> BTreeSet<String> {
    let list = read("shared/runtime/src/metrics/list.rs");
    let quoted = list.split('"').skip(1).step_by(2);
    let names = quoted.filter(|word| word.starts_with("reelmill_") || word.starts_with("process_"));
    names.map(str::to_owned).collect()
}

fn unknown(text: &str) -> Vec<String> {
    let measured = measured();
    assert!(
        measured.len() > 15,
        "the list of figures has moved: {measured:?}"
    );
    let parts = ["_bucket", "_sum", "_count"];
    let known = |word: &str| {
        let whole = parts.iter().find_map(|part| word.strip_suffix(part));
        measured.contains(word) || whole.is_some_and(|name| measured.contains(name))
    };
    let asked = words(text, "reelmill_");
    assert!(asked.len() > 4, "nothing is asked for: {asked:?}");
    asked
        .into_iter()
        .filter(|word| !known(word))
        .map(str::to_owned)
        .collect()
}

#[test]
fn alarms_ask_for_figures_that_exist() {
    let rules = read("deploy/observability/rules.yml");
    assert_eq!(unknown(&rules), Vec::<String>::new());
    // The one that must be there: messages that nobody could use.
    assert!(rules.contains("queue=\"reelmill.tasks.dead\""));
    assert!(read("shared/adapters/rabbitmq/src/topology.rs").contains("\"reelmill.tasks.dead\""));
}

#[test]
fn the_dashboard_asks_for_figures_that_exist() {
    let text = read("deploy/observability/grafana/dashboards/reelmill.json");
    let board: Value = serde_json::from_str(&text).unwrap();
    let panels = board["panels"].as_array().unwrap();
    assert!(panels.len() > 10);
    let mut asked = String::new();
    for panel in panels {
        assert!(
            panel["title"].as_str().is_some_and(|t| !t.is_empty()),
            "{panel}"
        );
        for target in panel["targets"].as_array().unwrap() {
            asked.push_str(target["expr"].as_str().unwrap());
            asked.push('\n');
        }
    }
    assert_eq!(unknown(&asked), Vec::<String>::new());
}

/// Every setting that compose hands to a service is one that there is.
#[test]
fn compose_hands_over_settings_that_exist() {
    let keys = read("shared/runtime/src/config/keys.rs");
    let compose = read("docker-compose.yml") + &read(".env.example") + &read("deploy/Dockerfile");
    let given = words(&compose, "REELMILL__");
    assert!(given.len() > 8, "{given:?}");
    for name in given {
        // `REELMILL__SECTION__KEY` itself stands in an explanation.
        let dotted = name["REELMILL__".len()..].to_lowercase().replace("__", ".");
        if dotted.starts_with("section.key") {
            continue;
        }
        assert!(
            keys.contains(&format!("\"{dotted}\"")),
            "{name} is no setting"
        );
    }
}
