//! Reading a range of an object as a stream. When the connection breaks it goes on where it was, in the same version of
//! the object or not at all.

use crate::{
    core::{Core, etag, text},
    errors::{Attempt, cause},
    http::{TRIES, Target, succeeded, wait},
};
use futures::{StreamExt, stream};
use reelmill_objects::{ByteStream, ObjectError};
use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_LENGTH, IF_MATCH, RANGE},
};
use std::{io, ops::Range, sync::Arc};

/// A read that is under way.
struct Reading {
    core: Arc<Core>,
    key: String,
    name: String,
    /// What is still to come.
    rest: Range<u64>,
    etag: Option<String>,
    answer: Option<Response>,
    /// Breaks since the last byte came.
    breaks: u32,
}

/// Opens a read of `range`, which is not empty, of the object of this name.
pub async fn open(
    core: Arc<Core>,
    attempt: Attempt<'_>,
    name: &str,
    range: Range<u64>,
    version: Option<String>,
) -> Result<ByteStream, ObjectError> {
    let answer = ask(&core, attempt, name, &range, version.as_deref()).await?;
    let reading = Reading {
        etag: etag(&answer).or(version),
        core,
        key: attempt.key.to_owned(),
        name: name.to_owned(),
        rest: range,
        answer: Some(answer),
        breaks: 0,
    };
    let next = |mut reading: Reading| async move {
        let chunk = reading.next().await?;
        Ok(chunk.map(|chunk| (chunk, reading)))
    };
    Ok(stream::try_unfold(reading, next).boxed())
}

impl Reading {
    async fn next(&mut self) -> io::Result<Option<bytes::Bytes>> {
        while !self.rest.is_empty() {
            let mut answer = match self.answer.take() {
                Some(answer) => answer,
                None => {
                    let attempt = Attempt {
                        what: "reading",
                        key: &self.key,
                    };
                    ask(
                        &self.core,
                        attempt,
                        &self.name,
                        &self.rest,
                        self.etag.as_deref(),
                    )
                    .await
                    .map_err(io::Error::other)?
                }
            };
            let why = match answer.chunk().await {
                Ok(Some(chunk)) if chunk.len() as u64 <= self.rest.end - self.rest.start => {
                    self.rest.start += chunk.len() as u64;
                    self.answer = Some(answer);
                    self.breaks = 0;
                    return Ok(Some(chunk));
                }
                Ok(Some(_)) => return Err(io::Error::other("Swift sent more than was asked for")),
                Ok(None) => "Swift sent less than it said".to_owned(),
                Err(e) => cause(e),
            };
            self.breaks += 1;
            if self.breaks >= TRIES {
                return Err(io::Error::other(format!("reading `{}`: {why}", self.key)));
            }
            tracing::debug!(
                key = self.key,
                at = self.rest.start,
                why,
                "reading goes on after a break"
            );
            wait(self.breaks, None).await;
        }
        Ok(None)
    }
}

/// Asks for a range; the answer has exactly that.
async fn ask(
    core: &Core,
    attempt: Attempt<'_>,
    name: &str,
    range: &Range<u64>,
    version: Option<&str>,
) -> Result<Response, ObjectError> {
    let (first, last) = (range.start, range.end - 1);
    let answer = core
        .http
        .send(attempt, Method::GET, Target::Object(name), |r| {
            let r = r.header(RANGE, format!("bytes={first}-{last}"));
            match version {
                Some(version) => r.header(IF_MATCH, format!("\"{version}\"")),
                None => r,
            }
        })
        .await?;
    let outside = || {
        attempt.because(format!(
            "the range {}..{} is outside the object",
            range.start, range.end
        ))
    };
    match answer.status() {
        StatusCode::RANGE_NOT_SATISFIABLE => return Err(outside()),
        StatusCode::PRECONDITION_FAILED => {
            return Err(attempt.because("the object was replaced in the meantime"));
        }
        _ => {}
    }
    let answer = succeeded(attempt, answer).await?;
    let bytes = text(&answer, CONTENT_LENGTH.as_str()).and_then(|b| b.parse().ok());
    let whole = answer.status() == StatusCode::OK;
    if bytes != Some(range.end - range.start) || (whole && first > 0) {
        return Err(outside());
    }
    Ok(answer)
}
