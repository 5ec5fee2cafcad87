//! Whose tasks go next, among those of one priority: fairness between owners, then between jobs, then age. Pure.

use super::backlog::{Busy, Waiting};
use reelmill_domain::id::JobId;

/// How many tasks of which job are released when there is room for `capacity`.
pub(super) fn pick(waiting: &[Waiting], busy: &Busy, capacity: u64) -> Vec<(JobId, u64)> {
    let (mut waiting, mut busy) = (waiting.to_vec(), busy.clone());
    let mut picked: Vec<(JobId, u64)> = Vec::new();
    for _ in 0..capacity {
        let next = waiting.iter_mut().filter(|w| w.ready > 0).min_by_key(|w| {
            let of_owner = busy.owners.get(&w.owner).copied().unwrap_or(0);
            let of_job = busy.jobs.get(&w.job).copied().unwrap_or(0);
            (of_owner, of_job, w.since, w.job)
        });
        let Some(next) = next else { break };
        next.ready -= 1;
        busy.add(next.job, &next.owner, 1);
        match picked.iter_mut().find(|(job, _)| *job == next.job) {
            Some((_, n)) => *n += 1,
            None => picked.push((next.job, 1)),
        }
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn job(n: u128) -> JobId {
        JobId(Uuid::from_u128(n))
    }

    fn waiting(n: u128, owner: &str, ready: u64) -> Waiting {
        let since = i64::try_from(n).unwrap();
        Waiting {
            job: job(n),
            owner: owner.into(),
            since,
            ready,
        }
    }

    #[test]
    fn a_large_job_does_not_starve_a_small_one() {
        let mut busy = Busy::default();
        busy.add(job(1), "", 3);
        let level = [waiting(1, "", 10_000), waiting(2, "", 1)];
        assert_eq!(pick(&level, &busy, 2), [(job(2), 1), (job(1), 1)]);
    }

    #[test]
    fn fairness_between_owners_comes_before_fairness_between_jobs() {
        let level = [
            waiting(1, "ann", 4),
            waiting(2, "ann", 4),
            waiting(3, "bob", 4),
        ];
        assert_eq!(
            pick(&level, &Busy::default(), 5),
            [(job(1), 2), (job(3), 2), (job(2), 1)]
        );
    }

    #[test]
    fn no_more_than_there_is() {
        let level = [waiting(1, "", 2)];
        assert_eq!(pick(&level, &Busy::default(), 9), [(job(1), 2)]);
        assert_eq!(pick(&[], &Busy::default(), 9), []);
    }
}
