//! What a cluster says of itself (`/info`): how many segments an object may have, how temporary URLs are signed.

use crate::{errors::Attempt, http::Http};
use reelmill_objects::ObjectError;
use serde::Deserialize;
use tokio::sync::OnceCell;
use url::Url;

/// Limits and features of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Segments that one manifest may name.
    pub manifest_segments: usize,
    /// How temporary URLs are signed; `None` if there are none.
    pub temp_url: Option<Digest>,
}

/// How a temporary URL is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// HMAC-SHA256.
    Sha256,
    /// HMAC-SHA1, for clusters that know nothing else.
    Sha1,
}

impl Default for Cluster {
    /// What clusters that don't tell usually have.
    fn default() -> Self {
        Self {
            manifest_segments: 1000,
            temp_url: Some(Digest::Sha256),
        }
    }
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    slo: Option<Slo>,
    #[serde(default)]
    tempurl: Option<TempUrl>,
}

#[derive(Deserialize)]
struct Slo {
    max_manifest_segments: Option<usize>,
}

#[derive(Deserialize)]
struct TempUrl {
    // Swift before 2.16 (2017) has no such entry, and knows SHA-1 alone.
    #[serde(default)]
    allowed_digests: Vec<String>,
}

/// Asks once.
#[derive(Default)]
pub struct ClusterInfo(OnceCell<Cluster>);

impl ClusterInfo {
    /// What the cluster says; a cluster that doesn't tell is taken for a usual one.
    pub async fn get(&self, http: &Http, attempt: Attempt<'_>) -> Result<&Cluster, ObjectError> {
        self.0.get_or_try_init(|| ask(http, attempt)).await
    }
}

async fn ask(http: &Http, attempt: Attempt<'_>) -> Result<Cluster, ObjectError> {
    let session = http.session(attempt).await?;
    let answer = http
        .public(info_url(&session.storage))
        .await
        .map_err(|e| attempt.unreachable(e))?;
    if answer.status().is_server_error() {
        return Err(attempt.answered(answer.status(), "/info"));
    }
    if !answer.status().is_success() {
        return Ok(Cluster::default());
    }
    let body = answer.bytes().await.map_err(|e| attempt.unreachable(e))?;
    match serde_json::from_slice::<Info>(&body) {
        Ok(info) => read(info).map_err(|why| attempt.because(why)),
        Err(_) => Ok(Cluster::default()),
    }
}

fn read(info: Info) -> Result<Cluster, &'static str> {
    let slo = info
        .slo
        .ok_or("this Swift has no static large objects: enable its `slo` middleware")?;
    let temp_url = info.tempurl.and_then(|t| {
        let has = |name: &str| t.allowed_digests.iter().any(|d| d == name);
        match (has("sha256"), t.allowed_digests.is_empty() || has("sha1")) {
            (true, _) => Some(Digest::Sha256),
            (_, true) => Some(Digest::Sha1),
            _ => None,
        }
    });
    Ok(Cluster {
        manifest_segments: slo.max_manifest_segments.unwrap_or(1000).max(2),
        temp_url,
    })
}

/// `/info` beside the version in the account's address.
fn info_url(storage: &Url) -> Url {
    let mut url = storage.clone();
    let path = storage.path();
    let above = path.find("/v1").map_or("", |at| &path[..at]);
    url.set_path(&format!("{above}/info"));
    url.set_query(None);
    url
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests speak by panicking")]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_json(info: serde_json::Value) -> Result<Cluster, &'static str> {
        read(serde_json::from_value(info).unwrap())
    }

    #[test]
    fn the_strongest_digest_that_is_allowed_is_taken() {
        let with = |tempurl| {
            read_json(json!({"slo": {}, "tempurl": tempurl}))
                .unwrap()
                .temp_url
        };
        let both = json!({"allowed_digests": ["sha1", "sha256"]});
        assert_eq!(with(both), Some(Digest::Sha256));
        assert_eq!(
            with(json!({"allowed_digests": ["sha1"]})),
            Some(Digest::Sha1)
        );
        assert_eq!(with(json!({})), Some(Digest::Sha1));
        assert_eq!(read_json(json!({"slo": {}})).unwrap().temp_url, None);
    }

    #[test]
    fn a_cluster_without_large_objects_is_refused() {
        assert!(read_json(json!({"swift": {}})).is_err());
        let small = read_json(json!({"slo": {"max_manifest_segments": 20}})).unwrap();
        assert_eq!(small.manifest_segments, 20);
    }

    #[test]
    fn info_lies_beside_the_version() {
        let of = |url: &str| info_url(&Url::parse(url).unwrap()).to_string();
        assert_eq!(of("http://s:80/v1/AUTH_a"), "http://s/info");
        assert_eq!(of("https://s/swift/v1/AUTH_a"), "https://s/swift/info");
    }
}
