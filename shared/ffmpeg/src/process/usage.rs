//! What a child has used, as the kernel counts it. Read before it is reaped; afterwards the numbers are gone.

use rustix::process::Pid;
use std::fs;

/// Processor time of the whole process, user and system, in seconds; to a hundredth. 0 when it can't be read.
pub(super) fn cpu_s(pid: Pid) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    let ticks = stat.ok().and_then(|stat| ticks(&stat)).unwrap_or(0);
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// proc(5): `utime` and `stime` are fields 14 and 15; the name in field 2 may hold anything, `)` included.
fn ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Bytes that the process has handed to `write` and got from `read`, pipes included; 0 when that can't be read.
pub(super) fn transferred(pid: Pid) -> u64 {
    let io = fs::read_to_string(format!("/proc/{}/io", pid.as_raw_nonzero())).unwrap_or_default();
    let bytes = |line: &str| {
        let (key, value) = line.split_once(": ")?;
        matches!(key, "rchar" | "wchar").then(|| value.trim().parse::<u64>().ok())?
    };
    io.lines().filter_map(bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_fields_behind_a_hostile_name() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1";
        assert_eq!(ticks(stat), Some(300));
    }

    #[test]
    fn reads_this_process() {
        let me = rustix::process::getpid();
        let started = std::time::Instant::now();
        while cpu_s(me) < 0.02 {
            assert!(started.elapsed().as_secs() < 20, "no processor time seen");
        }
        assert!(transferred(me) > 0 || fs::metadata("/proc/self/io").is_err());
    }
}
