//! What this process takes of its machine, under the names that every Prometheus client uses. From `/proc`; what can't be
//! read is left out.

use super::list::{PROCESS_CPU, PROCESS_FDS, PROCESS_MEMORY, PROCESS_START};
use opentelemetry::metrics::Meter;
use rustix::time::{ClockId, clock_gettime};
use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

/// Shows them.
pub fn observe(meter: &Meter) {
    meter
        .f64_observable_counter(PROCESS_CPU.name)
        .with_unit(PROCESS_CPU.unit)
        .with_description(PROCESS_CPU.help)
        .with_callback(|seen| {
            let spent = clock_gettime(ClockId::ProcessCPUTime);
            seen.observe(spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9, &[]);
        })
        .build();
    meter
        .u64_observable_gauge(PROCESS_MEMORY.name)
        .with_unit(PROCESS_MEMORY.unit)
        .with_description(PROCESS_MEMORY.help)
        .with_callback(|seen| {
            if let Some(bytes) = resident_bytes() {
                seen.observe(bytes, &[]);
            }
        })
        .build();
    meter
        .u64_observable_gauge(PROCESS_FDS.name)
        .with_unit(PROCESS_FDS.unit)
        .with_description(PROCESS_FDS.help)
        .with_callback(|seen| {
            if let Ok(open) = fs::read_dir("/proc/self/fd") {
                seen.observe(open.count() as u64, &[]);
            }
        })
        .build();
    let started = SystemTime::now().duration_since(UNIX_EPOCH);
    meter
        .f64_observable_gauge(PROCESS_START.name)
        .with_unit(PROCESS_START.unit)
        .with_description(PROCESS_START.help)
        .with_callback(move |seen| {
            if let Ok(started) = started {
                seen.observe(started.as_secs_f64(), &[]);
            }
        })
        .build();
}

/// `VmRSS` of this process.
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_has_memory() {
        assert!(super::resident_bytes().unwrap() > 100_000);
    }
}
