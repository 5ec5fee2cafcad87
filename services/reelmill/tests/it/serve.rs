//! `reelmill serve`: what keeps it from starting, what it answers, how it ends.

use crate::{
    films::heavy,
    look::{tools_in, until},
    reelmill::{reelmill, run},
    server::Server,
};
use rustix::process::{Signal, kill_process};
use std::{
    fs,
    net::{TcpListener, TcpStream},
};

#[test]
fn what_keeps_it_from_starting_is_one_line_and_code_2() {
    let home = tempfile::tempdir().unwrap();
    let serve = |args: &[&str]| {
        let mut command = reelmill(home.path());
        command.arg("serve").args(args);
        command
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    run(&mut serve(&["--listen", &address])).unfit(&[&address, "taken", "--listen"]);
    run(&mut serve(&["--listen", "8080"])).unfit(&["--listen", "8080", "127.0.0.1:8080"]);
    run(serve(&[]).env("REELMILL__ENCODER__FFMPEG", "no-such-ffmpeg"))
        .unfit(&["no-such-ffmpeg", "apt install ffmpeg"]);
    fs::write(home.path().join("file"), "x").unwrap();
    run(&mut serve(&["--data", "file/data"])).unfit(&["file/data", "can't be written", "--data"]);
    run(serve(&[]).env("REELMILL__DATABASE__URL", "mysql://mill:hunter2@db"))
        .unfit(&["mysql://mill:***@db", "DATABASE"]);
    let _running = Server::start(home.path());
    run(serve(&["--data", "other", "--listen", "127.0.0.1:0"])
        .env("REELMILL__DATABASE__URL", "sqlite:data/reelmill.db"))
    .unfit(&["data", "in use", "pid"]);
    run(&mut serve(&["--data", "data", "--listen", "127.0.0.1:0"]))
        .unfit(&["data", "in use", "pid"]);
}

#[test]
fn it_describes_itself_and_stops_when_asked() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path());
    let get = |path: &str| {
        let url = format!("{}{path}", server.url);
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let answer = reqwest::get(url).await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        })
    };
    assert_eq!(get("/healthz").0, 200);
    assert_eq!(get("/readyz").0, 200);
    let (status, docs) = get("/docs");
    assert_eq!(status, 200);
    for path in [
        "/api/v1/jobs",
        "/api/v1/uploads",
        "/media/",
        "Idempotency-Key",
    ] {
        assert!(docs.contains(path), "the docs lack {path}");
    }
    assert_eq!(get("/docs/style.css").0, 200);
    let (_, json) = get("/api/openapi.json");
    let api: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    insta::assert_snapshot!("openapi", serde_json::to_string_pretty(&api).unwrap());
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_first_signal_waits_for_work_and_a_second_one_does_not() {
    let home = tempfile::tempdir().unwrap();
    let home = fs::canonicalize(home.path()).unwrap();
    let server = Server::start_as(
        reelmill(&home)
            .args(["serve", "--listen", "127.0.0.1:0", "--data", "data"])
            .env("REELMILL__ENCODER__DRAIN_GRACE_S", "600"),
    );
    heavy(&home.join("film.mp4"));
    let submitted = run(reelmill(&home)
        .args(["submit", "film.mp4", "--to", "webm"])
        .env("REELMILL_SERVER", &server.url));
    submitted.done();
    until("an encode that runs", || tools_in(&home.join("data")) > 0);
    kill_process(server.pid(), Signal::INT).unwrap();
    until("no more answers", || {
        TcpStream::connect(server.address()).is_err()
    });
    assert!(
        tools_in(&home.join("data")) > 0,
        "the first signal did not let the encode go on"
    );
    assert_eq!(server.stop(), Some(130));
    until("ffmpeg to end with the server", || {
        tools_in(&home.join("data")) == 0
    });
}

#[test]
fn idle_it_stays_small() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path());
    let status =
        fs::read_to_string(format!("/proc/{}/status", server.pid().as_raw_nonzero())).unwrap();
    let kib: u64 = status
        .lines()
        .find_map(|l| {
            l.strip_prefix("VmRSS:")?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .unwrap();
    assert!(kib <= 64 * 1024, "{kib} KiB resident");
}
