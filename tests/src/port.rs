//! Ports that no other test of this run has. Below the range that the kernel hands to clients, so that none is taken by chance.

use anyhow::{Result, bail};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

const FIRST: u32 = 15_000;
const COUNT: u32 = 15_000;
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A port of 127.0.0.1 that is free now and given to nobody else in this process.
pub fn free() -> Result<u16> {
    // Test binaries that run at the same time start at different places.
    let start = std::process::id().wrapping_mul(97);
    for _ in 0..COUNT {
        let n = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(start);
        let port = u16::try_from(FIRST + n % COUNT)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port from {FIRST} on is free")
}
