//! What the trace of a job must look like, from its upload to its outputs.

use crate::receiver::{Receiver, Span};
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};

/// The spans of a job's trace.
pub struct Story {
    pub spans: Vec<Span>,
}

impl Story {
    /// The one trace in which everything that has to do with a job happened.
    pub fn of(receiver: &Receiver, job: &str) -> Result<Self> {
        let all = receiver.spans();
        let of_job = all
            .iter()
            .filter(|s| s.attributes.get("reelmill.job").is_some_and(|j| j == job));
        let traces: BTreeSet<&str> = of_job.map(|span| span.trace.as_str()).collect();
        ensure!(traces.len() == 1, "traces of the job: {traces:?}");
        let trace = traces.first().context("no trace")?.to_string();
        let spans = all.into_iter().filter(|s| s.trace == trace).collect();
        Ok(Self { spans })
    }

    pub fn named(&self, name: &str) -> Vec<&Span> {
        self.spans.iter().filter(|s| s.name == name).collect()
    }

    pub fn one(&self, name: &str) -> Result<&Span> {
        let found = self.named(name);
        ensure!(found.len() == 1, "{} spans {name}", found.len());
        Ok(found[0])
    }

    /// The names of a span and all that it is a part of, itself first.
    pub fn way_up(&self, span: &Span) -> Vec<String> {
        let by_id: BTreeMap<&str, &Span> = self.spans.iter().map(|s| (s.id.as_str(), s)).collect();
        let mut names = vec![span.name.clone()];
        let mut at = span;
        while let Some(up) = by_id.get(at.parent.as_str()) {
            names.push(up.name.clone());
            at = up;
        }
        names
    }

    /// Every span's parent is in the trace, but for the `roots` (names) whose parent is nobody's or elsewhere.
    pub fn unbroken(&self, root: &str, parent: &str) -> Result<()> {
        let ids: BTreeSet<&str> = self.spans.iter().map(|s| s.id.as_str()).collect();
        ensure!(ids.len() == self.spans.len(), "a span came twice");
        for span in &self.spans {
            if !ids.contains(span.parent.as_str()) {
                ensure!(
                    span.name == root && span.parent == parent,
                    "the parent of {span:?} is missing"
                );
            }
        }
        Ok(())
    }

    /// From the upload to `outputs` published outputs of two tasks each: a span per task and per run of a program.
    pub fn whole(&self, outputs: usize) -> Result<()> {
        let failed: Vec<&Span> = self.spans.iter().filter(|s| s.status == 2).collect();
        ensure!(failed.is_empty(), "{failed:?}");
        ensure!(self.named("output published").len() == outputs);
        ensure!(self.named("task probe").len() == 1);
        ensure!(self.named("task encode").len() == outputs);
        ensure!(self.named("task assemble").len() == outputs);
        ensure!(self.named("task dispatched").len() == 1 + 2 * outputs);
        for published in self.named("output published") {
            let way = self.way_up(published);
            let expected = [
                "output published",
                "event succeeded",
                "task assemble",
                "task dispatched",
                "job submitted",
            ];
            ensure!(way.starts_with(&expected.map(String::from)), "{way:?}");
        }
        for stage in ["fetch", "probe", "encode", "verify", "upload"] {
            ensure!(!self.named(stage).is_empty(), "no span {stage}");
        }
        let (ffmpeg, ffprobe) = (self.named("ffmpeg"), self.named("ffprobe"));
        ensure!(ffmpeg.len() >= outputs, "{} of ffmpeg", ffmpeg.len());
        ensure!(ffprobe.len() > outputs, "{} of ffprobe", ffprobe.len());
        for run in ffmpeg.iter().chain(&ffprobe) {
            let way = self.way_up(run);
            ensure!(way.iter().any(|n| n.starts_with("task ")), "{way:?}");
            ensure!(run.attributes["process.exit.code"] == "0", "{run:?}");
            ensure!(run.attributes.contains_key("reelmill.cpu_s"), "{run:?}");
        }
        for run in ffmpeg {
            ensure!(run.attributes["reelmill.frames"] != "0", "{run:?}");
        }
        for task in self.named("task encode") {
            for name in ["job", "task", "output", "preset", "lane", "worker"] {
                let name = format!("reelmill.{name}");
                ensure!(task.attributes.contains_key(&name), "no {name}: {task:?}");
            }
            ensure!(
                task.attributes["reelmill.outcome"] == "succeeded",
                "{task:?}"
            );
        }
        Ok(())
    }
}
