//! Causes of failure, told by status and log; and the bounds that a child is kept within.

use crate::support::fake::{limits, run, script};
use crate::support::{Lab, media};
use reelmill_ffmpeg::{RunLimits, Tools};
use std::path::PathBuf;

#[tokio::test]
async fn the_log_ends_up_in_the_error_without_our_folders() {
    let lab = Lab::new();
    let tools = script(&lab, "echo \"$PWD/source: bad thing\" >&2; exit 3");
    let error = run(&lab, &tools, &limits(5000, 5000), |_| {})
        .await
        .expect_err("failed");
    assert_eq!(error.code(), "ffmpeg_failed");
    assert_eq!(error.log_tail(), Some("source: bad thing"));
    assert!(error.to_string().contains("status 3"));
}

#[tokio::test]
async fn what_the_log_says_becomes_the_cause() {
    let lab = Lab::new();
    for (said, status, code) in [
        (
            "av_interleaved_write_frame(): No space left on device",
            0,
            "disk_full",
        ),
        ("Unknown encoder 'libx264'", 1, "encoder_missing"),
        (
            "[AVFilterGraph @ 0x5] [error] No such filter: 'zscale'",
            1,
            "encoder_missing",
        ),
        (
            "[error] file:source: Invalid data found when processing input",
            1,
            "source_unreadable",
        ),
        (
            "[in#0 @ 0x55d0c8] [error] Error opening input file file:source.",
            183,
            "source_unreadable",
        ),
    ] {
        let tools = script(&lab, &format!("echo \"{said}\" >&2; exit {status}"));
        let error = run(&lab, &tools, &limits(5000, 5000), |_| {})
            .await
            .expect_err(said);
        assert_eq!(error.code(), code, "{said}");
    }
    let killed = script(&lab, "kill -SEGV $$");
    let error = run(&lab, &killed, &limits(5000, 5000), |_| {})
        .await
        .expect_err("killed");
    assert_eq!(error.code(), "ffmpeg_killed");
    let missing = Tools {
        ffmpeg: PathBuf::from("/no/ffmpeg"),
        ffprobe: PathBuf::from("/no/ffprobe"),
    };
    let error = run(&lab, &missing, &limits(5000, 5000), |_| {})
        .await
        .expect_err("missing");
    assert_eq!(error.code(), "ffmpeg_not_started");
}

#[tokio::test]
async fn a_full_disk_is_named() {
    let lab = Lab::new();
    std::os::unix::fs::symlink("/dev/full", lab.path("out")).expect("symlink");
    let error = run(&lab, &lab.tools, &limits(60_000, 60_000), |_| {})
        .await
        .expect_err("full");
    assert_eq!(error.code(), "disk_full", "{:?}", error);
    assert!(error.avoid_worker());
}

#[tokio::test]
async fn an_output_that_grows_too_large_is_ended() {
    let lab = Lab::new();
    let bounds = RunLimits {
        file_bytes: 20_000,
        ..limits(60_000, 60_000)
    };
    let error = run(&lab, &lab.tools, &bounds, |_| {})
        .await
        .expect_err("too big");
    assert_eq!(error.code(), "output_too_big");
    assert!(error.is_permanent());
    assert!(std::fs::metadata(lab.path("out")).expect("there").len() <= 20_000);
}

#[tokio::test]
async fn a_child_gets_nothing_but_what_it_needs() {
    let lab = Lab::new();
    // A descriptor that is not closed by itself, as whoever starts us may leave one.
    let left_open = std::fs::File::open(media("cityCC0.mpg")).expect("open");
    rustix::io::fcntl_setfd(&left_open, rustix::io::FdFlags::empty()).expect("fcntl");
    let tools = script(
        &lab,
        "cat /proc/$$/environ | tr '\\0' '\\n' > environ; cat /proc/$$/limits > limits; \
        cat /proc/$$/stat > stat; readlink /proc/$$/fd/0 > stdin; for fd in /proc/$$/fd/*; do readlink $fd; done > fds; echo progress=end",
    );
    let bounds = RunLimits {
        file_bytes: 1 << 20,
        cpu_s: 77,
        ..limits(5000, 5000)
    };
    run(&lab, &tools, &bounds, |_| {}).await.expect("ran");
    let read = |name: &str| std::fs::read_to_string(lab.path(name)).expect("written");
    assert_eq!(read("environ").trim(), "LC_ALL=C");
    assert_eq!(read("stdin").trim(), "/dev/null");
    let limits = read("limits");
    let soft = |name: &str| {
        let line = limits
            .lines()
            .find(|l| l.starts_with(name))
            .expect("listed");
        line[name.len()..]
            .split_whitespace()
            .next()
            .expect("a value")
            .to_owned()
    };
    assert_eq!(soft("Max core file size"), "0");
    assert_eq!(soft("Max file size"), (1 << 20).to_string());
    assert_eq!(soft("Max cpu time"), "77");
    assert_eq!(soft("Max open files"), "256");
    let stat = read("stat");
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .expect("stat")
        .1
        .split_whitespace()
        .collect();
    let pid = stat.split(' ').next().expect("pid");
    assert_eq!(fields[2], pid, "a process group of its own");
    assert_eq!(fields[16], "5", "nice");
    // Beside its pipes, null, and what the shell itself opens: nothing of ours.
    let strange: Vec<String> = read("fds")
        .lines()
        .filter(|to| !to.starts_with("pipe:") && *to != "/dev/null")
        .filter(|to| !to.ends_with("/tool") && !to.ends_with("/fds"))
        .map(str::to_owned)
        .collect();
    assert_eq!(strange, Vec::<String>::new());
}
