//! `reelmill config`, and what a wrong configuration does to every command.

use crate::reelmill::{reelmill, run};
use std::fs;

#[test]
fn it_shows_every_value_with_its_place_and_no_secret() {
    let home = tempfile::tempdir().unwrap();
    fs::write(
        home.path().join("reelmill.toml"),
        "[database]\nurl = \"mysql://mill:hunter2@db/mill\"\n[limits]\nstreams = 7\n",
    )
    .unwrap();
    let shown = run(reelmill(home.path())
        .arg("config")
        .env("REELMILL__ENCODER__SLOTS", "3"));
    let line = |key: &str| {
        let found = shown.out.lines().find(|l| l.starts_with(key)).unwrap();
        found.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        line("database.url"),
        "database.url mysql://mill:***@db/mill reelmill.toml"
    );
    assert_eq!(
        line("encoder.slots"),
        "encoder.slots 3 environment REELMILL__ENCODER__SLOTS"
    );
    assert_eq!(line("limits.streams"), "limits.streams 7 reelmill.toml");
    assert_eq!(
        line("webapp.listen"),
        "webapp.listen 127.0.0.1:8080 default"
    );
    assert!(!shown.done().contains("hunter2"));

    let json = run(reelmill(home.path()).args(["config", "--json"])).json();
    let url = json
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["key"] == "database.url")
        .unwrap();
    assert_eq!(url["value"], "mysql://mill:***@db/mill");
    assert!(!json.to_string().contains("hunter2"));
}

#[test]
fn a_file_can_be_named_or_found_in_the_users_folder() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/reelmill");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("reelmill.toml"), "[limits]\nstreams = 7\n").unwrap();
    fs::write(home.path().join("other.toml"), "[limits]\nstreams = 9\n").unwrap();
    let streams = |args: &[&str]| {
        let json = run(reelmill(home.path()).args(args)).json();
        let all = json.as_array().unwrap().clone();
        all.into_iter()
            .find(|s| s["key"] == "limits.streams")
            .unwrap()["value"]
            .clone()
    };
    assert_eq!(streams(&["config", "--json"]), "7");
    assert_eq!(
        streams(&["config", "--json", "--config", "other.toml"]),
        "9"
    );
    run(reelmill(home.path()).args(["config", "--config", "missing.toml"]))
        .unfit(&["missing.toml"]);
}

#[test]
fn a_wrong_setting_stops_every_command_with_its_name() {
    let home = tempfile::tempdir().unwrap();
    for command in ["serve", "jobs", "config", "presets"] {
        let ended = run(reelmill(home.path())
            .arg(command)
            .env("REELMILL__ENCODER__SLOT", "3"));
        ended.unfit(&["encoder.slot", "REELMILL__ENCODER__SLOT", "encoder.slots"]);
        let ended = run(reelmill(home.path())
            .arg(command)
            .env("REELMILL__ENCODER__SLOTS", "no"));
        ended.unfit(&[
            "encoder.slots = no",
            "REELMILL__ENCODER__SLOTS",
            "from 1 to 256",
        ]);
    }
}

#[test]
fn the_explanation_names_every_setting() {
    let home = tempfile::tempdir().unwrap();
    let table = run(reelmill(home.path()).args(["config", "--explain"]));
    let keys = run(reelmill(home.path()).args(["config", "--json"])).json();
    for setting in keys.as_array().unwrap() {
        let key = setting["key"].as_str().unwrap();
        assert!(table.done().contains(&format!("| `{key}` |")), "{key}");
    }
}

#[test]
fn the_readme_explains_every_setting_as_the_program_does() {
    let home = tempfile::tempdir().unwrap();
    let table = run(reelmill(home.path()).args(["config", "--explain"]));
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    assert!(
        readme.contains(table.done().trim()),
        "README.md's table is not what `reelmill config --explain` prints"
    );
}
