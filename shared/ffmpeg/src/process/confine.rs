//! What a child gives up between fork and exec. The one place of this crate with `unsafe` in it.

use crate::RunLimits;
use rustix::io::{Errno, FdFlags};
use rustix::process::{Pid, Resource, Rlimit, Signal};
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// How much lower than ours a child's priority is: the service stays quick while ffmpeg fills the machine.
const NICE: i32 = 5;

/// Open files that ffmpeg may have: a few per input, output and thread.
const OPEN_FILES: u64 = 256;

/// After the soft processor limit ffmpeg may end by itself for so many seconds.
const CPU_GRACE_S: u64 = 5;

/// Makes `command` die with this process and keeps it within `limits`.
///
/// The parent-death signal belongs to the thread that spawns, so the caller must be a thread that lives as long as
/// the process.
#[allow(unsafe_code)] // There is no other way to ask for the parent-death signal without a gap in which it is missing.
pub(super) fn confine(command: &mut Command, limits: &RunLimits) {
    let parent = rustix::process::getpid();
    let rules = rules(limits);
    let open = open_descriptors();
    // SAFETY: between fork and exec only async-signal-safe work is allowed. The closure makes plain system calls
    // (rustix makes them directly, without libc state), reads only values that were moved into it, and neither
    // allocates, frees nor locks; an `Errno` becomes an `io::Error` without allocating.
    unsafe {
        command.pre_exec(move || {
            open.iter().copied().for_each(close_on_exec);
            give_up(parent, &rules)
        });
    }
}

/// Every descriptor of this process beyond the standard ones. Our own close by themselves; what was inherited from
/// whoever started this process may not, and is none of ffmpeg's business.
fn open_descriptors() -> Vec<RawFd> {
    let listed = std::fs::read_dir("/proc/self/fd").into_iter().flatten();
    listed
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > 2)
        .collect()
}

#[allow(unsafe_code)] // A number from a list is no owned descriptor, which is the point here.
fn close_on_exec(fd: RawFd) {
    // SAFETY: not -1, and borrowed for one call that changes a flag in this child's own table. A number that is not
    // open any more (the listing's own, for one) gives EBADF, which is as good as closed.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    let _closed_already = rustix::io::fcntl_setfd(borrowed, FdFlags::CLOEXEC);
}

type Rules = [(Resource, Rlimit); 5];

fn give_up(parent: Pid, rules: &Rules) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before the line above: then nobody would ever send that signal.
    if rustix::process::getppid() != Some(parent) {
        return Err(Errno::SRCH.into());
    }
    for (resource, limit) in rules {
        rustix::process::setrlimit(*resource, *limit)?;
    }
    rustix::process::nice(NICE)?;
    Ok(())
}

fn rules(limits: &RunLimits) -> Rules {
    [
        rule(Resource::Core, 0, 0),
        rule(Resource::Fsize, limits.file_bytes, 0),
        rule(Resource::Cpu, limits.cpu_s, CPU_GRACE_S),
        rule(Resource::Nofile, OPEN_FILES, 0),
        // Not the address space: codecs map far more than they touch.
        rule(Resource::Data, limits.memory_bytes, 0),
    ]
}

/// A soft limit, and a hard one that is `grace` higher; never above what this process itself has.
fn rule(resource: Resource, soft: u64, grace: u64) -> (Resource, Rlimit) {
    let ours = rustix::process::getrlimit(resource)
        .maximum
        .unwrap_or(u64::MAX);
    let limit = Rlimit {
        current: Some(soft.min(ours)),
        maximum: Some(soft.saturating_add(grace).min(ours)),
    };
    (resource, limit)
}
