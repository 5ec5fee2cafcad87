//! The planner: its rules, each on a source that needs it, and whole plans as golden files.

mod anew;
mod expect;
mod picture;
mod sound;
mod whole;

use crate::common::{audio, context, counter, job, media, ordinary, preset, video};
use reelmill_domain::lane::Lane;
use reelmill_domain::media::{Audio, Color, Media, Ratio, Rotation, Video};
use reelmill_domain::plan::{OutputPlan, damage, parts, plan};
use reelmill_domain::preset::Preset;
use reelmill_domain::spec::{
    AssembleSpec, AudioHow, AudioSpec, EncodeSpec, ExpectAnew, Expectation, Frames, TaskSpec,
    ThumbnailsSpec, VideoSpec,
};
use reelmill_domain::task::{Task, TaskState};
use serde_json::json;

fn plan_one(preset: &Preset, media: &Media) -> OutputPlan {
    let mut ids = counter();
    let mut cx = context(&mut ids);
    plan(&job(std::slice::from_ref(preset)), media, &mut cx)
        .remove(0)
        .1
}

fn tasks(preset: &Preset, media: &Media) -> Vec<Task> {
    match plan_one(preset, media) {
        OutputPlan::Make { tasks, .. } => tasks,
        OutputPlan::Skip { reason } => panic!("skipped: {reason}"),
    }
}

fn skipped(preset: &Preset, media: &Media) -> String {
    match plan_one(preset, media) {
        OutputPlan::Skip { reason } => reason,
        OutputPlan::Make { .. } => panic!("not skipped"),
    }
}

fn made(preset: &Preset, media: &Media) -> (EncodeSpec, Expectation) {
    let tasks = tasks(preset, media);
    match (&tasks[0].spec, &tasks[1].spec) {
        (TaskSpec::Encode(encode), TaskSpec::Assemble(assemble)) => {
            (encode.clone(), assemble.expect.clone())
        }
        other => panic!("unexpected tasks: {other:?}"),
    }
}

fn picture(name: &str, source: Video) -> VideoSpec {
    made(&preset(name), &media(Some(source), None))
        .0
        .video
        .unwrap()
}

fn sound(preset: &Preset, source: Audio) -> AudioSpec {
    let media = media(Some(video(640, 360)), Some(source));
    made(preset, &media).0.audio.unwrap()
}

/// Channels, rate and kilobits of encoded sound.
fn encoded(preset: &Preset, source: Audio) -> (u16, u32, u32) {
    match sound(preset, source).how {
        AudioHow::Encode(made) => (made.channels, made.sample_rate, made.bitrate_kbps),
        AudioHow::Copy { .. } => panic!("copied"),
    }
}

fn is_copied(sound: &AudioSpec) -> bool {
    matches!(sound.how, AudioHow::Copy { .. })
}

fn size(spec: &VideoSpec) -> (u32, u32, bool) {
    (spec.width, spec.height, spec.scale)
}

fn inline(value: serde_json::Value) -> Preset {
    let serde_json::Value::Object(object) = value else {
        panic!("not an object");
    };
    Preset::from_json(object).unwrap()
}

fn thumbs(source: Video) -> ThumbnailsSpec {
    let tasks = tasks(&preset("thumbnails"), &media(Some(source), None));
    match &tasks[..] {
        [
            Task {
                spec: TaskSpec::Thumbnails(spec),
                ..
            },
        ] => spec.clone(),
        other => panic!("unexpected tasks: {other:?}"),
    }
}

fn hdr(source: Video) -> Video {
    let color = Color {
        primaries: "bt2020".into(),
        transfer: "smpte2084".into(),
        matrix: "bt2020nc".into(),
        range: "tv".into(),
    };
    Video {
        bit_depth: 10,
        pixel_format: "yuv420p10le".into(),
        color,
        ..source
    }
}
