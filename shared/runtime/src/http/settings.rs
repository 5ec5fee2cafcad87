//! What a listener must know of itself.

use std::net::SocketAddr;
use url::{Host, Url};

/// How a listener is reached, and by whom.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Where the service is seen from outside (`http.public_url`), if that differs from where it listens.
    pub public_url: Option<Url>,
    /// Origins that pages may call the API from (`http.cors_origins`), as browsers spell them; `*` is any.
    pub cors_origins: Vec<String>,
    /// Where it listens.
    pub listen: SocketAddr,
}

impl HttpSettings {
    /// Whether only this machine can reach it, so that a foreign name in a request can only come from a browser that was tricked.
    pub(super) fn is_loopback(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }

    /// Whether the configuration lets pages of this origin in.
    pub(super) fn allows_origin(&self, origin: &str) -> bool {
        self.cors_origins.iter().any(|allowed| {
            allowed == "*" || allowed.trim_end_matches('/').eq_ignore_ascii_case(origin)
        })
    }

    /// Whether this is the origin of the public URL.
    pub(super) fn is_public(&self, origin: &str) -> bool {
        self.public_url.as_ref().is_some_and(|url| {
            url.origin()
                .ascii_serialization()
                .eq_ignore_ascii_case(origin)
        })
    }

    /// Whether `authority` (`host` or `host:port`) names this service: a loopback name with any port, or the public URL's host.
    pub(super) fn is_own_authority(&self, authority: &str) -> bool {
        let Ok(url) = Url::parse(&format!("http://{authority}/")) else {
            return false;
        };
        // `user@host` and `host/path` would parse, but no honest client sends them.
        if url.path() != "/" || !url.username().is_empty() || url.query().is_some() {
            return false;
        }
        match url.host() {
            Some(Host::Domain("localhost")) => true,
            Some(Host::Ipv4(ip)) if ip.is_loopback() => true,
            Some(Host::Ipv6(ip)) if ip.is_loopback() => true,
            host => {
                host.is_some()
                    && self
                        .public_url
                        .as_ref()
                        .is_some_and(|public| public.host() == host)
            }
        }
    }
}
