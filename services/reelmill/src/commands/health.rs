//! `reelmill health ADDRESS`: whether the service that listens there is ready. For the health checks of containers, which have
//! no HTTP client and run it every few seconds: reads no configuration, starts no runtime.

use crate::outcome::Outcome;
use anyhow::{Context, ensure};
use clap::Args;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Readiness asks database, broker and object store; each of them has its own, shorter limit.
const PATIENCE: Duration = Duration::from_secs(10);
/// Enough for the line with the status.
const HEAD: u64 = 512;

/// Whether the service that listens at an address is ready.
#[derive(Debug, Args)]
pub struct HealthArgs {
    /// Where it listens.
    #[arg(value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    address: SocketAddr,
}

/// Asks.
pub fn run(args: HealthArgs) -> anyhow::Result<Outcome> {
    let answer = ask(args.address).with_context(|| format!("no answer from {}", args.address))?;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    ensure!(
        status == "200",
        "the service at {} is not ready: {answer}",
        args.address
    );
    Ok(Outcome::Done)
}

/// The first line of the answer.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut head = Vec::new();
    stream.take(HEAD).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    Ok(head.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests speak by panicking")]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn health(answer: &'static [u8]) -> anyhow::Result<Outcome> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /readyz HTTP/1.1\r\n"));
            stream.write_all(answer).unwrap();
        });
        let result = run(HealthArgs { address });
        server.join().unwrap();
        result
    }

    #[test]
    fn only_ready_is_well() {
        assert!(health(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_ok());
        let unwell = health(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap_err();
        assert!(unwell.to_string().contains("503"), "{unwell}");
        assert!(health(b"").is_err());
    }

    #[test]
    fn nobody_there_is_unwell() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        assert!(run(HealthArgs { address }).is_err());
    }
}
