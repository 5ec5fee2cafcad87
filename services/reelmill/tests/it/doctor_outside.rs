//! `reelmill doctor` on real servers: what is reachable, and the mend for each that isn't.

use crate::{
    backends::Backends,
    reelmill::{Ended, reelmill, run},
};
use serde_json::Value;
use std::process::Command;

fn doctor(home: &std::path::Path, backends: &Backends) -> Command {
    let mut command = reelmill(home);
    command
        .args(["doctor", "--json"])
        .env("REELMILL__WEBAPP__LISTEN", "127.0.0.1:0");
    backends.tell(&mut command);
    command
}

fn finding(ended: &Ended, check: &str) -> Value {
    let all = ended.json();
    let found = all.as_array().unwrap().iter().find(|f| f["check"] == check);
    found.unwrap_or_else(|| panic!("no {check}: {all}")).clone()
}

fn fault(ended: &Ended, check: &str, mend: &str) {
    let found = finding(ended, check);
    assert_eq!(found["level"], "fault", "{found}");
    assert!(found["mend"].as_str().unwrap().contains(mend), "{found}");
    assert_eq!(ended.code, Some(2));
    assert!(!ended.out.contains("hunter2"), "{ended:?}");
}

#[test]
fn servers_that_are_there_are_well_and_stay_as_they_were() {
    let (home, backends) = (tempfile::tempdir().unwrap(), Backends::make_open());
    let ended = run(&mut doctor(home.path(), &backends));
    ended.done();
    for check in ["database", "broker", "object store"] {
        assert_eq!(finding(&ended, check)["level"], "good", "{ended:?}");
    }
    let schema = finding(&ended, "schema");
    assert_eq!(schema["level"], "note");
    assert!(
        schema["found"].as_str().unwrap().contains("lacks"),
        "{schema}"
    );
}

#[test]
fn each_server_that_is_away_is_named_with_its_mend() {
    let (home, backends) = (tempfile::tempdir().unwrap(), Backends::make());
    let ended = run(&mut doctor(home.path(), &backends));
    fault(&ended, "database", "start the server");
    fault(&ended, "broker", "start RabbitMQ");
    fault(&ended, "object store", "start the store");
}

#[test]
fn wrong_names_and_passwords_are_told_apart() {
    let (home, backends) = (tempfile::tempdir().unwrap(), Backends::make_open());
    let (db, mq) = (backends.database.address, backends.broker.address);
    let with = |key: &str, value: String| run(doctor(home.path(), &backends).env(key, value));
    let url = "REELMILL__DATABASE__URL";
    fault(
        &with(url, format!("mysql://nobody:hunter2@{db}/mill")),
        "database",
        "correct user and password",
    );
    fault(
        &with(url, format!("mysql://root@{db}/no_such_database")),
        "database",
        "CREATE DATABASE",
    );
    let url = "REELMILL__BROKER__URL";
    fault(
        &with(url, format!("amqp://nobody:hunter2@{mq}")),
        "broker",
        "correct user and password",
    );
    fault(
        &with(url, format!("amqp://guest:guest@{mq}/no-such-vhost")),
        "broker",
        "add_vhost",
    );
    let bucket = "s3://no-such-bucket-anywhere".to_owned();
    fault(
        &with("REELMILL__STORAGE__URL", bucket),
        "object store",
        "create it",
    );
    fault(
        &with("REELMILL__STORAGE__SECRET_KEY", "hunter2".into()),
        "object store",
        "storage.secret_key",
    );
}

#[test]
fn over_tls_an_authority_of_ones_own_must_be_named() {
    let (home, backends) = (tempfile::tempdir().unwrap(), Backends::make_open());
    let mut command = doctor(home.path(), &backends);
    backends.tell_tls(&mut command);
    let ended = run(&mut command);
    fault(&ended, "database", "database.ca_file");
    fault(&ended, "broker", "broker.ca_file");
    let ended = run(command
        .env("REELMILL__DATABASE__CA_FILE", Backends::authority())
        .env("REELMILL__BROKER__CA_FILE", Backends::authority()));
    ended.done();
    for check in ["database", "broker"] {
        assert_eq!(finding(&ended, check)["level"], "good", "{ended:?}");
    }
}
