//! Leaving the bytes to the front: nginx fetches a file from the object store itself, by a signed URL that no client sees.

use super::respond::{Answer, set};
use axum::http::{HeaderMap, HeaderName, Method, header};
use reelmill_domain::output::OutputFile;
use reelmill_objects::ObjectStore;
use std::time::Duration;
use url::{Position, Url};

/// The slowest client that gets a whole file from one URL, in bytes a second: 1 Mbit/s, at which hardly a film can be watched.
/// The front asks again with the same URL, slice by slice, for as long as its client takes.
const LEAST_RATE: u64 = 125_000;

/// The shortest life of a URL: a small file's client may pause, and clocks differ by some minutes.
const SHORTEST: Duration = Duration::from_secs(600);

/// The longest: whoever finds one in a log has it for a day at most. A client that is slower yet, or has paused for longer, is
/// cut off, asks for the rest by range, and gets a fresh one.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

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
    match objects.presign(&file.key, lifetime(file.bytes)).await {
        Ok(url) => url.as_ref().map(redirect),
        Err(error) => {
            tracing::warn!(%error, "no URL for the front could be made; the file goes through status");
            None
        }
    }
}

/// How long a URL of a file lives: the file's bytes at the least rate, within the bounds.
fn lifetime(bytes: u64) -> Duration {
    Duration::from_secs(bytes / LEAST_RATE).clamp(SHORTEST, LONGEST)
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
    fn a_url_lives_as_long_as_a_slow_client_takes() {
        let hour = 3600;
        for (bytes, seconds) in [
            (0, 600),
            (75_000_000, 600),
            (75_125_000, 601),
            (LEAST_RATE * hour, hour),
            (LEAST_RATE * 24 * hour, 24 * hour),
            (u64::MAX, 24 * hour),
        ] {
            assert_eq!(lifetime(bytes), Duration::from_secs(seconds), "{bytes}");
        }
    }

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
