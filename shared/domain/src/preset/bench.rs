//! The preset of measurements: tasks that make nothing. Built with the feature `bench` alone; no release has it.

use super::{Container, PresetError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// So many tasks, ready at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BenchRecipe {
    /// How many, 1 to 100 000.
    pub tasks: u32,
    /// How long each sleeps, in seconds, 0 to 3600; 0 does nothing at all.
    #[serde(default)]
    pub sleep_s: f64,
}

impl BenchRecipe {
    /// Checks the bounds.
    pub(super) fn validate(&self) -> Result<(), PresetError> {
        if !(1..=100_000).contains(&self.tasks) {
            return Err(wrong("bench.tasks", "1 to 100000 is allowed"));
        }
        if !(0.0..=3600.0).contains(&self.sleep_s) {
            return Err(wrong("bench.sleep_s", "0 to 3600 is allowed"));
        }
        Ok(())
    }
}

fn wrong(field: &'static str, problem: &str) -> PresetError {
    PresetError::Invalid {
        field,
        problem: problem.to_owned(),
    }
}

impl Default for Container {
    /// So that a preset of measurements need not name a file that it never makes.
    fn default() -> Self {
        Self::Mkv
    }
}
