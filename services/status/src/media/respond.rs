//! The headers of a media answer. Names come from users: they are quoted and encoded, never trusted.

use super::conditions::etag;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use reelmill_domain::output::OutputFile;
use reelmill_runtime::http::ApiProblem;
use std::{fmt::Write as _, ops::Range};

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200
    Whole,
    /// 206
    Part(Range<u64>),
    /// 304
    Unchanged,
    /// 416
    Outside,
}

/// Puts the answer together.
pub fn respond(answer: &Answer, file: &OutputFile, download: bool, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    set(headers, header::ETAG, &etag(file));
    set(headers, header::ACCEPT_RANGES, "bytes");
    // Its owner's alone; the tag is asked again each time, because an output may expire.
    set(headers, header::CACHE_CONTROL, "private, no-cache");
    let length = match answer {
        Answer::Whole => Some(file.bytes),
        Answer::Part(range) => {
            set(
                headers,
                header::CONTENT_RANGE,
                &format!("bytes {}-{}/{}", range.start, range.end - 1, file.bytes),
            );
            Some(range.end - range.start)
        }
        Answer::Unchanged | Answer::Outside => None,
    };
    if let Some(length) = length {
        set(headers, header::CONTENT_LENGTH, &length.to_string());
        set(headers, header::CONTENT_TYPE, &file.content_type);
        set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(
            headers,
            header::CONTENT_DISPOSITION,
            &disposition(&file.name, download),
        );
    }
    *response.status_mut() = match answer {
        Answer::Whole => StatusCode::OK,
        Answer::Part(_) => StatusCode::PARTIAL_CONTENT,
        Answer::Unchanged => StatusCode::NOT_MODIFIED,
        Answer::Outside => StatusCode::RANGE_NOT_SATISFIABLE,
    };
    response
}

/// 416, with the size for the client to ask again.
pub fn outside(file: &OutputFile) -> ApiProblem {
    let problem = ApiProblem::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "range_not_satisfiable",
        format!(
            "the range lies outside of the file, which has {} bytes",
            file.bytes
        ),
    );
    match HeaderValue::try_from(format!("bytes */{}", file.bytes)) {
        Ok(size) => problem.header(header::CONTENT_RANGE, size),
        Err(_) => problem,
    }
}

/// What can't be a header value is left out; what is set here always can.
pub fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// RFC 6266: a plain name for old clients, and the real one in UTF-8 (RFC 8187).
fn disposition(name: &str, download: bool) -> String {
    let kind = if download { "attachment" } else { "inline" };
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_encoded() {
        let shown = disposition("né \"x\"\r\n.mkv", false);
        assert_eq!(
            shown,
            "inline; filename=\"n_ _x___.mkv\"; filename*=UTF-8''n%C3%A9%20%22x%22%0D%0A.mkv"
        );
        assert!(disposition("clip.mkv", true).starts_with("attachment; filename=\"clip.mkv\""));
    }
}
