//! tus 1.0.0 by hand, so that every header and every byte is the test's own choice.

use crate::api::{Answer, Api};
use anyhow::{Context, Result, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::Method;

/// An upload at its URL.
#[derive(Debug, Clone)]
pub struct Tus {
    /// Where it is.
    pub url: String,
    api: Api,
}

impl Tus {
    /// Creates an upload of so many bytes.
    pub async fn create(api: &Api, name: &str, bytes: u64) -> Result<Self> {
        let answer = Self::try_create(api, name, bytes).await?;
        ensure!(
            answer.status == 201,
            "creation: {} {}",
            answer.status,
            answer.text
        );
        let location = answer.location.context("no Location")?;
        Ok(Self {
            url: api.url(&location),
            api: api.clone(),
        })
    }

    /// [`Tus::create`], answered whatever the status.
    pub async fn try_create(api: &Api, name: &str, bytes: u64) -> Result<Answer> {
        let metadata = format!("filename {}", BASE64_STANDARD.encode(name));
        api.raw(
            Method::POST,
            "/api/v1/uploads",
            &[
                ("tus-resumable", "1.0.0"),
                ("upload-length", &bytes.to_string()),
                ("upload-metadata", &metadata),
            ],
            "",
        )
        .await
    }

    /// The same upload at another server.
    #[must_use]
    pub fn at(&self, api: &Api) -> Self {
        Self {
            url: api.url(&format!("/api/v1/uploads/{}", self.id())),
            api: api.clone(),
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }

    /// Bytes that the server says it has.
    pub async fn offset(&self) -> Result<u64> {
        let response = self
            .api
            .http
            .head(&self.url)
            .header("tus-resumable", "1.0.0")
            .send()
            .await?;
        ensure!(response.status() == 200, "HEAD: {}", response.status());
        let offset = response.headers().get("upload-offset");
        Ok(offset.context("no Upload-Offset")?.to_str()?.parse()?)
    }

    /// Sends bytes at an offset.
    pub async fn patch(&self, offset: u64, bytes: impl Into<reqwest::Body>) -> Result<Answer> {
        self.patch_with(offset, bytes, &[]).await
    }

    /// [`Tus::patch`] with further headers (the last of a name counts).
    pub async fn patch_with(
        &self,
        offset: u64,
        bytes: impl Into<reqwest::Body>,
        more: &[(&str, &str)],
    ) -> Result<Answer> {
        let offset = offset.to_string();
        let mut headers = vec![
            ("tus-resumable", "1.0.0"),
            ("content-type", "application/offset+octet-stream"),
            ("upload-offset", offset.as_str()),
        ];
        headers.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        headers.extend_from_slice(more);
        self.api
            .raw(Method::PATCH, &self.url, &headers, bytes)
            .await
    }
}
