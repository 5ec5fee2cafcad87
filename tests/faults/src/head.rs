//! The head of an HTTP/1 message: read, understood as far as needed, and passed on with one exchange per connection, so that
//! the end of an answer is the end of its connection.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest head that is read.
const LONGEST: usize = 256 * 1024;

/// A head, and what came behind it.
#[derive(Debug)]
pub struct Head {
    /// As it came, with the blank line.
    raw: Vec<u8>,
    /// What came behind it already.
    pub rest: Vec<u8>,
    /// A request's method; of an answer, its protocol.
    pub method: String,
    /// A request's path and query; of an answer, its status.
    pub target: String,
    /// The body's length if it is said.
    pub length: Option<u64>,
}

impl Head {
    /// Reads one; `None` when the connection ends before.
    pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        Self::read_behind(from, Vec::new()).await
    }

    /// Reads one of which the beginning has come already.
    pub async fn read_behind(
        from: &mut (impl AsyncRead + Unpin),
        mut raw: Vec<u8>,
    ) -> io::Result<Option<Self>> {
        loop {
            if let Some(end) = raw.windows(4).position(|w| w == b"\r\n\r\n") {
                let rest = raw.split_off(end + 4);
                return Ok(Some(Self::understand(raw, rest)));
            }
            if raw.len() > LONGEST {
                return Err(io::Error::other("the head is too long"));
            }
            if from.read_buf(&mut raw).await? == 0 {
                return Ok(None);
            }
        }
    }

    fn understand(raw: Vec<u8>, rest: Vec<u8>) -> Self {
        let text = String::from_utf8_lossy(&raw).into_owned();
        let mut words = text.split_whitespace();
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (method, target) = (word(), word());
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse().ok())?
        });
        Self {
            raw,
            rest,
            method,
            target,
            length,
        }
    }

    /// An answer that only says to go on.
    pub fn is_interim(&self) -> bool {
        self.target.starts_with('1')
    }

    /// As it came.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// As it came, but for the connection, which ends with this exchange.
    pub fn closing(&self) -> Vec<u8> {
        let mut made = Vec::with_capacity(self.raw.len() + 24);
        for line in self.raw.split_inclusive(|b| *b == b'\n') {
            let name = line.split(|b| *b == b':').next().unwrap_or_default();
            let hop = [&b"connection"[..], b"keep-alive"];
            if hop.iter().any(|h| name.eq_ignore_ascii_case(h)) {
                continue;
            }
            if line == b"\r\n" {
                made.extend_from_slice(b"Connection: close\r\n");
            }
            made.extend_from_slice(line);
        }
        made
    }
}
