//! The page: files built from `ui/`, inside the executable. What Vite names by its content is cached for good, the rest is
//! asked for again each time.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::{EmbeddedFile, RustEmbed};

/// The staged files; see `build.rs`.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/page"]
struct Page;

/// A route for every file, and `/` for the page itself.
pub fn router() -> Router {
    Page::iter()
        .filter(|path| !path.ends_with(".gz"))
        .fold(Router::new(), |router, path| {
            let address = match path.as_ref() {
                "index.html" => "/".to_owned(),
                other => format!("/{other}"),
            };
            router.route(
                &address,
                get(async move |headers: HeaderMap| serve(&path, &headers)),
            )
        })
}

fn serve(path: &str, headers: &HeaderMap) -> Response {
    let packed = takes_gzip(headers)
        .then(|| Page::get(&format!("{path}.gz")))
        .flatten();
    let is_packed = packed.is_some();
    let Some(file) = packed.or_else(|| Page::get(path)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = etag(&file);
    let mut answer = HeaderMap::new();
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    answer.insert(header::CACHE_CONTROL, caching(path));
    if let Ok(tag) = HeaderValue::try_from(&tag) {
        answer.insert(header::ETAG, tag);
    }
    let known = headers.get_all(header::IF_NONE_MATCH).iter();
    if known
        .filter_map(|known| known.to_str().ok())
        .any(|known| known.contains(&tag))
    {
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }
    answer.insert(header::CONTENT_TYPE, content_type(path));
    if is_packed {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    (answer, Body::from(file.data)).into_response()
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value.split(',').any(|one| {
                let mut parts = one.split(';').map(str::trim);
                parts.next() == Some("gzip") && !parts.any(|q| matches!(q, "q=0" | "q=0.0"))
            })
        })
}

/// Of the bytes as they are sent.
fn etag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash[..16].iter().map(|b| format!("{b:02x}")).collect();
    format!("\"{hex}\"")
}

fn caching(path: &str) -> HeaderValue {
    HeaderValue::from_static(match path.starts_with("assets/") {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    })
}

fn content_type(path: &str) -> HeaderValue {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let text = kind.type_() == "text" || kind.subtype() == "javascript";
    let kind = match text {
        true => format!("{kind}; charset=utf-8"),
        false => kind.to_string(),
    };
    HeaderValue::try_from(kind).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}
