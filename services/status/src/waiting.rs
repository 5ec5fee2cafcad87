//! Why nothing happens to a job, if nothing can. Pure.

use reelmill_domain::{job::Job, lane::Lane};
use reelmill_store::read::Tally;
use std::collections::BTreeSet;

/// Lanes that some worker would take tasks from.
#[derive(Debug, Default)]
pub struct Takers {
    /// Live workers do.
    pub live: BTreeSet<Lane>,
    /// Workers would that are disabled, or have not been enabled yet.
    pub disabled: BTreeSet<Lane>,
}

/// In words for its owner; `None` when something happens, or will.
pub fn waiting_for(job: &Job, tallies: &[Tally], takers: &Takers) -> Option<String> {
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
    if ready.iter().any(|lane| takers.live.contains(*lane)) {
        return None;
    }
    let lane = ready.first()?;
    Some(match takers.disabled.contains(*lane) {
        true => format!("every worker of lane {lane} is disabled; an operator must enable one"),
        false => format!("no live worker takes lane {lane}"),
    })
}
