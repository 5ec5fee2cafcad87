//! Temporary URLs (Swift's `tempurl` middleware): whoever has one may GET one object for a while, ranges included. The key
//! that signs them is the container's.

use crate::{
    config::Secret,
    core::{Core, text},
    errors::Attempt,
    http::{Target, succeeded},
    info::Digest,
    piece::hex,
};
use hmac::{Hmac, KeyInit, Mac};
use reelmill_objects::ObjectError;
use reqwest::{Method, StatusCode};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;
use url::Url;

const KEY: &str = "X-Container-Meta-Temp-URL-Key";
const SECOND_KEY: &str = "X-Container-Meta-Temp-URL-Key-2";

/// How long the container's key is believed: another process may have changed it.
const BELIEVED: Duration = Duration::from_secs(300);

/// The key that signs, once it is known.
#[derive(Default)]
pub struct SigningKey(Mutex<Option<(Instant, Secret)>>);

impl SigningKey {
    /// A URL that gives the object of this key for `ttl`; `None` if the cluster has no temporary URLs.
    pub async fn presign(
        &self,
        core: &Core,
        attempt: Attempt<'_>,
        ttl: Duration,
    ) -> Result<Option<Url>, ObjectError> {
        let name = core.names.object(attempt)?;
        let Some(digest) = core.cluster.get(&core.http, attempt).await?.temp_url else {
            return Ok(None);
        };
        let key = self.get(core, attempt).await?;
        let session = core.http.session(attempt).await?;
        let mut url = core
            .http
            .url(&session.storage, Target::Object(&name), attempt)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_err(|_| attempt.because("this machine's clock is before 1970"))?;
        let expires = (now + ttl).as_secs();
        // Swift signs the path as it is after decoding; keys have nothing to decode, a container may.
        let path = format!(
            "{}/{}/{name}",
            session.storage.path().trim_end_matches('/'),
            core.config.container
        );
        let signature = sign(digest, key.expose(), expires, &path);
        url.query_pairs_mut()
            .append_pair("temp_url_sig", &signature)
            .append_pair("temp_url_expires", &expires.to_string());
        Ok(Some(url))
    }

    async fn get(&self, core: &Core, attempt: Attempt<'_>) -> Result<Secret, ObjectError> {
        let mut held = self.0.lock().await;
        if let Some((since, key)) = &*held
            && since.elapsed() < BELIEVED
        {
            return Ok(key.clone());
        }
        let key = agree(core, attempt).await?;
        *held = Some((Instant::now(), key.clone()));
        Ok(key)
    }
}

/// Sees to it that the container has the configured key, or any.
async fn agree(core: &Core, attempt: Attempt<'_>) -> Result<Secret, ObjectError> {
    let there = container_keys(core, attempt).await?;
    if let Some(ours) = &core.config.temp_url_key {
        if !there.contains(ours) {
            set(core, attempt, ours).await?;
        }
        return Ok(ours.clone());
    }
    if let Some(key) = there.into_iter().next() {
        return Ok(key);
    }
    let random = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    let new = random.map(|u| u.simple().to_string()).concat();
    set(core, attempt, &Secret::new(new)).await?;
    // Whoever was last has set it for all.
    let there = container_keys(core, attempt).await?;
    there.into_iter().next().ok_or_else(|| {
        attempt.because("Swift does not show the container's temporary URL key: configure one")
    })
}

async fn container_keys(core: &Core, attempt: Attempt<'_>) -> Result<Vec<Secret>, ObjectError> {
    let answer = core
        .http
        .send(attempt, Method::HEAD, Target::Container, |r| r)
        .await?;
    if answer.status() == StatusCode::NOT_FOUND {
        core.http.make_container(attempt).await?;
        return Ok(Vec::new());
    }
    let answer = succeeded(attempt, answer).await?;
    let keys = [KEY, SECOND_KEY].map(|name| text(&answer, name));
    Ok(keys.into_iter().flatten().map(Secret::new).collect())
}

async fn set(core: &Core, attempt: Attempt<'_>, key: &Secret) -> Result<(), ObjectError> {
    core.http
        .ok(attempt, Method::POST, Target::Container, |r| {
            r.header(KEY, key.expose())
        })
        .await
        .map(drop)
}

/// The signature of a GET of `path` until `expires`, in hex.
fn sign(digest: Digest, key: &str, expires: u64, path: &str) -> String {
    let text = format!("GET\n{expires}\n{path}");
    match digest {
        Digest::Sha256 => mac::<Hmac<sha2::Sha256>>(key, &text),
        Digest::Sha1 => mac::<Hmac<sha1::Sha1>>(key, &text),
    }
}

fn mac<M: Mac + KeyInit>(key: &str, text: &str) -> String {
    // An HMAC takes a key of any length: the error can't come.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key.as_bytes()) else {
        return String::new();
    };
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}
