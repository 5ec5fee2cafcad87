//! Tasks that make nothing, all ready at once, for measurements. Built with the feature `bench` alone.

use super::{OutputPlan, ready};
use crate::job::{Context, Job};
use crate::lane::Lane;
use crate::output::Output;
use crate::preset::BenchRecipe;
use crate::spec::TaskSpec;

/// As many as the preset says. The output counts as made when the last one is done; there is nothing to assemble.
pub(super) fn tasks(
    job: &Job,
    output: &Output,
    recipe: &BenchRecipe,
    cx: &mut Context<'_>,
) -> OutputPlan {
    let spec = if recipe.sleep_s > 0.0 {
        TaskSpec::Sleep {
            ms: (recipe.sleep_s * 1e3).round() as u64,
        }
    } else {
        TaskSpec::Noop
    };
    let task = |cx: &mut Context<'_>| {
        let id = (cx.new_task)();
        ready(
            job,
            output,
            id,
            Lane::encode(),
            recipe.sleep_s,
            spec.clone(),
        )
    };
    OutputPlan::Make {
        tasks: (0..recipe.tasks).map(|_| task(cx)).collect(),
        frames: 0,
    }
}
