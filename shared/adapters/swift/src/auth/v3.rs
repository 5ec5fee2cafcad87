//! Keystone's login (Identity API v3, `POST /v3/auth/tokens`): a token for a project, and the catalogue that says where
//! its object store is.

use super::{AuthError, Session, failed, shown, strange, unreachable};
use crate::config::{Identity, Interface};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

#[derive(Deserialize)]
struct Answer {
    token: Token,
}

#[derive(Deserialize)]
struct Token {
    issued_at: Timestamp,
    expires_at: Timestamp,
    #[serde(default)]
    catalog: Vec<Service>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(rename = "type")]
    kind: String,
    endpoints: Vec<Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    interface: String,
    url: String,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    region_id: Option<String>,
}

/// Logs in.
pub async fn log_in(
    http: &reqwest::Client,
    url: &str,
    who: &Identity,
    interface: Interface,
    region: Option<&str>,
) -> Result<Session, AuthError> {
    let at = tokens_url(url)?;
    let answer = http
        .post(at.clone())
        .json(&request(who))
        .send()
        .await
        .map_err(|e| unreachable(&at, e))?;
    if !answer.status().is_success() {
        return Err(failed(&at, answer.status()));
    }
    let token = answer.headers().get("X-Subject-Token");
    let token = token.and_then(|t| t.to_str().ok()).map(str::to_owned);
    let token = token.ok_or_else(|| strange(&at, "it sent no X-Subject-Token"))?;
    let body = answer.bytes().await.map_err(|e| unreachable(&at, e))?;
    let Answer { token: said } =
        serde_json::from_slice(&body).map_err(|e| strange(&at, format!("no v3 answer ({e})")))?;
    let storage =
        endpoint(&said.catalog, interface, region).ok_or_else(|| AuthError::NoService {
            at: shown(&at),
            interface: interface.name(),
            region: region
                .map(|r| format!(" in region {r}"))
                .unwrap_or_default(),
        })?;
    // Both by Keystone's clock: ours may be wrong.
    let lives = said.expires_at.as_second() - said.issued_at.as_second();
    let lives = Duration::from_secs(lives.max(0).unsigned_abs());
    Ok(Session::new(storage, token, Some(lives)))
}

/// `URL/auth/tokens`, with the `/v3` that some leave out.
fn tokens_url(url: &str) -> Result<Url, AuthError> {
    let base = url.trim_end_matches('/').trim_end_matches("/auth/tokens");
    let base = base.strip_suffix("/v3").unwrap_or(base);
    Url::parse(&format!("{base}/v3/auth/tokens")).map_err(|_| AuthError::Address(url.to_owned()))
}

/// What is sent.
fn request(who: &Identity) -> Value {
    match who {
        Identity::Password {
            user,
            password,
            user_domain,
            project,
            project_domain,
        } => json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": user,
                "domain": {"name": user_domain},
                "password": password.expose(),
            }}},
            "scope": {"project": {"name": project, "domain": {"name": project_domain}}},
        }}),
        Identity::ApplicationCredential { id, secret } => json!({"auth": {
            "identity": {"methods": ["application_credential"], "application_credential": {
                "id": id,
                "secret": secret.expose(),
            }},
        }}),
    }
}

/// The address of the object store.
fn endpoint(catalog: &[Service], interface: Interface, region: Option<&str>) -> Option<Url> {
    let mut endpoints = catalog
        .iter()
        .filter(|s| s.kind == "object-store")
        .flat_map(|s| &s.endpoints);
    let found = endpoints.find(|e| {
        let here =
            region.is_none() || e.region_id.as_deref() == region || e.region.as_deref() == region;
        // The old catalogue's names end in URL: publicURL.
        e.interface.trim_end_matches("URL") == interface.name() && here
    })?;
    Url::parse(&found.url).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests speak by panicking")]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_and_without_their_version_are_the_same() {
        for url in [
            "http://k:5000",
            "http://k:5000/",
            "http://k:5000/v3",
            "http://k:5000/v3/",
        ] {
            let at = tokens_url(url).unwrap();
            assert_eq!(at.as_str(), "http://k:5000/v3/auth/tokens");
        }
        let below = tokens_url("https://k/identity").unwrap();
        assert_eq!(below.as_str(), "https://k/identity/v3/auth/tokens");
    }

    #[test]
    fn the_right_region_and_interface_are_chosen() {
        let catalog: Vec<Service> = serde_json::from_value(json!([
            {"type": "image", "endpoints": [{"interface": "public", "url": "http://no/"}]},
            {"type": "object-store", "endpoints": [
                {"interface": "internal", "region": "a", "url": "http://inside-a/"},
                {"interface": "public", "region_id": "a", "url": "http://a/"},
                {"interface": "public", "region_id": "b", "url": "http://b/"},
            ]},
        ]))
        .unwrap();
        let of = |interface, region| endpoint(&catalog, interface, region).map(String::from);
        assert_eq!(of(Interface::Public, None).unwrap(), "http://a/");
        assert_eq!(of(Interface::Public, Some("b")).unwrap(), "http://b/");
        assert_eq!(
            of(Interface::Internal, Some("a")).unwrap(),
            "http://inside-a/"
        );
        assert_eq!(of(Interface::Internal, Some("b")), None);
    }
}
