//! Decodes a file and counts what comes out: one ffprobe run, its frame list folded as it streams.

use super::theora;
use crate::encode::{folder_of, seen_from};
use crate::process::{Finished, Order, Seen, run};
use crate::rows::Row;
use crate::streams::Stream;
use crate::{Cause, FfmpegProgress, RunError, RunLimits, Tools, argv};
use reelmill_domain::spec::SourceLimits;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Outputs are ours; the caps only keep a broken one from doing harm.
const CAPS: SourceLimits = SourceLimits {
    duration_s: u64::MAX,
    pixels: 1 << 28,
    streams: 64,
};

/// Progress is told once per so many frames.
const TELL_EVERY: u64 = 25;

/// What a decoded file turned out to be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// The demuxer's names, comma-separated.
    pub container: String,
    /// The length that the container declares, in seconds; 0 when it declares none.
    pub declared_duration_s: f64,
    /// Its picture.
    pub video: Option<MeasuredVideo>,
    /// Its sound.
    pub audio: Option<MeasuredAudio>,
    /// Streams beyond one picture and one sound.
    pub extra_streams: u32,
    /// What the decoders complained about: the first 8 lines.
    pub errors: Vec<String>,
    /// How many lines they complained in.
    pub error_count: u64,
}

/// A decoded picture stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeasuredVideo {
    /// Codec name as ffprobe calls it.
    pub codec: String,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// Pixel format.
    pub pixel_format: String,
    /// Frames shown: those decoded, and in Theora also those that the file says equal the one before.
    pub frames: u64,
    /// Frames that the file holds, or should hold by its own count, and that did not come out (told by Theora alone).
    pub lost: u64,
    /// Frames per second, as the file declares them; 25 when it doesn't.
    pub rate: f64,
    /// When the first frame shows, in seconds.
    pub start_s: f64,
    /// When the last frame ends, in seconds.
    pub end_s: f64,
    /// Frames whose time did not move on from the frame before.
    pub unordered: u64,
}

/// A decoded sound stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeasuredAudio {
    /// Codec name as ffprobe calls it.
    pub codec: String,
    /// Channels.
    pub channels: u16,
    /// Samples per second.
    pub sample_rate: u32,
    /// Samples decoded, per channel.
    pub samples: u64,
    /// When the first sample sounds, in seconds.
    pub start_s: f64,
    /// When the last sample ends, in seconds.
    pub end_s: f64,
}

/// Decodes all of `file`. `on_progress` gets frames and film time as they come out.
///
/// # Errors
/// ffprobe could not run to its end, or could not open the file. A file that decodes badly is not an error: see
/// [`Measured::errors`].
pub async fn measure(
    tools: &Tools,
    file: &Path,
    limits: &RunLimits,
    mut on_progress: impl FnMut(FfmpegProgress) + Send,
    cancel: &CancellationToken,
) -> Result<Measured, RunError> {
    let folder = folder_of(file);
    let order = Order {
        program: &tools.ffprobe,
        args: argv::measure(&CAPS, &seen_from(folder, file)),
        folder,
        limits,
    };
    let mut fold = Fold::default();
    let line = |line: &str| {
        if let Some(report) = fold.line(line) {
            on_progress(report);
        }
        Seen::Movement
    };
    let finished = run(order, line, cancel).await?;
    if finished.status != 0 {
        return Err(RunError {
            cause: Cause::NoResult {
                what: "the file it made can't be opened".into(),
            },
            log_tail: finished.log.tail(),
        });
    }
    let mut measured = fold.finish(&finished);
    if let Some(video) = &measured.video {
        finished.span.record("reelmill.frames", video.frames);
    }
    if let Some(video) = measured.video.as_mut().filter(|v| v.codec == "theora") {
        still_frames(file, video).await?;
    }
    Ok(measured)
}

/// Corrects what decoding alone knows of a Theora picture.
async fn still_frames(file: &Path, video: &mut MeasuredVideo) -> Result<(), RunError> {
    let path = file.to_owned();
    let read = tokio::task::spawn_blocking(move || theora::frames(&path)).await;
    let found = read.map_err(io::Error::other).and_then(|found| found);
    let frames = found.map_err(|error| {
        RunError::bare(Cause::NoResult {
            what: format!("the frames of the file it made can't be counted: {error}"),
        })
    })?;
    if let Some(frames) = frames {
        video.lost = frames.lost + frames.coded.abs_diff(video.frames);
        video.end_s = video.start_s + frames.all as f64 / video.rate;
        video.frames = frames.all;
    }
    Ok(())
}

/// The frames of one stream so far.
#[derive(Debug, Default)]
struct Track {
    frames: u64,
    samples: u64,
    unordered: u64,
    start: Option<f64>,
    /// Time, length as told, and samples of the last frame.
    last: Option<(f64, f64, u64)>,
    gap_s: f64,
}

impl Track {
    fn frame(&mut self, time: Option<f64>, length_s: f64, samples: u64) {
        self.frames += 1;
        self.samples += samples;
        let Some(time) = time else { return };
        self.start.get_or_insert(time);
        if let Some((before, ..)) = self.last {
            self.unordered += u64::from(time <= before);
            self.gap_s = (time - before).max(0.0);
        }
        self.last = Some((time, length_s, samples));
    }

    fn start_s(&self) -> f64 {
        self.start.unwrap_or(0.0)
    }
}

#[derive(Debug, Default)]
struct Fold {
    tracks: BTreeMap<u32, Track>,
    streams: Vec<Stream>,
    container: String,
    declared_s: f64,
    video_frames: u64,
    seen: u64,
}

impl Fold {
    fn line(&mut self, line: &str) -> Option<FfmpegProgress> {
        let row = Row::new(line);
        match row.section {
            "frame" => return self.frame(row),
            "stream" => self.streams.push(Stream::read(row)),
            "format" => {
                for (key, value) in row.fields() {
                    match key {
                        "format_name" => self.container = value.to_owned(),
                        "duration" => self.declared_s = value.parse().unwrap_or(0.0),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        None
    }

    fn frame(&mut self, row: Row<'_>) -> Option<FfmpegProgress> {
        let (mut stream, mut samples, mut length_s) = (0, 0, 0.0);
        let (mut shown, mut guessed, mut is_video) = (None, None, false);
        for (key, value) in row.fields() {
            match key {
                "media_type" => is_video = value == "video",
                "stream_index" => stream = value.parse().unwrap_or(0),
                "pts_time" => shown = value.parse().ok(),
                "best_effort_timestamp_time" => guessed = value.parse().ok(),
                "duration_time" | "pkt_duration_time" => length_s = value.parse().unwrap_or(0.0),
                "nb_samples" => samples = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        let time: Option<f64> = guessed.or(shown);
        self.tracks
            .entry(stream)
            .or_default()
            .frame(time, length_s, samples);
        self.video_frames += u64::from(is_video);
        self.seen += 1;
        self.seen
            .is_multiple_of(TELL_EVERY)
            .then(|| FfmpegProgress {
                frame: self.video_frames,
                out_time_us: (time.unwrap_or(0.0).max(0.0) * 1e6) as u64,
                ..FfmpegProgress::default()
            })
    }

    fn finish(mut self, finished: &Finished) -> Measured {
        let find = |kind: &str| self.streams.iter().find(|s| s.kind == kind);
        let (picture, sound) = (find("video").cloned(), find("audio").cloned());
        let found = usize::from(picture.is_some()) + usize::from(sound.is_some());
        let mut track = |s: &Stream| self.tracks.remove(&s.index).unwrap_or_default();
        Measured {
            video: picture.as_ref().map(|s| video(s, &track(s))),
            audio: sound.as_ref().map(|s| audio(s, &track(s))),
            extra_streams: u32::try_from(self.streams.len() - found).unwrap_or(u32::MAX),
            container: self.container,
            declared_duration_s: self.declared_s,
            errors: finished.log.first(),
            error_count: finished.log.lines(),
        }
    }
}

fn video(stream: &Stream, track: &Track) -> MeasuredVideo {
    let rate = stream.average_rate.map_or(25.0, |rate| rate.as_f64());
    let end = track.last.map(|(time, length, _)| match length {
        _ if length > 0.0 => time + length,
        _ if track.gap_s > 0.0 => time + track.gap_s,
        _ => time + 1.0 / rate,
    });
    MeasuredVideo {
        codec: stream.codec.clone(),
        width: stream.width.unwrap_or(0),
        height: stream.height.unwrap_or(0),
        pixel_format: stream.pixel_format.clone(),
        frames: track.frames,
        lost: 0,
        rate,
        start_s: track.start_s(),
        end_s: end.unwrap_or(0.0),
        unordered: track.unordered,
    }
}

fn audio(stream: &Stream, track: &Track) -> MeasuredAudio {
    let rate = stream.sample_rate.unwrap_or(0).max(1);
    let end = track
        .last
        .map(|(time, _, samples)| time + samples as f64 / f64::from(rate));
    MeasuredAudio {
        codec: stream.codec.clone(),
        channels: stream.channels.unwrap_or(0),
        sample_rate: stream.sample_rate.unwrap_or(0),
        samples: track.samples,
        start_s: track.start_s(),
        end_s: end.unwrap_or(0.0),
    }
}
