//! Segments of large objects: written, kept from expiring, made into an object, removed.
//!
//! Every segment is written with `X-Delete-After`, so that one which never becomes part of an object goes by itself.
//! Before a manifest names it, that is taken back, so that a finished object never loses a part.

use crate::{
    core::{Core, GROUP_HEADER},
    errors::Attempt,
    http::{Target, succeeded},
    names::fresh_id,
    piece::md5_hex,
};
use futures::{StreamExt, TryStreamExt, stream};
use reelmill_objects::ObjectError;
use reqwest::{
    Body, Method, StatusCode, header::CONTENT_LENGTH, header::CONTENT_TYPE, header::ETAG,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

/// A segment that is there. In JSON `[id, etag, bytes]`, because states hold hundreds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(String, String, u64)", into = "(String, String, u64)")]
pub struct Segment {
    /// The last part of its name.
    pub id: String,
    /// MD5 in hex.
    pub etag: String,
    /// Its length.
    pub bytes: u64,
}

impl From<(String, String, u64)> for Segment {
    fn from((id, etag, bytes): (String, String, u64)) -> Self {
        Self { id, etag, bytes }
    }
}

impl From<Segment> for (String, String, u64) {
    fn from(segment: Segment) -> Self {
        (segment.id, segment.etag, segment.bytes)
    }
}

/// The segments of one upload or one large file.
#[derive(Clone, Copy)]
pub struct Group<'a> {
    pub core: &'a Core,
    pub attempt: Attempt<'a>,
    pub id: &'a str,
}

impl Group<'_> {
    /// Writes a segment under a name that nobody else has. Swift checks the MD5.
    pub async fn put(
        &self,
        etag: &str,
        bytes: u64,
        body: impl Fn() -> Body,
    ) -> Result<Segment, ObjectError> {
        let id = fresh_id();
        let expires = self.core.config.unfinished_for.as_secs().max(1);
        self.core
            .http
            .write(self.attempt, Method::PUT, &self.name(&id), |r| {
                r.header(CONTENT_LENGTH, bytes)
                    .header(CONTENT_TYPE, "application/octet-stream")
                    .header(ETAG, etag)
                    .header("X-Delete-After", expires)
                    .body(body())
            })
            .await?;
        Ok(Segment {
            id,
            etag: etag.to_owned(),
            bytes,
        })
    }

    /// Puts off when these segments expire.
    pub async fn refresh(&self, segments: &[Segment]) -> Result<(), ObjectError> {
        let expires = self.core.config.unfinished_for.as_secs().max(1);
        self.post_all(segments, &[("X-Delete-After", expires.to_string())])
            .await
    }

    /// Makes the object of these segments. They expire no more from here on.
    pub async fn complete(&self, segments: &[Segment]) -> Result<(), ObjectError> {
        // A POST without an expiry takes it away; other implementations of the API want to be told.
        self.post_all(segments, &[("X-Remove-Delete-At", "true".to_owned())])
            .await?;
        let cluster = self.core.cluster.get(&self.core.http, self.attempt).await?;
        let most = self.core.config.most_segments;
        let most = most.map_or(cluster.manifest_segments, |m| {
            m.min(cluster.manifest_segments)
        });
        let mut level = segments.to_vec();
        let mut kept: BTreeSet<String> = level.iter().map(|s| s.id.clone()).collect();
        while level.len() > most {
            let mut above = Vec::new();
            for few in level.chunks(most) {
                let manifest = combined(few);
                self.put_manifest(&self.name(&manifest.id), few).await?;
                kept.insert(manifest.id.clone());
                above.push(manifest);
            }
            level = above;
        }
        let name = self.core.names.object(self.attempt)?;
        self.put_manifest(&name, &level).await?;
        self.remove_all_but(&kept).await.map(drop)
    }

    /// Writes a manifest; Swift refuses it unless every segment is there with its size and MD5.
    async fn put_manifest(&self, name: &str, segments: &[Segment]) -> Result<(), ObjectError> {
        let container = &self.core.config.container;
        let entries: Vec<_> = segments
            .iter()
            .map(|s| {
                json!({
                    "path": format!("/{container}/{}", self.name(&s.id)),
                    "etag": s.etag,
                    "size_bytes": s.bytes,
                })
            })
            .collect();
        let body = serde_json::to_vec(&entries).map_err(|e| self.attempt.because(e))?;
        let put = self
            .core
            .http
            .send(self.attempt, Method::PUT, Target::Object(name), |r| {
                r.query(&[("multipart-manifest", "put")])
                    .header(CONTENT_TYPE, "application/octet-stream")
                    .header(GROUP_HEADER, self.id)
                    .body(body.clone())
            })
            .await?;
        match put.status() {
            StatusCode::NOT_FOUND => Err(self.gone()),
            _ => succeeded(self.attempt, put).await.map(drop),
        }
    }

    async fn post_all(
        &self,
        segments: &[Segment],
        headers: &[(&str, String)],
    ) -> Result<(), ObjectError> {
        stream::iter(segments.iter().map(Ok))
            .try_for_each_concurrent(self.core.config.parallel.max(1), |segment| async {
                let name = self.name(&segment.id);
                let answer = self
                    .core
                    .http
                    .send(self.attempt, Method::POST, Target::Object(&name), |r| {
                        headers
                            .iter()
                            .fold(r, |r, (name, value)| r.header(*name, value))
                    })
                    .await?;
                match answer.status() {
                    StatusCode::NOT_FOUND => Err(self.gone()),
                    _ => succeeded(self.attempt, answer).await.map(drop),
                }
            })
            .await
    }

    fn gone(&self) -> ObjectError {
        self.attempt
            .because("parts of it are no longer in Swift: it was aborted, or rested longer than an upload may")
    }

    /// Removes what the group has beside these; whether that was anything.
    pub async fn remove_all_but(&self, kept: &BTreeSet<String>) -> Result<bool, ObjectError> {
        let start = self.core.names.group(self.attempt.key, self.id);
        let mut after = None;
        let mut any = false;
        loop {
            let page = self
                .core
                .list_names(self.attempt, &start, after.as_deref(), usize::MAX)
                .await?;
            let Some(last) = page.entries.last() else {
                return Ok(any);
            };
            after = Some(last.name.clone());
            let rest = page.entries.iter().map(|e| e.name.as_str());
            let rest = rest.filter(|name| !kept.contains(&name[start.len()..]));
            let rest: Vec<String> = rest.map(str::to_owned).collect();
            any |= !rest.is_empty();
            self.remove_names(rest).await?;
        }
    }

    /// Removes these segments; those that are gone are no error.
    pub async fn remove(&self, ids: impl IntoIterator<Item = &String>) -> Result<(), ObjectError> {
        let names = ids.into_iter().map(|id| self.name(id)).collect();
        self.remove_names(names).await
    }

    async fn remove_names(&self, names: Vec<String>) -> Result<(), ObjectError> {
        stream::iter(names)
            .map(|name| async move { self.core.remove(self.attempt, &name).await })
            .buffer_unordered(self.core.config.parallel.max(1))
            .try_collect()
            .await
    }

    /// The name of one of its segments.
    pub fn name(&self, id: &str) -> String {
        self.core.names.segment(self.attempt.key, self.id, id)
    }
}

/// Segments as the one segment that a manifest makes of them. The same segments give the same name, so that two who
/// finish the same upload at once don't remove each other's.
fn combined(segments: &[Segment]) -> Segment {
    // The ETag of a static large object: MD5 over its segments' ETags.
    let etags: String = segments.iter().map(|s| s.etag.as_str()).collect();
    let ids: String = segments.iter().map(|s| s.id.as_str()).collect();
    Segment {
        id: md5_hex(ids.as_bytes()),
        etag: md5_hex(etags.as_bytes()),
        bytes: segments.iter().map(|s| s.bytes).sum(),
    }
}
