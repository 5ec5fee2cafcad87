//! `reelmill doctor` finds each thing that keeps Reelmill from working, and names its mend.

use crate::reelmill::{Ended, reelmill, run};
use reelmill_runtime::lock::DataLock;
use serde_json::Value;
use std::{fs, net::TcpListener, process::Command};

/// A doctor whose port is free and who expects no server.
fn doctor(home: &std::path::Path) -> Command {
    let mut command = reelmill(home);
    command
        .args(["doctor", "--json"])
        .env("REELMILL__WEBAPP__LISTEN", "127.0.0.1:0");
    command
}

fn finding(ended: &Ended, check: &str) -> Value {
    let all = ended.json();
    let found = all.as_array().unwrap().iter().find(|f| f["check"] == check);
    found.unwrap_or_else(|| panic!("no {check}: {all}")).clone()
}

fn fault(ended: &Ended, check: &str, word: &str) {
    let found = finding(ended, check);
    assert_eq!(found["level"], "fault", "{found}");
    assert!(found["found"].as_str().unwrap().contains(word), "{found}");
    assert!(!found["mend"].as_str().unwrap().is_empty(), "{found}");
    assert_eq!(ended.code, Some(2), "{ended:?}");
}

#[test]
fn a_fit_machine_is_fit_and_left_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let ended = run(&mut doctor(home.path()));
    ended.done();
    for check in ["configuration", "data folder", "ffmpeg", "presets", "port"] {
        assert_eq!(finding(&ended, check)["level"], "good");
    }
    assert_eq!(finding(&ended, "server")["level"], "note");
    assert!(!home.path().join(".local/share/reelmill").exists());
}

#[test]
fn a_taken_port_is_found() {
    let home = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run(doctor(home.path()).env("REELMILL__WEBAPP__LISTEN", &address));
    fault(&ended, "port", &address);
}

#[test]
fn a_missing_or_false_ffmpeg_is_found() {
    let home = tempfile::tempdir().unwrap();
    let ended = run(doctor(home.path()).env("REELMILL__ENCODER__FFMPEG", "no-such-ffmpeg"));
    fault(&ended, "ffmpeg", "no-such-ffmpeg");
    let ended = run(doctor(home.path()).env("REELMILL__ENCODER__FFMPEG", "/bin/true"));
    fault(&ended, "ffmpeg", "/bin/true");
}

#[test]
fn a_data_folder_that_cannot_be_used_is_found() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "x").unwrap();
    let ended = run(doctor(home.path()).env("REELMILL__DATA__DIR", file.join("data")));
    fault(&ended, "data folder", "can't be written");

    let data = home.path().join("data");
    let _lock = DataLock::take(&data).unwrap();
    let ended = run(doctor(home.path()).env("REELMILL__DATA__DIR", &data));
    fault(&ended, "data folder", "already in use");
}

#[test]
fn a_wrong_configuration_is_found() {
    let home = tempfile::tempdir().unwrap();
    let ended = run(doctor(home.path()).env("REELMILL__LIMITS__PIXELS", "many"));
    fault(&ended, "configuration", "limits.pixels = many");
    let ended = run(doctor(home.path()).env("REELMILL__BROKER__URL", "amqp://mill:hunter2@mq"));
    fault(&ended, "configuration", "storage.shared");
    assert!(!ended.out.contains("hunter2"));
}

#[test]
fn a_server_that_was_named_must_answer() {
    let home = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    drop(silent);
    let ended = run(doctor(home.path()).args(["--server", &url]));
    fault(&ended, "server", &url);
}

#[test]
fn for_people_it_is_a_line_each_with_the_mend_below() {
    let home = tempfile::tempdir().unwrap();
    let ended = run(reelmill(home.path())
        .arg("doctor")
        .env("REELMILL__ENCODER__FFMPEG", "no-such-ffmpeg"));
    assert_eq!(ended.code, Some(2));
    let lines: Vec<&str> = ended.out.lines().collect();
    let at = lines
        .iter()
        .position(|l| l.starts_with("BAD   ffmpeg"))
        .expect(&ended.out);
    assert!(
        lines[at + 1].contains("→ Debian: apt install ffmpeg"),
        "{}",
        ended.out
    );
}

#[test]
fn beside_a_running_server_all_is_well() {
    let home = tempfile::tempdir().unwrap();
    let server = crate::server::Server::start(home.path());
    let ended = run(doctor(home.path())
        .env("REELMILL__DATA__DIR", "data")
        .env("REELMILL__WEBAPP__LISTEN", server.address())
        .args(["--server", &server.url]));
    ended.done();
    for check in ["data folder", "port", "server"] {
        assert_eq!(finding(&ended, check)["level"], "good", "{ended:?}");
    }
}
