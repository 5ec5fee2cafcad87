//! What became of each output, for the end of the command.

use super::plan::Wanted;
use crate::show;
use reelmill_domain::{event::Warning, output::OutputState, preset::Preset};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What became of every output.
#[derive(Debug)]
pub struct Report {
    lines: Vec<Line>,
}

/// What became of one output.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    source: PathBuf,
    preset: String,
    /// The file, or the folder of pictures.
    output: PathBuf,
    state: State,
    /// Why it failed or was skipped.
    reason: Option<String>,
    /// What its owner should know of what was made, such as that the source is damaged.
    warnings: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// Not yet.
    Unfinished,
    /// By an earlier call.
    FinishedBefore,
    /// By this call.
    Made,
    /// Not made, for a reason that lies in source and preset.
    Skipped,
    /// Could not be made.
    Failed,
}

impl Report {
    /// Nothing has happened yet.
    pub fn of(out: &Path, wanted: &[Wanted]) -> Self {
        let lines = wanted.iter().flat_map(|w| {
            w.outputs.iter().map(|goal| Line {
                source: w.source.path.clone(),
                preset: goal.preset.name.clone(),
                output: out.join(&goal.to),
                state: if goal.done {
                    State::FinishedBefore
                } else {
                    State::Unfinished
                },
                reason: None,
                warnings: Vec::new(),
            })
        });
        Self {
            lines: lines.collect(),
        }
    }

    /// An output is in its place.
    pub fn made(&mut self, source: &Path, preset: &Preset) {
        self.set(source, preset, State::Made, None);
    }

    /// A job has ended, or could not begin: what it says of an output that is not in its place.
    pub fn ended(&mut self, source: &Path, preset: &Preset, how: &OutputState) {
        match how {
            OutputState::Skipped { reason } => {
                self.set(source, preset, State::Skipped, Some(reason.clone()))
            }
            OutputState::Failed(error) => self.failed(source, preset, error.message.clone()),
            OutputState::Cancelled => self.failed(source, preset, "it was cancelled".into()),
            OutputState::Expired { .. } => self.failed(source, preset, "it has expired".into()),
            OutputState::Published(_)
            | OutputState::Waiting
            | OutputState::Encoding(_)
            | OutputState::Assembling(_) => {}
        }
    }

    /// A job has ended: what it warns of concerns all that was made of the source.
    pub fn warned(&mut self, source: &Path, warnings: &[Warning]) {
        let made = |l: &&mut Line| l.source == source && l.state == State::Made;
        for line in self.lines.iter_mut().filter(made) {
            line.warnings = warnings
                .iter()
                .map(|w| show::one_line(&w.message))
                .collect();
        }
    }

    /// An output could not be made.
    pub fn failed(&mut self, source: &Path, preset: &Preset, reason: String) {
        self.set(source, preset, State::Failed, Some(reason));
    }

    fn set(&mut self, source: &Path, preset: &Preset, state: State, reason: Option<String>) {
        for line in &mut self.lines {
            if line.source == source && line.preset == preset.name && line.state != State::Made {
                line.state = state;
                line.reason = reason.as_deref().map(show::one_line);
            }
        }
    }

    /// Whether nothing failed and nothing is missing.
    pub fn all_well(&self) -> bool {
        self.lines
            .iter()
            .all(|l| !matches!(l.state, State::Failed | State::Unfinished))
    }

    /// Prints it.
    pub fn print(&self, json: bool, interrupted: bool) -> anyhow::Result<()> {
        if json {
            return show::json(&self.lines);
        }
        for line in &self.lines {
            let reason = line.reason.as_deref().unwrap_or_default();
            let (preset, output) = (&line.preset, line.output.display());
            match line.state {
                State::Made => show::line(format!("{output}")),
                State::FinishedBefore => show::line(format!("{output} (finished before)")),
                State::Skipped => show::note(format!("{output}: skipped, {reason}")),
                State::Failed => show::note(format!("{output}: {preset} failed, {reason}")),
                State::Unfinished => {}
            }
            for warning in &line.warnings {
                show::note(format!("{output}: warning, {warning}"));
            }
        }
        if interrupted {
            show::note("stopped; run the same command again to continue");
        }
        Ok(())
    }
}
