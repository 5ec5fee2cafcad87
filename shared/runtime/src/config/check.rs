//! Whether a value is one that its key may have, and the same value in its one normal form.

use super::{Kind, Password, Secret};
use config::{Value, ValueKind};
use std::{net::SocketAddr, path::Path};
use tracing_subscriber::EnvFilter;
use url::Url;

impl Kind {
    /// The value in the form that the typed configuration reads, or what would be allowed.
    pub(super) fn check(self, value: &ValueKind) -> Result<ValueKind, String> {
        match self {
            Self::Whole(least, most) => whole(value)
                .filter(|n| (least..=most).contains(n))
                .map(ValueKind::U64),
            Self::Bool => match value {
                ValueKind::Boolean(b) => Some(ValueKind::Boolean(*b)),
                // As the environment says it.
                ValueKind::String(t) => t.parse().ok().map(ValueKind::Boolean),
                _ => None,
            },
            Self::Address => text(value)
                .filter(|t| t.parse::<SocketAddr>().is_ok())
                .map(ValueKind::String),
            Self::Path => text(value)
                .filter(|t| !t.is_empty())
                .and_then(|t| std::path::absolute(Path::new(&t)).ok())
                .and_then(|p| p.into_os_string().into_string().ok())
                .map(ValueKind::String),
            Self::Program => text(value).filter(|t| !t.is_empty()).map(ValueKind::String),
            Self::Text => text(value)
                .filter(|t| {
                    (1..=200).contains(&t.chars().count()) && !t.chars().any(char::is_control)
                })
                .map(ValueKind::String),
            Self::Word(words) => text(value)
                .filter(|t| words.contains(&t.as_str()))
                .map(ValueKind::String),
            Self::Directives => text(value)
                .filter(|t| !t.is_empty() && EnvFilter::try_new(t).is_ok())
                .map(ValueKind::String),
            Self::Lanes => list(value)
                .filter(|lanes| !lanes.is_empty() && lanes.iter().all(|l| is_lane(l)))
                .map(array),
            Self::HttpUrl => text(value)
                .and_then(|t| http_url(&t))
                .map(ValueKind::String),
            Self::Origins => list(value)
                .and_then(|all| all.iter().map(|o| origin(o)).collect::<Option<Vec<_>>>())
                .map(array),
            Self::Secret => text(value)
                .filter(|t| !t.is_empty() && t.len() <= 4096 && !t.chars().any(char::is_control))
                .map(ValueKind::String),
            Self::SecretUrl(schemes) => text(value)
                .filter(|t| t.split_once(':').is_some_and(|(s, _)| schemes.contains(&s)))
                .map(ValueKind::String),
        }
        .ok_or_else(|| self.allowed())
    }

    /// What is allowed, for people.
    pub fn allowed(self) -> String {
        match self {
            Self::Whole(least, most) if most == i64::MAX as u64 => {
                format!("a whole number from {least} on")
            }
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Bool => "`true` or `false`".into(),
            Self::Address => "an IP address and a port, like `127.0.0.1:8080`".into(),
            Self::Path => "a path".into(),
            Self::Program => "a program's name or path".into(),
            Self::Text => "text of 1 to 200 characters on one line".into(),
            Self::Word(words) => format!("one of `{}`", words.join("`, `")),
            Self::Directives => {
                "a level (`error`, `warn`, `info`, `debug`, `trace`) or directives like `info,reelmill_status=debug`".into()
            }
            Self::Lanes => "names of lanes: lower-case letters, digits and dashes".into(),
            Self::HttpUrl => "an `http://` or `https://` URL without `?` and `#`".into(),
            Self::Origins => "web origins, like `https://videos.example.org`, or `*` for any".into(),
            Self::Secret => "text on one line; it never shows".into(),
            Self::SecretUrl(schemes) => format!("a URL that starts with `{}:`", schemes.join(":`, `")),
        }
    }

    /// The value as it may be shown.
    pub(super) fn shown(self, value: &ValueKind) -> String {
        let plain = match list(value) {
            Some(items) => items.join(","),
            None => Value::new(None, value.clone()).to_string(),
        };
        match self {
            // One with a user in it is no secret by rights, and shows a password all the same.
            Self::SecretUrl(_) | Self::HttpUrl => Secret::new(plain).to_string(),
            Self::Secret => Password::new(plain).to_string(),
            _ => plain,
        }
    }
}

fn whole(value: &ValueKind) -> Option<u64> {
    match value {
        ValueKind::I64(n) => u64::try_from(*n).ok(),
        ValueKind::U64(n) => Some(*n),
        ValueKind::String(t) => t.parse().ok(),
        _ => None,
    }
}

/// Text; a number or boolean too: a file may say `name = 7`.
fn text(value: &ValueKind) -> Option<String> {
    match value {
        ValueKind::String(t) => Some(t.clone()),
        ValueKind::I64(_) | ValueKind::U64(_) | ValueKind::Float(_) | ValueKind::Boolean(_) => {
            Some(Value::new(None, value.clone()).to_string())
        }
        _ => None,
    }
}

fn list(value: &ValueKind) -> Option<Vec<String>> {
    match value {
        ValueKind::Array(items) => items
            .iter()
            .map(|item| text(&item.kind).map(|t| t.trim().to_owned()))
            .filter(|t| t.as_deref() != Some(""))
            .collect(),
        ValueKind::String(t) => Some(
            t.split(',')
                .map(|item| item.trim().to_owned())
                .filter(|item| !item.is_empty())
                .collect(),
        ),
        _ => None,
    }
}

fn array(items: Vec<String>) -> ValueKind {
    ValueKind::Array(items.into_iter().map(Value::from).collect())
}

fn is_lane(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 40
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The URL without a slash at its end.
fn http_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let usable = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none();
    usable.then(|| url.as_str().trim_end_matches('/').to_owned())
}

/// The origin as browsers spell it, or `*` for any.
fn origin(text: &str) -> Option<String> {
    if text == "*" {
        return Some(text.to_owned());
    }
    let url = Url::parse(text).ok()?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    (bare && url.origin().is_tuple()).then(|| url.origin().ascii_serialization())
}
