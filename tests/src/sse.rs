//! A reader of server-sent events, as a browser reads them.

use crate::api::Api;
use anyhow::{Context, Result, bail, ensure};
use futures::StreamExt;
use serde_json::Value;
use std::time::Duration;

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// `event:`
    pub name: String,
    /// `id:`, if it had one.
    pub id: Option<String>,
    /// `data:`
    pub data: Value,
}

/// An open stream.
pub struct Events {
    response: futures::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    buffer: Vec<u8>,
}

impl Events {
    /// Opens a stream, after an id if one is given.
    pub async fn open(api: &Api, path: &str, after: Option<&str>) -> Result<Self> {
        let mut request = api.http.get(api.url(path));
        if let Some(id) = after {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await?;
        ensure!(response.status() == 200, "{path}: {}", response.status());
        let kind = response.headers().get("content-type").context("no type")?;
        ensure!(
            kind.to_str()?.starts_with("text/event-stream"),
            "not an event stream: {kind:?}"
        );
        Ok(Self {
            response: response.bytes_stream().boxed(),
            buffer: Vec::new(),
        })
    }

    /// The next event; `None` when the server closed the stream. Fails after `within`.
    pub async fn next(&mut self, within: Duration) -> Result<Option<Event>> {
        tokio::time::timeout(within, self.read())
            .await
            .with_context(|| format!("no event within {within:?}"))?
    }

    /// Reads until an event is as `is` wants it; all that were read, it included.
    pub async fn until(
        &mut self,
        within: Duration,
        is: impl Fn(&Event) -> bool,
    ) -> Result<Vec<Event>> {
        let mut seen = Vec::new();
        loop {
            let Some(event) = self.next(within).await? else {
                bail!("the stream ended before the event; seen: {seen:?}");
            };
            let found = is(&event);
            seen.push(event);
            if found {
                return Ok(seen);
            }
        }
    }

    async fn read(&mut self) -> Result<Option<Event>> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|w| w == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                if let Some(event) = parse(std::str::from_utf8(&block)?)? {
                    return Ok(Some(event));
                }
            }
            match self.response.next().await {
                Some(chunk) => self.buffer.extend_from_slice(&chunk?),
                None => return Ok(None),
            }
        }
    }
}

/// A block between two empty lines; `None` for comments and retry hints.
fn parse(block: &str) -> Result<Option<Event>> {
    let field = |name: &str| {
        let lines: Vec<&str> = block
            .lines()
            .filter_map(|l| l.strip_prefix(name)?.strip_prefix(':'))
            .map(|v| v.strip_prefix(' ').unwrap_or(v))
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    };
    let Some(data) = field("data") else {
        return Ok(None);
    };
    Ok(Some(Event {
        name: field("event").unwrap_or_else(|| "message".into()),
        id: field("id"),
        data: serde_json::from_str(&data).with_context(|| format!("data is no JSON: {data}"))?,
    }))
}
