//! Why nothing happens to a job, if nothing can. Pure.

use reelmill_domain::{job::Job, lane::Lane};
use reelmill_store::read::Tally;
use std::collections::BTreeSet;

/// In words for its owner; `None` when something happens, or will.
pub fn waiting_for(job: &Job, tallies: &[Tally], live: &BTreeSet<Lane>) -> Option<String> {
    if job.state.is_terminal() {
        return None;
    }
    let mine = || tallies.iter().filter(|t| t.job == job.id);
    if mine().any(|t| matches!(t.state.as_str(), "running" | "dispatched")) {
        return None;
    }
    if job.paused {
        return Some("it is paused".to_owned());
    }
    let ready: BTreeSet<&Lane> = mine()
        .filter(|t| t.state == "ready")
        .map(|t| &t.lane)
        .collect();
    if ready.iter().any(|lane| live.contains(*lane)) {
        return None;
    }
    ready
        .first()
        .map(|lane| format!("no live worker takes lane {lane}"))
}
