//! What runs on this machine, read from /proc: a server's children, what they cost, what it left behind.

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::Path;

/// A process.
#[derive(Debug, Clone)]
pub struct Proc {
    /// Its id.
    pub pid: i32,
    /// Its parent's id.
    pub parent: i32,
    /// Its name, at most 15 bytes.
    pub name: String,
    /// `R`, `S`, `T`, `Z` and so on, as ps(1) has them.
    pub state: char,
    /// Processor time so far in clock ticks (100 a second on Linux).
    pub ticks: u64,
}

/// Every process that can be seen.
pub fn all() -> Vec<Proc> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(one)
        .collect()
}

/// One process, unless it is gone. proc_pid_stat(5): pid (name) state ppid … utime is the 14th field, stime the 15th.
pub fn one(pid: i32) -> Option<Proc> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some(Proc {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        name: name.to_owned(),
        state: fields.first()?.chars().next()?,
        ticks: fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?,
    })
}

/// The living descendants of a process.
pub fn descendants(root: u32) -> Vec<Proc> {
    let all = all();
    let mut family = vec![i32::try_from(root).unwrap_or(-1)];
    let mut found: Vec<Proc> = Vec::new();
    while let Some(parent) = family.pop() {
        for p in all.iter().filter(|p| p.parent == parent && p.state != 'Z') {
            family.push(p.pid);
            found.push(p.clone());
        }
    }
    found
}

/// The encoders and probes that a server runs now.
pub fn media_tools(root: u32) -> Vec<Proc> {
    let mut found = descendants(root);
    found.retain(|p| p.name == "ffmpeg" || p.name == "ffprobe");
    found
}

/// Media tools anywhere on the machine that have to do with a folder: by working directory, arguments or open files.
pub fn media_tools_in(folder: &Path) -> Vec<Proc> {
    let mut found = all();
    found.retain(|p| {
        (p.name == "ffmpeg" || p.name == "ffprobe") && p.state != 'Z' && touches(p.pid, folder)
    });
    found
}

fn touches(pid: i32, folder: &Path) -> bool {
    let within = |link: &Path| fs::read_link(link).is_ok_and(|to| to.starts_with(folder));
    let proc = Path::new("/proc").join(pid.to_string());
    let named = fs::read(proc.join("cmdline"))
        .is_ok_and(|args| String::from_utf8_lossy(&args).contains(&*folder.to_string_lossy()));
    let open = fs::read_dir(proc.join("fd"))
        .is_ok_and(|fds| fds.filter_map(Result::ok).any(|fd| within(&fd.path())));
    named || open || within(&proc.join("cwd"))
}

/// Resident memory in bytes.
pub fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("reading the memory of process {pid}"))?;
    let kib = status
        .lines()
        .find_map(|l| l.strip_prefix("VmRSS:"))
        .and_then(|l| l.trim().strip_suffix(" kB"))
        .context("no VmRSS")?;
    Ok(kib.trim().parse::<u64>()? * 1024)
}

/// Sends a signal; fails when the process is gone.
pub fn signal(pid: i32, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(pid).context("no process id")?;
    kill_process(pid, signal).with_context(|| format!("sending {signal:?} to {pid:?}"))
}
