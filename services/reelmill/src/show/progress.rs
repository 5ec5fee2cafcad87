//! A bar per output while a job runs: drawn on a terminal, plain lines when a state changes otherwise.

use super::{
    amounts::{bytes, clock},
    note, one_line,
};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use reelmill_domain::{api::JobView, id::OutputId};
use std::{collections::BTreeMap, io::IsTerminal};

/// How finely a bar moves.
const STEPS: u64 = 1000;

/// The bars of some jobs. Drawn on stderr, so that results on stdout stay clean.
pub struct Bars {
    drawn: Option<MultiProgress>,
    outputs: BTreeMap<OutputId, Line>,
}

struct Line {
    bar: Option<ProgressBar>,
    state: String,
}

impl Bars {
    /// Nothing to show yet. `quiet` shows nothing ever (for `--json`).
    pub fn new(quiet: bool) -> Self {
        Self {
            drawn: (!quiet && std::io::stderr().is_terminal()).then(MultiProgress::new),
            outputs: BTreeMap::new(),
        }
    }

    /// A bar for bytes on their way, if bars are drawn.
    pub fn transfer(&self, label: &str, total: u64) -> Option<ProgressBar> {
        let bar = ProgressBar::new(total);
        if let Some(style) =
            style("{prefix:<24.cyan} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(label.to_owned());
        Some(self.drawn.as_ref()?.add(bar))
    }

    /// Shows how far a job is. `label` names it when there are several.
    pub fn show(&mut self, label: &str, job: &JobView) {
        for output in &job.outputs {
            let name = format!("{label} {}", output.preset).trim().to_owned();
            let drawn = self.drawn.as_ref();
            let line = self.outputs.entry(output.id).or_insert_with(|| Line {
                bar: drawn.map(|all| all.add(output_bar(&name))),
                state: String::new(),
            });
            if is_final(&line.state) && line.state == output.state {
                continue;
            }
            let words = match output.state.as_str() {
                "published" => output.bytes.map(bytes).unwrap_or_default(),
                "failed" => output
                    .error
                    .as_ref()
                    .map(|e| one_line(&e.message))
                    .unwrap_or_default(),
                "skipped" => output.reason.as_deref().map(one_line).unwrap_or_default(),
                _ => running(output.speed, output.eta_s),
            };
            if let Some(bar) = &line.bar {
                bar.set_position((output.progress.clamp(0.0, 1.0) * STEPS as f64) as u64);
                bar.set_message(format!("{} {words}", output.state));
                if is_final(&output.state) {
                    bar.abandon();
                }
            } else if line.state != output.state {
                // Why it was not made comes at the end, with all the rest.
                note(format!("{name}: {}", output.state));
            }
            line.state.clone_from(&output.state);
        }
    }

    /// Leaves the bars where they are: what comes next begins on a line of its own.
    pub fn finish(&self) {
        if self.drawn.is_some() && !self.outputs.is_empty() {
            note("");
        }
    }

    /// A line above the bars.
    pub fn say(&self, text: &str) {
        match &self.drawn {
            // A bar that can't be drawn is no reason to stop.
            Some(all) => all.println(text).unwrap_or_default(),
            None => note(text),
        }
    }
}

fn running(speed: Option<f64>, eta_s: Option<f64>) -> String {
    let speed = speed.map(|s| format!("{s:.1}×"));
    let left = eta_s.map(|s| format!("{} left", clock(s)));
    [speed, left]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

fn is_final(state: &str) -> bool {
    matches!(
        state,
        "published" | "failed" | "cancelled" | "skipped" | "expired"
    )
}

fn output_bar(name: &str) -> ProgressBar {
    let bar = ProgressBar::new(STEPS);
    if let Some(style) = style("{prefix:<24.cyan} {bar:30} {percent:>3}% {wide_msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(name.to_owned());
    bar
}

/// Our templates are right; should indicatif think otherwise, its own look will do.
fn style(template: &str) -> Option<ProgressStyle> {
    ProgressStyle::with_template(template)
        .ok()
        .map(|style| style.progress_chars("━╸─"))
}
