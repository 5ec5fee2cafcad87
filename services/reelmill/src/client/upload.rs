//! A resumable upload (tus 1.0): begun once, continued after every break, also by a later call of the command.

use super::{Client, Refused, remember::Memory};
use crate::identity::Identity;
use anyhow::{Context, bail};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::StreamExt;
use indicatif::ProgressBar;
use reelmill_domain::id::UploadId;
use reqwest::{Body, Method, header};
use std::{io::SeekFrom, time::Duration};
use tokio::{fs::File, io::AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// The pieces a file is read in.
const PIECE_BYTES: usize = 256 * 1024;
/// Breaks in a row without a byte gained, before we give up for now.
const BREAKS: u32 = 6;

/// Uploads a file, or what is missing of it; returns the upload's id. `bar` follows the bytes.
pub async fn upload(
    client: &Client,
    source: &Identity,
    memory: &Memory,
    bar: Option<&ProgressBar>,
) -> anyhow::Result<UploadId> {
    let mut url = match memory.recall() {
        Some(url) => url,
        None => begin(client, source, memory).await?,
    };
    let mut breaks = 0;
    let mut reached = None;
    loop {
        let stands = match offset(client, &url).await {
            Ok(Some(at)) => Ok(at),
            Ok(None) => {
                // Expired, or the server was made anew.
                url = begin(client, source, memory).await?;
                continue;
            }
            Err(e) => Err(e),
        };
        let broke = match stands {
            Ok(at) if at == source.bytes => return id(&url),
            Ok(at) if at > source.bytes => bail!(
                "the server has more of {} than there is",
                source.path.display()
            ),
            Ok(at) => {
                if reached.is_some_and(|before| at > before) {
                    breaks = 0;
                }
                reached = Some(at);
                if let Some(bar) = bar {
                    bar.set_position(at);
                }
                match send(client, source, &url, at, bar).await {
                    Ok(()) => continue,
                    Err(e) => e,
                }
            }
            Err(e) => e,
        };
        breaks += 1;
        if breaks > BREAKS || !may_pass(&broke) {
            return Err(
                broke.context("the upload broke off; run the same command again to continue it")
            );
        }
        tokio::time::sleep(Duration::from_millis(250 << breaks.min(5))).await;
    }
}

/// Makes an upload on the server and remembers it.
async fn begin(client: &Client, source: &Identity, memory: &Memory) -> anyhow::Result<String> {
    let request = client
        .request(Method::POST, "/api/v1/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", source.bytes)
        .header(
            "upload-metadata",
            format!("filename {}", BASE64_STANDARD.encode(source.name())),
        )
        .timeout(super::PATIENCE);
    let response = client.send(request).await?;
    let location = response
        .headers()
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .context("the server made an upload but did not say where")?;
    let url = response
        .url()
        .join(location)
        .context("the server gave an upload an unusable address")?;
    memory.keep(url.as_str())?;
    Ok(url.into())
}

/// How many bytes the server has; `None` when it doesn't know the upload any more.
async fn offset(client: &Client, url: &str) -> anyhow::Result<Option<u64>> {
    let request = client
        .request(Method::HEAD, url)
        .header("tus-resumable", "1.0.0")
        .timeout(super::PATIENCE);
    let response = match client.send(request).await {
        Ok(response) => response,
        Err(e) => {
            return match e.downcast_ref::<Refused>() {
                Some(Refused {
                    status: 403 | 404 | 410,
                    ..
                }) => Ok(None),
                _ => Err(e),
            };
        }
    };
    response
        .headers()
        .get("upload-offset")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok())
        .map(Some)
        .context("the server did not say how much of the upload it has")
}

/// Sends everything from `at` on.
async fn send(
    client: &Client,
    source: &Identity,
    url: &str,
    at: u64,
    bar: Option<&ProgressBar>,
) -> anyhow::Result<()> {
    let mut file = File::open(&source.path)
        .await
        .with_context(|| format!("can't read {}", source.path.display()))?;
    file.seek(SeekFrom::Start(at)).await?;
    let counted = bar.cloned();
    let pieces = ReaderStream::with_capacity(file, PIECE_BYTES).inspect(move |piece| {
        if let (Some(bar), Ok(piece)) = (&counted, piece) {
            bar.inc(piece.len() as u64);
        }
    });
    let request = client
        .request(Method::PATCH, url)
        .header("tus-resumable", "1.0.0")
        .header("upload-offset", at)
        .header(header::CONTENT_TYPE, "application/offset+octet-stream")
        .header(header::CONTENT_LENGTH, source.bytes - at)
        .body(Body::wrap_stream(pieces));
    client.send(request).await?;
    Ok(())
}

/// Whether trying again can help: always, unless the server refused for good.
fn may_pass(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<Refused>() {
        // A lock that our own broken request still holds, an overlap of offsets, a server that restarts.
        Some(refused) => {
            matches!(refused.status, 409 | 423 | 429 | 500..=599) && refused.status != 507
        }
        None => true,
    }
}

/// The last part of the upload's URL.
fn id(url: &str) -> anyhow::Result<UploadId> {
    url.trim_end_matches('/')
        .rsplit('/')
        .next()
        .and_then(|last| last.parse().ok())
        .with_context(|| format!("{url} is no upload's address"))
}
