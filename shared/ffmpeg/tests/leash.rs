//! Children on their leash: ended when they must be, never left behind, kept within their bounds.
#![allow(clippy::expect_used, reason = "a test may fail by panicking")]

mod support;

use reelmill_domain::media::Media;
use reelmill_ffmpeg::encode::encode;
use reelmill_ffmpeg::{FfmpegProgress, RunError, RunLimits, Tools};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::{Lab, media, planned};
use tokio_util::sync::CancellationToken;

/// A stand-in for ffmpeg, in shell.
fn script(lab: &Lab, body: &str) -> Tools {
    let path = lab.write("tool", format!("#!/bin/sh\n{body}\n"));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("chmod");
    Tools {
        ffmpeg: path,
        ffprobe: lab.tools.ffprobe.clone(),
    }
}

fn limits(stall_ms: u64, wall_ms: u64) -> RunLimits {
    RunLimits {
        stall: Duration::from_millis(stall_ms),
        wall: Duration::from_millis(wall_ms),
        ..RunLimits::default()
    }
}

async fn run(
    lab: &Lab,
    tools: &Tools,
    limits: &RunLimits,
    on_progress: impl FnMut(FfmpegProgress) + Send,
) -> Result<(), RunError> {
    let (spec, _) = planned(&plain(), "mkv");
    let (input, output) = (media("bigbuckbunny.mp4"), lab.path("out"));
    encode(
        tools,
        &spec,
        &input,
        &output,
        limits,
        on_progress,
        &lab.cancel,
    )
    .await
    .map(drop)
}

/// What the probe says of a plain film; its numbers don't matter here.
fn plain() -> Media {
    serde_json::from_value(serde_json::json!({
        "container": "mov,mp4", "bytes": 1, "declared_duration_s": 5.28, "duration_s": 5.28, "audio": [],
        "cover_art": false, "damage": [], "video": {
            "index": 0, "codec": "h264", "width": 160, "height": 90, "rotation": "none",
            "sample_aspect": {"num": 1, "den": 1}, "pixel_format": "yuv420p", "bit_depth": 8,
            "color": {"primaries": "", "transfer": "", "matrix": "", "range": ""},
            "frame_rate": {"num": 25, "den": 1}, "time_base": {"num": 1, "den": 12800}, "frames": 132, "keyframes": 1,
            "first_pts": 0, "duration_s": 5.28, "start_s": 0.0, "variable_rate": false, "interlaced": false
        }
    }))
    .expect("a media description")
}

/// The pid that a script wrote, once it has.
fn pid_in(file: &Path) -> u32 {
    eventually(|| std::fs::read_to_string(file).ok()?.trim().parse().ok())
}

fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "waited in vain"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The process state letter; none when it is gone.
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

#[tokio::test]
async fn a_real_encode_tells_its_progress_and_its_cost() {
    let lab = Lab::new();
    let mut reports = Vec::new();
    let (spec, _) = planned(&plain(), "mkv");
    let (input, output) = (media("bigbuckbunny.mp4"), lab.path("out"));
    let done = encode(
        &lab.tools,
        &spec,
        &input,
        &output,
        &limits(60_000, 60_000),
        |r| reports.push(r),
        &lab.cancel,
    )
    .await;
    let done = done.expect("encoded");
    assert_eq!(done.frames, 132);
    assert!(done.cpu_s > 0.05, "{}", done.cpu_s);
    let last = reports.last().expect("at least the last report");
    assert!(
        last.ended && last.frame == 132 && last.total_size > 10_000,
        "{last:?}"
    );
    assert!(reports.is_sorted_by_key(|r| r.frame));
}

#[tokio::test]
async fn cancelling_ends_even_a_stopped_child_at_once() {
    let lab = Lab::new();
    let tools = script(&lab, "echo $$ > pid; kill -STOP $$");
    let cancel = lab.cancel.clone();
    let pid_file = lab.path("pid");
    let canceller = std::thread::spawn(move || {
        let pid = pid_in(&pid_file);
        eventually(|| (state(pid) == Some('T')).then_some(()));
        cancel.cancel();
        (pid, Instant::now())
    });
    let error = run(&lab, &tools, &limits(60_000, 60_000), |_| {})
        .await
        .expect_err("cancelled");
    let (pid, cancelled) = canceller.join().expect("no panic");
    assert!(error.is_cancelled() && error.code() == "cancelled");
    assert!(cancelled.elapsed() < Duration::from_secs(2));
    assert_eq!(state(pid), None, "reaped");
}

#[tokio::test]
async fn a_run_that_is_cancelled_before_it_starts_never_does() {
    let lab = Lab::new();
    let tools = script(&lab, "echo $$ > pid");
    lab.cancel.cancel();
    let error = run(&lab, &tools, &limits(1000, 1000), |_| {})
        .await
        .expect_err("cancelled");
    assert!(error.is_cancelled());
    assert!(!lab.path("pid").exists());
}

#[tokio::test]
async fn dropping_the_future_ends_and_reaps_the_child() {
    let lab = Lab::new();
    let tools = script(
        &lab,
        "trap '' TERM; echo $$ > pid; while :; do sleep 0.01; done",
    );
    let pid_file = lab.path("pid");
    let pid = {
        let bounds = limits(60_000, 60_000);
        let running = run(&lab, &tools, &bounds, |_| {});
        tokio::pin!(running);
        loop {
            tokio::select! {
                ended = &mut running => panic!("{ended:?}"),
                () = tokio::time::sleep(Duration::from_millis(5)) => {}
            }
            if pid_file.exists() {
                break pid_in(&pid_file);
            }
        }
    };
    eventually(|| state(pid).is_none().then_some(()));
}

#[tokio::test]
async fn a_stopped_child_is_ended_by_the_watchdog() {
    let lab = Lab::new();
    let tools = script(
        &lab,
        "echo $$ > pid; echo frame=1; echo progress=continue; kill -STOP $$",
    );
    let error = run(&lab, &tools, &limits(300, 60_000), |_| {})
        .await
        .expect_err("stalled");
    assert_eq!(error.code(), "ffmpeg_stalled");
    assert!(!error.is_permanent());
    assert_eq!(state(pid_in(&lab.path("pid"))), None);
}

#[tokio::test]
async fn a_real_ffmpeg_that_is_stopped_is_ended_by_the_watchdog() {
    let lab = Lab::new();
    let tools = lab.tools.clone();
    let source = lab.make(
        "-f lavfi -i testsrc2=s=1280x720:r=25:d=20 -c:v mpeg4 -q:v 31",
        "long.avi",
    );
    let (mut spec, _) = planned(&plain(), "mkv");
    let picture = spec.video.as_mut().expect("picture");
    (picture.width, picture.height) = (1280, 720);
    picture.speed = Some("veryslow".into());
    let folder = lab.path("").display().to_string();
    let output = lab.path("out");
    let bounds = limits(1500, 600_000);
    let mut stopped = None;
    let stop = |_| {
        if stopped.is_none() {
            stopped = child_of_ours(&folder);
            let pid = stopped.expect("it runs").to_string();
            assert!(
                Command::new("kill")
                    .args(["-STOP", &pid])
                    .status()
                    .expect("kill runs")
                    .success()
            );
        }
    };
    let error = encode(&tools, &spec, &source, &output, &bounds, stop, &lab.cancel)
        .await
        .expect_err("stalled");
    assert_eq!(error.code(), "ffmpeg_stalled");
    assert_eq!(state(stopped.expect("seen")), None);
}

/// Our child that works in a folder.
fn child_of_ours(folder: &str) -> Option<u32> {
    let folder = Path::new(folder).canonicalize().ok()?;
    std::fs::read_dir("/proc").ok()?.find_map(|entry| {
        let entry = entry.ok()?;
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let parent: u32 = stat
            .rsplit_once(')')?
            .1
            .split_whitespace()
            .nth(1)?
            .parse()
            .ok()?;
        let works_there = std::fs::read_link(entry.path().join("cwd")).ok()? == folder;
        (parent == std::process::id() && works_there).then_some(pid)
    })
}

#[tokio::test]
async fn the_same_report_again_and_again_is_a_stall() {
    let lab = Lab::new();
    let tools = script(
        &lab,
        "while :; do echo frame=7; echo out_time_us=9; echo progress=continue; sleep 0.02; done",
    );
    let error = run(&lab, &tools, &limits(300, 60_000), |_| {})
        .await
        .expect_err("stalled");
    assert_eq!(error.code(), "ffmpeg_stalled");
}

#[tokio::test]
async fn movement_keeps_the_watchdog_calm() {
    let lab = Lab::new();
    let tools = script(
        &lab,
        "for n in 1 2 3 4 5 6 7 8 9 10; do echo frame=$n; echo progress=continue; sleep 0.1; done; echo progress=end",
    );
    let mut frames = 0;
    run(&lab, &tools, &limits(600, 60_000), |r| frames = r.frame)
        .await
        .expect("went through");
    assert_eq!(frames, 10);
}

#[tokio::test]
async fn the_longest_time_allowed_ends_politely_first() {
    let lab = Lab::new();
    let tools = script(
        &lab,
        "trap 'echo done > ended; exit 0' TERM; n=0; while :; do n=$((n+1)); echo frame=$n; echo progress=continue; sleep 0.02; done",
    );
    let error = run(&lab, &tools, &limits(60_000, 400), |_| {})
        .await
        .expect_err("over time");
    assert_eq!(error.code(), "ffmpeg_over_time");
    assert!(lab.path("ended").exists(), "it could close its files");
}

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

const HELPER: &str = "REELMILL_TEST_ORPHAN_FOLDER";

/// Not a test of its own: the process that [`killing_this_process_kills_its_children`] starts and kills.
#[test]
fn helper_that_is_killed() {
    let Ok(folder) = std::env::var(HELPER) else {
        return;
    };
    // The runtime's threads come and go; the child must hang on none of them.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("runtime");
    let tools = Tools {
        ffmpeg: Path::new(&folder).join("tool"),
        ffprobe: PathBuf::from("/bin/true"),
    };
    let (spec, _) = planned(&plain(), "mkv");
    let (input, output) = (media("bigbuckbunny.mp4"), Path::new(&folder).join("out"));
    let ended = runtime.block_on(runtime.spawn(async move {
        encode(
            &tools,
            &spec,
            &input,
            &output,
            &limits(60_000, 60_000),
            |_| {},
            &CancellationToken::new(),
        )
        .await
    }));
    panic!("the child ended before this process did: {ended:?}");
}

#[test]
fn killing_this_process_kills_its_children() {
    let lab = Lab::new();
    script(
        &lab,
        "trap '' TERM HUP INT; echo $$ > pid; while :; do sleep 0.01; done",
    );
    let mut helper = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "helper_that_is_killed", "--nocapture"])
        .env(HELPER, lab.path(""))
        .process_group(0)
        .spawn()
        .expect("the helper starts");
    let pid = pid_in(&lab.path("pid"));
    assert!(state(pid).is_some_and(|s| s != 'Z'), "it runs");
    helper.kill().expect("SIGKILL");
    helper.wait().expect("dead");
    // Its new parent may take its time to reap it.
    eventually(|| state(pid).is_none_or(|s| s == 'Z').then_some(()));
}
