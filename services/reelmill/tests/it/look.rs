//! Waiting for a condition, and eyes on processes.

use rustix::process::Pid;
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// Waits for a condition; the time is how long it may take.
pub fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is() {
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How many ffmpeg processes work below a folder.
pub fn tools_in(folder: &Path) -> usize {
    tools(folder).len()
}

/// The ffmpeg processes that work below a folder.
pub fn tools(folder: &Path) -> Vec<Pid> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| fs::read_to_string(p.join("comm")).is_ok_and(|c| c.starts_with("ffmpeg")))
        .filter(|p| fs::read_link(p.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder)))
        .filter_map(|p| Pid::from_raw(p.file_name()?.to_str()?.parse().ok()?))
        .collect()
}
