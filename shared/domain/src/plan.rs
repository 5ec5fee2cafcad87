//! The planner: media × recipes → a graph of tasks with dependencies, lanes, expected cost, and the stored expectation.
//!
//! It alone decides what is made: whatever changes bytes is settled here, so that any worker makes the same file. It
//! never looks at workers or at what else is queued.

use crate::id::{OutputId, TaskId};
use crate::job::{Context, Job};
use crate::lane::Lane;
use crate::media::Media;
use crate::output::Output;
use crate::preset::{Preset, by_name};
use crate::spec::{AssembleSpec, EncodeSpec, TaskSpec};
use crate::task::{Task, TaskState};

#[cfg(feature = "bench")]
mod bench;
mod cost;
mod damage;
mod expect;
mod pictures;
mod rate;
mod size;
mod sound;
mod timeline;
mod video;

pub use damage::damage;

/// What is to be done for one output.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputPlan {
    /// These tasks, the last of which makes the output.
    Make {
        /// In order of dependency.
        tasks: Vec<Task>,
        /// Frames of the whole output; 0 without a picture.
        frames: u64,
    },
    /// Nothing, for this reason.
    Skip {
        /// For the job's owner.
        reason: String,
    },
}

/// Plans every output of a job that still waits for a plan. The source must be known.
pub fn plan(job: &Job, media: &Media, cx: &mut Context<'_>) -> Vec<(OutputId, OutputPlan)> {
    job.outputs
        .iter()
        .filter(|o| !o.state.is_terminal() && o.planned.is_none())
        .map(|o| {
            #[cfg(feature = "bench")]
            if let Some(recipe) = &o.preset.bench {
                return (o.id, bench::tasks(job, o, recipe, cx));
            }
            let made = if o.preset.images.is_some() {
                thumbnails(job, o, media, cx)
            } else {
                film(job, o, media, cx)
            };
            (
                o.id,
                made.unwrap_or_else(|reason| OutputPlan::Skip { reason }),
            )
        })
        .collect()
}

/// How many of these tasks each make a part of the output: the steps that its progress is counted in.
pub fn parts(tasks: &[Task]) -> u32 {
    let count = tasks.iter().filter(|t| t.spec.makes_part()).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// One encode of the whole, then joining and verifying.
fn film(
    job: &Job,
    output: &Output,
    media: &Media,
    cx: &mut Context<'_>,
) -> Result<OutputPlan, String> {
    let preset = &output.preset;
    let picture = video::resolve(preset, media, cx.cores)?;
    let sound = sound::resolve(preset, media)?;
    if picture.is_none() && sound.is_none() {
        return Err("The source has nothing that this preset makes.".into());
    }
    let made = timeline::made(preset.container, media, picture.as_ref(), sound.as_ref());
    let expect = expect::expectation(
        preset.container,
        media,
        picture.as_ref(),
        sound.as_ref(),
        &made,
    );

    let spec = EncodeSpec {
        preset: known_name(preset),
        source: job.input.clone(),
        limits: cx.limits,
        video: picture,
        audio: sound,
        container: preset.container,
        frames: made.frames,
        duration_s: made.duration_s(),
    };
    let encode_s = cost::encode(&spec, media);
    let assemble_s = cost::assemble(&spec);
    let encode_id = (cx.new_task)();
    let encode = ready(
        job,
        output,
        encode_id,
        Lane::encode(),
        encode_s,
        TaskSpec::Encode(spec),
    );
    let assemble = TaskSpec::Assemble(AssembleSpec {
        source: job.input.clone(),
        limits: cx.limits,
        container: preset.container,
        file_name: format!("output.{}", preset.container.extension()),
        expect,
        strict: job.strict,
    });
    let assemble_id = (cx.new_task)();
    let assemble = Task {
        needs: vec![encode_id],
        state: TaskState::Waiting { on: 1 },
        ..ready(
            job,
            output,
            assemble_id,
            Lane::light(),
            assemble_s,
            assemble,
        )
    };
    Ok(OutputPlan::Make {
        tasks: vec![encode, assemble],
        frames: made.frames,
    })
}

/// The name of a shipped preset. What an inline one calls itself says nothing, and there is no end of such names.
fn known_name(preset: &Preset) -> String {
    match by_name(&preset.name) {
        Some(shipped) if shipped == preset => preset.name.clone(),
        _ => String::new(),
    }
}

/// One task that makes and checks them all.
fn thumbnails(
    job: &Job,
    output: &Output,
    media: &Media,
    cx: &mut Context<'_>,
) -> Result<OutputPlan, String> {
    let spec = pictures::resolve(job, &output.preset, media, cx.limits)?;
    let cost_s = cost::thumbnails(&spec, media);
    let id = (cx.new_task)();
    let task = ready(
        job,
        output,
        id,
        Lane::encode(),
        cost_s,
        TaskSpec::Thumbnails(spec),
    );
    Ok(OutputPlan::Make {
        tasks: vec![task],
        frames: 0,
    })
}

fn ready(job: &Job, output: &Output, id: TaskId, lane: Lane, cost_s: f64, spec: TaskSpec) -> Task {
    Task {
        id,
        job: job.id,
        output: Some(output.id),
        lane,
        spec,
        cost_s,
        needs: Vec::new(),
        state: TaskState::Ready,
        attempt: 0,
        failures: 0,
        losses: 0,
        avoid: None,
    }
}
