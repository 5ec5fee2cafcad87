//! What every part of the store uses: the connection, the names, the limits; and the smallest questions about objects.

use crate::{
    complete::Complete,
    config::SwiftConfig,
    errors::Attempt,
    http::{Http, Target, succeeded},
    info::ClusterInfo,
    names::Names,
    piece::Budget,
};
use reelmill_objects::ObjectError;
use reqwest::{Method, Response, StatusCode, header::CONTENT_LENGTH, header::ETAG};

/// Which upload or large file an object was made of.
pub const GROUP_HEADER: &str = "X-Object-Meta-Reelmill-Group";

/// One store's.
pub struct Core {
    pub http: Http,
    pub names: Names,
    pub config: SwiftConfig,
    pub cluster: ClusterInfo,
    pub complete: Complete,
    pub budget: Budget,
}

/// What Swift knows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The whole, also of a large object.
    pub bytes: u64,
    /// Without quotes.
    pub etag: String,
    /// Whether it is a manifest over segments.
    pub is_large: bool,
    /// What it was made of, if it is large.
    pub group: Option<String>,
}

impl Core {
    /// What Swift knows of the object of this name; `None` if there is none.
    pub async fn head(
        &self,
        attempt: Attempt<'_>,
        name: &str,
    ) -> Result<Option<Head>, ObjectError> {
        // The newest of all copies decides: what is asked here is followed by deeds.
        let answer = self
            .http
            .send(attempt, Method::HEAD, Target::Object(name), |r| {
                r.header("X-Newest", "true")
            })
            .await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = succeeded(attempt, answer).await?;
        let bytes = text(&answer, CONTENT_LENGTH.as_str()).and_then(|b| b.parse().ok());
        Ok(Some(Head {
            bytes: bytes.ok_or_else(|| attempt.because("Swift did not say its size"))?,
            etag: etag(&answer).unwrap_or_default(),
            is_large: text(&answer, "X-Static-Large-Object").is_some(),
            group: text(&answer, GROUP_HEADER).map(str::to_owned),
        }))
    }

    /// Removes the object of this name itself, never what it refers to; not an error when there is none.
    pub async fn remove(&self, attempt: Attempt<'_>, name: &str) -> Result<(), ObjectError> {
        let answer = self
            .http
            .send(attempt, Method::DELETE, Target::Object(name), |r| r)
            .await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(()),
            _ => succeeded(attempt, answer).await.map(drop),
        }
    }
}

/// A header's text.
pub fn text<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

/// An answer's ETag without its quotes.
pub fn etag(answer: &Response) -> Option<String> {
    text(answer, ETAG.as_str()).map(|e| e.trim_matches('"').to_owned())
}
