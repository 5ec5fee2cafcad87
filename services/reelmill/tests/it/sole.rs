//! `serve` on a database that others could use, with a queue within itself: one process, and no second one.

use crate::{
    backends::Backends,
    films::heavy,
    look::{tools, tools_in, until},
    process::Process,
    reelmill::{reelmill, run},
};
use rustix::process::{Signal, kill_process};
use std::process::Command;

/// A `serve` in a home of its own, which never becomes ready.
fn refused(backends: &Backends) -> crate::reelmill::Ended {
    let home = tempfile::tempdir().unwrap();
    let mut command = reelmill(home.path());
    backends.tell_database(command.args(["serve", "--listen", "127.0.0.1:0"]));
    run(&mut command)
}

#[test]
fn a_second_process_with_a_queue_of_its_own_is_refused() {
    let backends = Backends::make();
    let home = tempfile::tempdir().unwrap();
    let start = || {
        let tell = |command: &mut Command| backends.tell_database(command);
        let process = Process::start(home.path(), "serve", tell);
        process.until_ready();
        process
    };
    let first = start();
    let why = [
        "reelmill serve on",
        "already serves this database",
        "broker.url",
    ];
    refused(&backends).unfit(&why);
    // Killed, it comes back at once; others are still refused.
    drop(first);
    refused(&backends).unfit(&why);
    let again = start();
    refused(&backends).unfit(&why);
    // Ended in order, it leaves the database to anybody, and doesn't say that somebody took it.
    let (code, log) = again.stopped();
    assert_eq!(code, Some(0));
    assert!(!log.contains("taken this database over"), "{log}");
    let elsewhere = tempfile::tempdir().unwrap();
    let other = Process::start(elsewhere.path(), "serve", |command| {
        backends.tell_database(command);
    });
    other.until_ready();
    assert_eq!(other.stop(), Some(0));
}

#[test]
fn a_service_alone_is_refused_beside_a_process_with_a_queue_of_its_own() {
    let (home, backends) = (tempfile::tempdir().unwrap(), Backends::make_open());
    let serve = Process::start(home.path(), "serve", |command| {
        backends.tell_database(command);
    });
    serve.until_ready();
    for service in ["status", "webapp", "serve"] {
        let elsewhere = tempfile::tempdir().unwrap();
        let mut command = reelmill(elsewhere.path());
        // Not that it has connected.
        command.env("REELMILL__LOG__LEVEL", "warn");
        backends.tell(command.args([service, "--listen", "127.0.0.1:0"]));
        run(&mut command).unfit(&[
            "reelmill serve on",
            "with a queue within itself",
            "broker.url",
        ]);
    }
    assert_eq!(serve.stop(), Some(0));
}

/// Its encoder is busy, and would be for long: an ordered end would wait for it, and go on releasing tasks meanwhile.
#[test]
fn who_lost_the_database_ends_at_once_and_says_why() {
    let (home, backends) = (tempfile::tempdir().unwrap(), Backends::make());
    let serve = Process::start(home.path(), "serve", |command| {
        backends.tell_database(command);
        command.env("REELMILL__ENCODER__DRAIN_GRACE_S", "600");
    });
    serve.until_ready();
    heavy(&home.path().join("film.mp4"));
    run(reelmill(home.path())
        .args(["submit", "film.mp4", "--to", "mkv"])
        .env("REELMILL_SERVER", serve.url()))
    .done();
    let encodes = "state = 'running' AND lane = 'encode'";
    until("an encode", || {
        tools_in(home.path()) > 0 && backends.count("tasks", encodes) > 0
    });
    for tool in tools(home.path()) {
        kill_process(tool, Signal::STOP).unwrap();
    }
    backends.steal_claim();
    let (code, log) = serve.ended_saying();
    assert_eq!(code, Some(2), "{log}");
    let why = "another process has taken this database over";
    assert!(log.contains(why), "{log}");
    assert_eq!(
        backends.count("tasks", encodes),
        1,
        "it changed what is the other's: {log}"
    );
    assert_eq!(backends.count("sole_claims", "holder = 'another'"), 1);
    until("no tool is left", || tools_in(home.path()) == 0);
}
