//! `GET /api/v1/jobs`: a page of jobs, newest first.

#![allow(
    unused_qualifications,
    reason = "the path macro writes out the type of the query"
)]

use super::Shared;
use crate::{owner::OWNER, problems::of_store, view};
use axum::extract::State;
use reelmill_domain::api::{JobView, Page};
use reelmill_runtime::http::{ApiProblem, Json, Problems, Query};
use reelmill_store::read::{self, Cursor};
use serde::Deserialize;
use utoipa::IntoParams;

/// Most jobs on a page.
const MOST: u64 = 200;
/// Jobs on a page when nobody says how many.
const USUAL: u64 = 50;

const STATES: [&str; 8] = [
    "queued",
    "probing",
    "encoding",
    "finishing",
    "completed",
    "partially_completed",
    "failed",
    "cancelled",
];

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Jobs on the page, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only jobs in this state.
    state: Option<String>,
}

/// Jobs, newest first
#[utoipa::path(
    get, path = "/api/v1/jobs", tag = "jobs", operation_id = "list_jobs",
    params(Which),
    responses((status = 200, description = "A page of jobs", body = Page<JobView>), Problems)
)]
pub async fn list(
    State(core): State<Shared>,
    Query(which): Query<Which>,
) -> Result<Json<Page<JobView>>, ApiProblem> {
    let limit = which.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(refused("limit", format!("`limit` is 1 to {MOST}")));
    }
    if let Some(state) = which.state.as_deref().filter(|s| !STATES.contains(s)) {
        return Err(refused(
            "state",
            format!(
                "`{state}` is no state of a job; they are {}",
                STATES.join(", ")
            ),
        ));
    }
    let cursor = match &which.cursor {
        Some(text) => {
            let bad = |_| refused("cursor", "`cursor` is not one that a page gave".to_owned());
            Some(text.parse::<Cursor>().map_err(bad)?)
        }
        None => None,
    };
    // One more than asked: whether there is a next page.
    let mut records = read::page(
        core.store.db(),
        OWNER,
        which.state.as_deref(),
        cursor,
        limit + 1,
    )
    .await
    .map_err(|e| of_store(&e))?;
    let more = records.len() as u64 > limit;
    records.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = records
        .last()
        .filter(|_| more)
        .map(|last| Cursor::after(last).to_string());
    let items = view::of(&core, &records).await.map_err(|e| of_store(&e))?;
    Ok(Json(Page { items, next_cursor }))
}

fn refused(field: &str, detail: String) -> ApiProblem {
    ApiProblem::unprocessable("invalid_query", detail).field(field)
}
