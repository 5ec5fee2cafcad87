//! Children on their leash: ended when they must be, never left behind.

use crate::support::fake::{eventually, limits, pid_in, plain, run, script, state};
use crate::support::{Lab, media, planned};
use reelmill_ffmpeg::Tools;
use reelmill_ffmpeg::encode::encode;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

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
        .args(["--exact", "leash::helper_that_is_killed", "--nocapture"])
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
