//! A stand-in for ffmpeg, written in shell, and what is seen of a child from outside.

use super::{Lab, media, planned};
use reelmill_domain::media::Media;
use reelmill_ffmpeg::encode::encode;
use reelmill_ffmpeg::{FfmpegProgress, RunError, RunLimits, Tools};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// A stand-in for ffmpeg, in shell.
pub fn script(lab: &Lab, body: &str) -> Tools {
    let path = lab.write("tool", format!("#!/bin/sh\n{body}\n"));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("chmod");
    Tools {
        ffmpeg: path,
        ffprobe: lab.tools.ffprobe.clone(),
    }
}

pub fn limits(stall_ms: u64, wall_ms: u64) -> RunLimits {
    RunLimits {
        stall: Duration::from_millis(stall_ms),
        wall: Duration::from_millis(wall_ms),
        ..RunLimits::default()
    }
}

pub async fn run(
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
pub fn plain() -> Media {
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
pub fn pid_in(file: &Path) -> u32 {
    eventually(|| std::fs::read_to_string(file).ok()?.trim().parse().ok())
}

pub fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
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
pub fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}
