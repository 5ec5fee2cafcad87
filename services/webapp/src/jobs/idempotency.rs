//! `Idempotency-Key`: two sends of one key are one job.

use axum::http::HeaderMap;
use reelmill_runtime::http::ApiProblem;

/// Longest key, in bytes.
const LONGEST: usize = 255;

/// The key of a request, if it has one.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, ApiProblem> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match key.to_str() {
        Ok(key) if (1..=LONGEST).contains(&key.len()) && !key.contains(' ') => {
            Ok(Some(key.to_owned()))
        }
        _ => Err(ApiProblem::bad_request(
            "invalid_header",
            format!("Idempotency-Key: it must be 1 to {LONGEST} visible characters of ASCII"),
        )
        .field("Idempotency-Key")),
    }
}

/// 422: the key was used for something else.
pub(super) fn reused() -> ApiProblem {
    ApiProblem::unprocessable(
        "idempotency_key_reused",
        "this Idempotency-Key came with another body before; use a new one",
    )
}

/// 410: the job that the key made was deleted.
pub(super) fn deleted() -> ApiProblem {
    ApiProblem::gone(
        "job_deleted",
        "the job that this Idempotency-Key made has been deleted; use a new one",
    )
}
