//! Sources and jobs for the tests of this crate.

#![allow(dead_code, reason = "each test file uses its own part")]

use reelmill_domain::id::{JobId, OutputId, SourceId, TaskId};
use reelmill_domain::job::{Context, Job, JobState};
use reelmill_domain::media::{Audio, Color, Media, Ratio, Rotation, Video};
use reelmill_domain::output::Output;
use reelmill_domain::preset::{Preset, by_name, file_names};
use reelmill_domain::spec::{Input, SourceLimits};
use reelmill_domain::time::Timestamp;
use uuid::Uuid;

pub const LIMITS: SourceLimits = SourceLimits {
    duration_s: 86_400,
    pixels: 100_000_000,
    streams: 64,
};

/// A constant 25 fps H.264 picture, ten seconds long.
pub fn video(width: u32, height: u32) -> Video {
    Video {
        index: 0,
        codec: "h264".into(),
        width,
        height,
        rotation: Rotation::None,
        sample_aspect: Ratio { num: 1, den: 1 },
        pixel_format: "yuv420p".into(),
        bit_depth: 8,
        color: Color::default(),
        frame_rate: Ratio { num: 25, den: 1 },
        time_base: Ratio {
            num: 1,
            den: 12_800,
        },
        frames: 250,
        keyframes: 5,
        first_pts: 0,
        duration_s: 10.0,
        start_s: 0.0,
        variable_rate: false,
        interlaced: false,
    }
}

/// AAC sound, ten seconds long.
pub fn audio(channels: u16) -> Audio {
    Audio {
        index: 1,
        codec: "aac".into(),
        channels,
        layout: String::new(),
        sample_rate: 48_000,
        language: String::new(),
        chosen: true,
        start_s: 0.0,
        duration_s: 10.0,
    }
}

pub fn media(video: Option<Video>, audio: Option<Audio>) -> Media {
    Media {
        container: "mov,mp4,m4a,3gp,3g2,mj2".into(),
        bytes: 1_000_000,
        declared_duration_s: 10.0,
        duration_s: 10.0,
        video,
        audio: audio.into_iter().collect(),
        cover_art: false,
        damage: Vec::new(),
    }
}

/// 1280×720 with stereo sound.
pub fn ordinary() -> Media {
    media(Some(video(1280, 720)), Some(audio(2)))
}

pub fn preset(name: &str) -> Preset {
    by_name(name).unwrap().clone()
}

pub fn output_id(n: usize) -> OutputId {
    OutputId(Uuid::from_u128(0x1000 + n as u128))
}

pub fn job(presets: &[Preset]) -> Job {
    let names = file_names("clip.mov", presets);
    let outputs = presets.iter().zip(names).enumerate();
    Job {
        id: JobId(Uuid::from_u128(1)),
        owner: String::new(),
        name: "clip.mov".into(),
        source: SourceId(Uuid::from_u128(2)),
        input: Input {
            key: "sources/2".into(),
            bytes: 1_000_000,
        },
        media: None,
        outputs: outputs
            .map(|(n, (preset, name))| Output::new(output_id(n), preset.clone(), name))
            .collect(),
        priority: 5,
        paused: false,
        strict: false,
        expire_after_s: None,
        state: JobState::Queued,
        warnings: Vec::new(),
    }
}

/// Mints 0x2000, 0x2001, …
pub fn counter() -> impl FnMut() -> TaskId {
    let mut n = 0x2000;
    move || {
        n += 1;
        TaskId(Uuid::from_u128(n - 1))
    }
}

pub fn context(new_task: &mut dyn FnMut() -> TaskId) -> Context<'_> {
    Context {
        now: Timestamp(1_000_000),
        new_task,
        max_attempts: 3,
        limits: LIMITS,
        cores: 2,
    }
}
