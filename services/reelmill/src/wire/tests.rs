//! What is opened for which configuration, and what is refused.

#![allow(clippy::unwrap_used, reason = "tests speak by panicking")]

use super::*;
use reelmill_runtime::config::{Sources, load};

fn planned(variables: &[(&str, &str)]) -> anyhow::Result<Wiring> {
    let variables = variables
        .iter()
        .map(|(key, value)| (format!("REELMILL__{key}"), (*value).to_owned()));
    let loaded = load(&Sources {
        file: None,
        variables: Some(variables.collect()),
        flags: Vec::new(),
    })?;
    plan(Role::All, &loaded.config)
}

#[tokio::test]
async fn a_database_lies_where_its_path_says() {
    let dir = tempfile::tempdir().unwrap();
    let odd = dir.path().join("50% of what? #1 ü");
    let wiring = planned(&[("DATA__DIR", odd.to_str().unwrap())]).unwrap();
    assert!(wiring.is_local() && wiring.has_own_database() && wiring.has_own_broker());
    let opened = wiring.open().await.map_err(anyhow::Error::from).unwrap();
    assert!(odd.join("reelmill.db").is_file());
    opened.store.unwrap().close().await.unwrap();
}

#[test]
fn a_folder_is_written_by_one_process_where_no_other_has_its_database() {
    let shared = ("STORAGE__SHARED", "true");
    let mysql = ("DATABASE__URL", "mysql://mill@db/mill");
    for (variables, expected) in [(&[][..], true), (&[shared], false), (&[mysql], false)] {
        match planned(variables).unwrap().storage {
            Storage::Folder { alone, .. } => assert_eq!(alone, expected, "{variables:?}"),
            _ => panic!("it is no folder"),
        }
    }
}

#[test]
fn what_a_store_needs_is_asked_for_by_name() {
    let swift = ("STORAGE__URL", "swift://films");
    let auth = ("STORAGE__AUTH_URL", "http://keystone/v3");
    let user = ("STORAGE__USER", "mill");
    let key = ("STORAGE__KEY", "hunter2");
    for (variables, word) in [
        (&[("STORAGE__URL", "s3://")][..], "names no bucket"),
        (
            &[("STORAGE__URL", "s3://films"), ("STORAGE__ACCESS_KEY", "a")],
            "`storage.secret_key`",
        ),
        (&[swift], "`storage.auth_url`"),
        (&[swift, auth], "`storage.user`"),
        (&[swift, auth, user], "`storage.key`"),
        (&[swift, auth, user, key], "`storage.project`"),
    ] {
        let refused = planned(variables).map(|_| ()).unwrap_err().to_string();
        assert!(refused.contains(word), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }
    let v1 = ("STORAGE__AUTH_URL", "http://swift/auth/v1.0");
    planned(&[swift, v1, user, key]).map(|_| ()).unwrap();
}
