//! Reading and writing tus's headers.

use super::VERSION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use reelmill_domain::time::Timestamp;
use reelmill_runtime::http::ApiProblem;
use reelmill_store::uploads::Upload;
use std::time::{Duration, UNIX_EPOCH};

/// Content type of bytes for an upload.
const OFFSET_OCTETS: &str = "application/offset+octet-stream";

/// Refuses other versions of tus with 412; a missing one where only a tus client can be asking (`must`).
pub fn check_version(headers: &HeaderMap, must: bool) -> Result<(), ApiProblem> {
    match headers.get("tus-resumable") {
        Some(version) if version == VERSION => Ok(()),
        None if !must => Ok(()),
        _ => Err(ApiProblem::new(
            StatusCode::PRECONDITION_FAILED,
            "unsupported_tus_version",
            format!("send `Tus-Resumable: {VERSION}`"),
        )
        .header(
            HeaderName::from_static("tus-version"),
            HeaderValue::from_static(VERSION),
        )),
    }
}

/// A header that is a number of bytes.
pub fn number(headers: &HeaderMap, name: &'static str) -> Result<Option<u64>, ApiProblem> {
    let Some(text) = text(headers, name)? else {
        return Ok(None);
    };
    // `parse` alone would take a plus sign; the database's integers end at 2^63.
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<u64>() {
        Ok(number) if digits && i64::try_from(number).is_ok() => Ok(Some(number)),
        _ => Err(invalid(name, "it must be a number of bytes")),
    }
}

/// A header as text.
pub fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, ApiProblem> {
    headers
        .get(name)
        .map(|value| {
            value
                .to_str()
                .map_err(|_| invalid(name, "it must be ASCII"))
        })
        .transpose()
}

/// 400 for a header.
pub fn invalid(name: &str, why: &str) -> ApiProblem {
    ApiProblem::bad_request("invalid_header", format!("{name}: {why}")).field(name)
}

/// Whether a body comes for the upload.
pub fn has_octets(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == OFFSET_OCTETS)
}

/// 415 unless the body is for the upload.
pub fn check_octets(headers: &HeaderMap) -> Result<(), ApiProblem> {
    match has_octets(headers) {
        true => Ok(()),
        false => Err(ApiProblem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            format!("send `Content-Type: {OFFSET_OCTETS}`"),
        )),
    }
}

/// Offset and expiry of an upload, for an answer.
pub fn state_of(upload: &Upload) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("upload-offset", HeaderValue::from(upload.offset));
    if let Some(Ok(date)) = upload.expires_at.map(http_date) {
        headers.insert("upload-expires", date);
    }
    headers
}

fn http_date(at: Timestamp) -> Result<HeaderValue, header::InvalidHeaderValue> {
    let since = Duration::from_millis(u64::try_from(at.0).unwrap_or_default());
    HeaderValue::try_from(httpdate::fmt_http_date(UNIX_EPOCH + since))
}
