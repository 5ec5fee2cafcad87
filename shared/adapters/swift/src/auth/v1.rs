//! Swift's own login, once Cloud Files' and TempAuth's: user and key in headers, token and account in headers.

use super::{AuthError, Session, failed, strange, unreachable};
use crate::config::Secret;
use reqwest::header::HeaderMap;
use std::time::Duration;
use url::Url;

/// Logs in.
pub async fn log_in(
    http: &reqwest::Client,
    url: &str,
    user: &str,
    key: &Secret,
) -> Result<Session, AuthError> {
    let at = Url::parse(url).map_err(|_| AuthError::Address(url.to_owned()))?;
    let answer = http
        .get(at.clone())
        .header("X-Auth-User", user)
        .header("X-Auth-Key", key.expose())
        .send()
        .await
        .map_err(|e| unreachable(&at, e))?;
    if !answer.status().is_success() {
        return Err(failed(&at, answer.status()));
    }
    let headers = answer.headers();
    let storage = text(headers, "X-Storage-Url").and_then(|url| Url::parse(url).ok());
    let storage = storage.ok_or_else(|| strange(&at, "it sent no usable X-Storage-Url"))?;
    let token = text(headers, "X-Auth-Token");
    let token = token.ok_or_else(|| strange(&at, "it sent no X-Auth-Token"))?;
    let lives = text(headers, "X-Auth-Token-Expires").and_then(|s| s.parse().ok());
    Ok(Session::new(
        storage,
        token.to_owned(),
        lives.map(Duration::from_secs),
    ))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
