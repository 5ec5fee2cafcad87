//! From what went wrong on the way to what the port says. Never shows a token, a key or a signed URL.

use reelmill_objects::ObjectError;
use reqwest::StatusCode;
use std::error::Error;

/// What is attempted, on which key: how every error begins.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// What is attempted.
    pub what: &'static str,
    /// On what.
    pub key: &'a str,
}

impl Attempt<'_> {
    /// It failed for this reason.
    pub fn because(self, cause: impl ToString) -> ObjectError {
        ObjectError::Failed {
            attempt: self.what,
            key: self.key.to_owned(),
            cause: cause.to_string(),
        }
    }

    /// The store refuses until somebody sets this right.
    pub fn misconfigured(self, cause: impl ToString) -> ObjectError {
        ObjectError::Misconfigured {
            attempt: self.what,
            key: self.key.to_owned(),
            cause: cause.to_string(),
        }
    }

    /// There is no such object.
    pub fn not_found(self) -> ObjectError {
        ObjectError::NotFound {
            key: self.key.to_owned(),
        }
    }

    /// No space left, or the quota is used up.
    pub fn full(self) -> ObjectError {
        ObjectError::Full {
            attempt: self.what,
            key: self.key.to_owned(),
        }
    }

    /// What an answer that is no success means.
    pub fn answered(self, status: StatusCode, text: &str) -> ObjectError {
        match status {
            StatusCode::NOT_FOUND => self.not_found(),
            StatusCode::INSUFFICIENT_STORAGE => self.full(),
            // What Swift's quota middleware says.
            StatusCode::PAYLOAD_TOO_LARGE if text.to_lowercase().contains("quota") => self.full(),
            StatusCode::UNAUTHORIZED => self.misconfigured(
                "Swift takes no token of this user (401): does the user belong to the account of this container?",
            ),
            StatusCode::FORBIDDEN => self.misconfigured(
                "Swift forbids it (403): give the user the right to read and write this container",
            ),
            _ => self.because(format!("Swift answered {}{}", status.as_u16(), said(text))),
        }
    }

    /// No answer came.
    pub fn unreachable(self, error: reqwest::Error) -> ObjectError {
        self.because(cause(error))
    }
}

/// The innermost reason of a failed request; its URL is left out, which may be signed.
pub fn cause(error: reqwest::Error) -> String {
    let what = match (error.is_connect(), error.is_timeout()) {
        (true, _) => "no connection to Swift",
        (_, true) => "Swift did not answer in time",
        _ => "the connection to Swift broke",
    };
    let error = error.without_url();
    let mut inner: &dyn Error = &error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    format!("{what} ({inner})")
}

/// What an answer's body said, in one short line.
fn said(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = if line.starts_with('<') { "" } else { &line };
    match plain.chars().take(200).collect::<String>() {
        empty if empty.is_empty() => empty,
        text => format!(": {text}"),
    }
}
