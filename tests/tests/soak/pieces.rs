//! An upload by tus in pieces, through whatever breaks: ask how far it is, go on from there.

use super::chance::Chance;
use super::kind::Kind;
use super::user::{Users, expect};
use anyhow::{Context, Result, bail};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures::stream;
use reelmill_tests::wait::secs;
use reqwest::Method;
use std::time::Duration;

const VERSION: (&str, &str) = ("tus-resumable", "1.0.0");

/// Uploads; the upload's id.
pub async fn upload(
    users: &Users<'_>,
    name: &str,
    bytes: &[u8],
    count: usize,
    mut broken: bool,
    chance: &mut Chance,
) -> Result<String> {
    let length = bytes.len();
    let piece = length.div_ceil(count);
    for _ in 0..20 {
        let path = create(users, name, length).await?;
        let Some(mut offset) = offset(users, &path).await? else {
            continue;
        };
        let deadline = tokio::time::Instant::now() + secs(240);
        while offset < length {
            if tokio::time::Instant::now() > deadline {
                bail!("{path} stays at {offset} of {length} bytes");
            }
            let next = &bytes[offset..length.min(offset + piece)];
            if broken && next.len() > 1 {
                break_off(users, &path, offset, next).await;
                broken = false;
                users.tally.hit(Kind::UploadBroken, 1);
            } else {
                send(users, &path, offset, next).await;
            }
            tokio::time::sleep(chance.ms(0, 400)).await;
            match self::offset(users, &path).await? {
                Some(now) if now < offset => bail!("{path} fell back from {offset} to {now}"),
                Some(now) => offset = now,
                None => break,
            }
        }
        if offset == length {
            let id = path.rsplit('/').next().unwrap_or_default();
            return Ok(id.to_owned());
        }
        users.tally.count("uploads begun anew: theirs was gone");
    }
    bail!("every upload of {name} vanished")
}

async fn create(users: &Users<'_>, name: &str, length: usize) -> Result<String> {
    let metadata = format!("filename {}", BASE64_STANDARD.encode(name));
    let length = length.to_string();
    let headers = [
        VERSION,
        ("upload-length", length.as_str()),
        ("upload-metadata", metadata.as_str()),
    ];
    let answer = users
        .ask(Method::POST, "/api/v1/uploads", &headers, "")
        .await?;
    expect(&answer, &[201], "creating an upload")?;
    let location = answer.location.context("no Location")?;
    let id = location.rsplit('/').next().unwrap_or_default();
    Ok(format!("/api/v1/uploads/{id}"))
}

/// Bytes that the server has; `None` when it knows the upload no more.
async fn offset(users: &Users<'_>, path: &str) -> Result<Option<usize>> {
    for _ in 0..600 {
        let head = users.api.http.head(users.api.url(path));
        let head = head.header(VERSION.0, VERSION.1).timeout(secs(20));
        if let Ok(answer) = head.send().await {
            match answer.status().as_u16() {
                200 => {
                    let offset = answer.headers().get("upload-offset");
                    let offset = offset.context("no Upload-Offset")?.to_str()?;
                    return Ok(Some(offset.parse()?));
                }
                404 | 410 => return Ok(None),
                _ => {}
            }
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    bail!("nobody said for long how far {path} is")
}

/// What becomes of it is asked for afterwards.
async fn send(users: &Users<'_>, path: &str, offset: usize, piece: &[u8]) {
    let offset = offset.to_string();
    let headers = [
        VERSION,
        ("content-type", "application/offset+octet-stream"),
        ("upload-offset", offset.as_str()),
    ];
    let piece = Bytes::copy_from_slice(piece);
    let sent = users.api.raw(Method::PATCH, path, &headers, piece);
    let good = matches!(
        tokio::time::timeout(secs(60), sent).await,
        Ok(Ok(answer)) if answer.status == 204
    );
    if !good {
        users.tally.count("pieces of uploads sent in vain");
    }
}

/// Says that a whole piece comes, sends half of it, and hangs up.
async fn break_off(users: &Users<'_>, path: &str, offset: usize, piece: &[u8]) {
    let half = Bytes::copy_from_slice(&piece[..piece.len() / 2]);
    let parts = [Ok(half), Err(std::io::Error::other("the user hung up"))];
    let request = users.api.http.patch(users.api.url(path));
    let request = request
        .header(VERSION.0, VERSION.1)
        .header("content-type", "application/offset+octet-stream")
        .header("upload-offset", offset)
        .header("content-length", piece.len())
        .body(reqwest::Body::wrap_stream(stream::iter(parts)))
        .timeout(secs(20));
    if request.send().await.is_ok() {
        users
            .tally
            .count("uploads answered before they were broken off");
    }
}
