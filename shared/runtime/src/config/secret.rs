//! What must not be read over a shoulder: a URL that may carry a password, and a password itself. Both print masked,
//! everywhere; only `expose` gives the whole.

use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// What stands for a secret.
const MASK: &str = "***";

/// A URL whose password and key parameters never print.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole URL; for the one who connects with it, never for print.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(&self.0))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", mask(&self.0))
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&mask(&self.0))
    }
}

/// A password or key: prints as `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// Wraps a password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password; for the one who logs in with it, never for print.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Masks the password of `scheme://user:password@host` and the value of every query parameter. Works on text that
/// is no valid URL too: a mistyped secret is a secret still.
fn mask(url: &str) -> String {
    let (head, query) = match url.split_once('?') {
        Some((head, query)) => (head, Some(query)),
        None => (url, None),
    };
    let mut out = mask_user(head);
    if let Some(query) = query {
        let pairs: Vec<String> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, _)) => format!("{name}={MASK}"),
                None => MASK.to_owned(),
            })
            .collect();
        out.push('?');
        out.push_str(&pairs.join("&"));
    }
    out
}

/// Masks what stands between the first `:` after the scheme and the last `@`.
fn mask_user(head: &str) -> String {
    let Some((user, host)) = head.rsplit_once('@') else {
        return head.to_owned();
    };
    let start = user.find("://").map_or_else(
        || user.find(':').map_or(0, |colon| colon + 1),
        |scheme| scheme + 3,
    );
    let (scheme, who) = user.split_at(start);
    match who.split_once(':') {
        Some((name, _)) => format!("{scheme}{name}:{MASK}@{host}"),
        None => format!("{scheme}{MASK}@{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_prints() {
        for (url, shown) in [
            ("mysql://mill:p@ss:w0rd@db/mill", "mysql://mill:***@db/mill"),
            (
                "amqps://token@broker:5671/%2f",
                "amqps://***@broker:5671/%2f",
            ),
            (
                "s3://bucket/prefix?key=AKIA&secret=abc",
                "s3://bucket/prefix?key=***&secret=***",
            ),
            ("mysql:mill:word@db", "mysql:mill:***@db"),
            ("embedded:", "embedded:"),
            ("sqlite:/data/reelmill.db", "sqlite:/data/reelmill.db"),
        ] {
            let secret = Secret::new(url);
            assert_eq!(secret.to_string(), shown);
            assert_eq!(format!("{secret:?}"), format!("{shown:?}"));
            assert_eq!(serde_json::to_value(&secret).unwrap(), shown);
            assert_eq!(secret.expose(), url);
        }
    }
}
