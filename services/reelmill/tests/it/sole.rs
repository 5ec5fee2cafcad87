//! `serve` on a database that others could use, with a queue within itself: one process, and no second one.

use crate::{backends::Backends, process::Process, reelmill::run};
use std::process::Command;

/// A `serve` in a home of its own, which never becomes ready.
fn refused(backends: &Backends) -> crate::reelmill::Ended {
    let home = tempfile::tempdir().unwrap();
    let mut command = crate::reelmill::reelmill(home.path());
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
    // Ended in order, it leaves the database to anybody.
    assert_eq!(again.stop(), Some(0));
    let elsewhere = tempfile::tempdir().unwrap();
    let other = Process::start(elsewhere.path(), "serve", |command| {
        backends.tell_database(command);
    });
    other.until_ready();
    assert_eq!(other.stop(), Some(0));
}
