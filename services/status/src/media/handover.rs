//! Leaving the bytes to the front: nginx fetches a file from the object store itself, by a signed URL that no client sees.

use super::respond::{Answer, set};
use axum::http::{HeaderMap, HeaderName, Method, header};
use reelmill_domain::output::OutputFile;
use reelmill_objects::ObjectStore;
use std::time::Duration;
use url::{Position, Url};

/// The front asks again with the same URL, slice by slice, for as long as a slow client takes.
const TTL: Duration = Duration::from_secs(6 * 3600);

const X_ACCEL_REDIRECT: HeaderName = HeaderName::from_static("x-accel-redirect");

/// Whether the front can give this answer by what it sees of the request. It honours a `Range` by itself, but not our reasons
/// to ignore one.
pub fn fits(method: &Method, headers: &HeaderMap, answer: &Answer) -> bool {
    let ranged = headers.contains_key(header::RANGE);
    method == Method::GET
        && match answer {
            Answer::Whole => !ranged,
            Answer::Part(_) => true,
            Answer::Unchanged | Answer::Outside => false,
        }
}

/// Where the front finds a file; `None` when the store has no URLs, or can't make one now.
pub async fn location(objects: &dyn ObjectStore, file: &OutputFile) -> Option<String> {
    match objects.presign(&file.key, TTL).await {
        Ok(url) => url.as_ref().map(redirect),
        Err(error) => {
            tracing::warn!(%error, "no URL for the front could be made; the file goes through status");
            None
        }
    }
}

/// Sends the front there.
pub fn send_to(headers: &mut HeaderMap, location: &str) {
    // It knows the length, and which part, when it has the file.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_RANGE);
    set(headers, X_ACCEL_REDIRECT, location);
}

/// `/_objects/<scheme>/<authority>/<path>?<query>`. nginx decodes the path once, so it is encoded once more.
fn redirect(url: &Url) -> String {
    let (scheme, path) = (url.scheme(), url.path().replace('%', "%25"));
    let authority = &url[Position::BeforeHost..Position::AfterPort];
    let query = url.query().map(|query| format!("?{query}"));
    format!(
        "/_objects/{scheme}/{authority}{path}{}",
        query.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nginx_gets_the_url_in_one_piece() {
        for (url, expected) in [
            (
                "http://127.0.0.1:8080/b/outputs/a%20b.mkv?X-Amz-Credential=k%2F2026&X-Amz-Signature=ab",
                "/_objects/http/127.0.0.1:8080/b/outputs/a%2520b.mkv?X-Amz-Credential=k%2F2026&X-Amz-Signature=ab",
            ),
            (
                "https://bucket.s3.amazonaws.com/x",
                "/_objects/https/bucket.s3.amazonaws.com/x",
            ),
        ] {
            assert_eq!(redirect(&Url::parse(url).unwrap()), expected);
        }
    }
}
