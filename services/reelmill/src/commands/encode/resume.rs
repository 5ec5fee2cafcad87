//! What an earlier call left: which of its jobs can go on, and what they have finished already.

use super::{local::Local, plan::Wanted, plan::recipe, record::Record};
use reelmill_domain::{id::JobId, job::Job};
use std::collections::BTreeSet;

/// The job that an earlier call began for this source, if it is still there.
pub async fn begun(local: &Local, record: &Record, want: &Wanted) -> anyhow::Result<Option<Job>> {
    for asked in record.asked.iter().rev() {
        if asked.source == want.source
            && let Some(job) = local.job(asked.job).await?
        {
            return Ok(Some(job));
        }
    }
    Ok(None)
}

/// Whether a job makes exactly what is still missing, by the recipes of today.
pub fn goes_on(job: &Job, missing: &BTreeSet<&str>, want: &Wanted) -> bool {
    let live = job.outputs.iter().filter(|o| !o.state.is_terminal());
    let live: BTreeSet<&str> = live.map(|o| o.preset.name.as_str()).collect();
    !job.state.is_terminal() && live == *missing && job.outputs.iter().all(|o| same_recipe(want, o))
}

/// Whether an output was made by the recipe that its preset has today.
pub fn same_recipe(want: &Wanted, output: &reelmill_domain::output::Output) -> bool {
    want.outputs
        .iter()
        .filter(|goal| goal.preset.name == output.preset.name)
        .all(|goal| match (recipe(goal.preset), recipe(&output.preset)) {
            (Ok(now), Ok(then)) => now == then,
            _ => false,
        })
}

/// Ends every job of earlier calls but those in `keep`: nothing is encoded that nobody asked for.
pub async fn end_others(
    local: &Local,
    record: &mut Record,
    keep: &BTreeSet<JobId>,
) -> anyhow::Result<()> {
    let (kept, others): (Vec<_>, Vec<_>) = std::mem::take(&mut record.asked)
        .into_iter()
        .partition(|asked| keep.contains(&asked.job));
    record.asked = kept;
    for asked in others {
        local.drop_job(asked.job).await?;
    }
    Ok(())
}
