//! Wrong use is exit code 2 and one line that says what to do.

use crate::reelmill::{reelmill, run};

#[test]
fn wrong_words_are_refused_in_one_line() {
    let home = tempfile::tempdir().unwrap();
    for (args, words) in [
        (&["polish"][..], &["polish", "--help"][..]),
        (&["cancel", "7"], &["'7'"]),
        (&["submit", "film.mp4"], &["--to"]),
        (&["jobs", "--limit", "0"], &["--limit"]),
        (
            &["workers", "0193a5b8-0000-7000-8000-000000000000", "explode"],
            &["explode", "drain"],
        ),
        (&["config", "--json", "--explain"], &["--explain"]),
    ] {
        run(reelmill(home.path()).args(args)).unfit(words);
    }
}

#[test]
fn commands_of_later_versions_say_so() {
    let home = tempfile::tempdir().unwrap();
    run(reelmill(home.path()).args(["watch", "folder"])).unfit(&["not available yet", "watch"]);
}

#[test]
fn a_server_that_is_not_there_is_named_with_the_mend() {
    let home = tempfile::tempdir().unwrap();
    // Bound and let go: nobody listens there now.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let server = format!("http://127.0.0.1:{port}");
    for args in [
        &["jobs"][..],
        &["presets"],
        &["workers"],
        &["cancel", "0193a5b8-0000-7000-8000-000000000000"],
    ] {
        let ended = run(reelmill(home.path())
            .args(args)
            .env("REELMILL_SERVER", &server));
        ended.unfit(&[&server, "reelmill serve", "--server"]);
    }
    run(reelmill(home.path()).args(["jobs", "--server", "ftp://x"])).unfit(&[
        "client.server",
        "--server",
        "http://",
    ]);
}

#[test]
fn help_is_an_answer() {
    let home = tempfile::tempdir().unwrap();
    let help = run(reelmill(home.path()).arg("--help"));
    for command in [
        "serve", "webapp", "status", "encoder", "encode", "submit", "jobs", "cancel", "presets",
        "workers", "doctor", "config",
    ] {
        assert!(help.done().contains(command));
    }
    assert!(!help.out.contains("watch"), "{}", help.out);
    assert!(
        run(reelmill(home.path()).arg("--version"))
            .done()
            .starts_with("reelmill ")
    );
}
