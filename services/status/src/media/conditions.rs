//! What is to be sent: `If-None-Match` before `If-Range` before `Range` (RFC 9110, 13.2.2).

use super::{
    range::{self, Asked},
    respond::Answer,
};
use axum::http::{HeaderMap, HeaderName, header};
use reelmill_domain::output::OutputFile;

/// The entity tag of a file: its bytes never change under it.
pub fn etag(file: &OutputFile) -> String {
    format!("\"{}\"", file.sha256)
}

/// Decides.
pub fn decide(headers: &HeaderMap, file: &OutputFile) -> Answer {
    let etag = etag(file);
    let has = |name: HeaderName| headers.get_all(name).iter().filter_map(|v| v.to_str().ok());
    let matches = |tag: &str| tag == "*" || tag.trim_start_matches("W/") == etag;
    if has(header::IF_NONE_MATCH)
        .flat_map(|v| v.split(','))
        .any(|tag| matches(tag.trim()))
    {
        return Answer::Unchanged;
    }
    // Dates and weak tags don't match: then the whole is sent.
    if has(header::IF_RANGE).any(|tag| tag.trim() != etag) {
        return Answer::Whole;
    }
    let Some(range) = has(header::RANGE).next() else {
        return Answer::Whole;
    };
    match range::parse(range, file.bytes) {
        Asked::Whole => Answer::Whole,
        Asked::Part(range) => Answer::Part(range),
        Asked::Outside => Answer::Outside,
    }
}
