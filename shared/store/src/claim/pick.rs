//! Whose tasks go next: priority, then fairness between owners, then between jobs, then age. Pure.

use super::backlog::Backlog;
use reelmill_domain::id::JobId;
use std::cmp::Reverse;

/// How many tasks of which job are released when there is room for `capacity`.
pub(super) fn pick(backlog: &Backlog, capacity: u64) -> Vec<(JobId, u64)> {
    let mut waiting = backlog.waiting.clone();
    let (mut jobs, mut owners) = (backlog.busy_jobs.clone(), backlog.busy_owners.clone());
    let mut picked: Vec<(JobId, u64)> = Vec::new();
    for _ in 0..capacity {
        let next = waiting.iter_mut().filter(|w| w.ready > 0).min_by_key(|w| {
            let of_owner = owners.get(&w.owner).copied().unwrap_or(0);
            let of_job = jobs.get(&w.job).copied().unwrap_or(0);
            (Reverse(w.priority), of_owner, of_job, w.since, w.job)
        });
        let Some(next) = next else { break };
        next.ready -= 1;
        *jobs.entry(next.job).or_default() += 1;
        *owners.entry(next.owner.clone()).or_default() += 1;
        match picked.iter_mut().find(|(job, _)| *job == next.job) {
            Some((_, n)) => *n += 1,
            None => picked.push((next.job, 1)),
        }
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::super::backlog::Waiting;
    use super::*;
    use uuid::Uuid;

    fn job(n: u128) -> JobId {
        JobId(Uuid::from_u128(n))
    }

    fn waiting(n: u128, owner: &str, priority: i16, ready: u64) -> Waiting {
        let since = i64::try_from(n).unwrap();
        Waiting {
            job: job(n),
            owner: owner.into(),
            priority,
            since,
            ready,
        }
    }

    #[test]
    fn a_large_job_does_not_starve_a_small_one() {
        let backlog = Backlog {
            waiting: vec![waiting(1, "", 5, 10_000), waiting(2, "", 5, 1)],
            busy_jobs: [(job(1), 3)].into(),
            busy_owners: [(String::new(), 3)].into(),
        };
        assert_eq!(pick(&backlog, 2), [(job(2), 1), (job(1), 1)]);
    }

    #[test]
    fn priority_comes_before_fairness_and_owners_before_jobs() {
        let backlog = Backlog {
            waiting: vec![
                waiting(1, "ann", 5, 4),
                waiting(2, "ann", 5, 4),
                waiting(3, "bob", 5, 4),
                waiting(4, "ann", 9, 1),
            ],
            ..Backlog::default()
        };
        assert_eq!(
            pick(&backlog, 5),
            [(job(4), 1), (job(3), 2), (job(1), 1), (job(2), 1)]
        );
    }

    #[test]
    fn no_more_than_there_is() {
        assert_eq!(
            pick(
                &Backlog {
                    waiting: vec![waiting(1, "", 5, 2)],
                    ..Backlog::default()
                },
                9
            ),
            [(job(1), 2)]
        );
        assert_eq!(pick(&Backlog::default(), 9), []);
    }
}
