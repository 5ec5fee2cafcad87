//! What of a damaged source ffmpeg can decode, on the very way that an encode takes: the same demuxer, decoders and
//! frame passing, but nothing encoded.

use crate::encode::{folder_of, seen_from, succeeded};
use crate::process::{Order, Seen, run};
use crate::{FfmpegProgress, RunError, RunLimits, Tools, argv};
use reelmill_domain::media::{Media, Ratio};
use reelmill_domain::spec::SourceLimits;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Progress is told once per so many frames.
const TELL_EVERY: u64 = 25;

/// What comes out of a source, on the same way that an encode takes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decodable {
    /// Frames of the chosen picture; 0 without one.
    pub frames: u64,
    /// From the first frame's start to the last frame's end, in seconds; 0 without a picture.
    pub duration_s: f64,
    /// Sound of the chosen stream, from its start to its end, in seconds; 0 without one.
    pub audio_s: f64,
    /// When the picture begins, in seconds from the source's first stamp; 0 without one.
    pub start_s: f64,
    /// When the sound begins, likewise.
    pub audio_start_s: f64,
    /// How many lines the decoders complained in.
    pub error_count: u64,
}

/// Decodes the chosen streams of `source`, as `media` (its probe) names them.
///
/// # Errors
/// ffmpeg could not run to its end.
pub async fn decodable(
    tools: &Tools,
    source: &Path,
    media: &Media,
    caps: &SourceLimits,
    limits: &RunLimits,
    mut on_progress: impl FnMut(FfmpegProgress) + Send,
    cancel: &CancellationToken,
) -> Result<Decodable, RunError> {
    let folder = folder_of(source);
    let video = media.video.as_ref().map(|v| v.index);
    let audio = media.chosen_audio().map(|a| a.index);
    let order = Order {
        program: &tools.ffmpeg,
        args: argv::decode(caps, video, audio, &seen_from(folder, source)),
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
    succeeded(&finished)?;
    Ok(fold.finish(finished.log.lines()))
}

/// One stream of the `framecrc` listing.
#[derive(Debug, Clone, Copy)]
struct Track {
    is_video: bool,
    tick: Ratio,
    frames: u64,
    /// First start and last end, in ticks.
    span: Option<(i64, i64)>,
}

impl Track {
    fn start_s(&self) -> f64 {
        self.span.map_or(0.0, |(start, _)| self.seconds(start))
    }

    fn length_s(&self) -> f64 {
        self.span
            .map_or(0.0, |(start, end)| self.seconds(end - start))
    }

    fn seconds(&self, ticks: i64) -> f64 {
        ticks as f64 * self.tick.as_f64()
    }
}

#[derive(Debug, Default)]
struct Fold {
    /// At most one picture and one sound: by their place in the listing.
    tracks: Vec<Track>,
}

impl Fold {
    /// `#tb 0: 1/90000`, `#media_type 0: video`, `0, dts, pts, duration, size, checksum`.
    fn line(&mut self, line: &str) -> Option<FfmpegProgress> {
        if let Some(rest) = line.strip_prefix("#tb ") {
            let (_, tick) = rest.split_once(": ")?;
            let (num, den) = tick.split_once('/')?;
            self.tracks.push(Track {
                is_video: false,
                tick: Ratio::new(num.trim().parse().ok()?, den.trim().parse().ok()?)?,
                frames: 0,
                span: None,
            });
            return None;
        }
        if line.starts_with("#media_type ") {
            let last = self.tracks.last_mut()?;
            last.is_video = line.ends_with("video");
            return None;
        }
        let mut fields = line.split(',').map(str::trim);
        let stream: usize = fields.next()?.parse().ok()?;
        let start: i64 = fields.nth(1)?.parse().ok()?;
        let length: i64 = fields.next()?.parse().ok()?;
        let track = self.tracks.get_mut(stream)?;
        track.frames += 1;
        let (first, last) = track.span.unwrap_or((start, start));
        track.span = Some((first.min(start), last.max(start + length.max(0))));
        (track.is_video && track.frames.is_multiple_of(TELL_EVERY)).then(|| FfmpegProgress {
            frame: track.frames,
            out_time_us: (track.length_s() * 1e6) as u64,
            ..FfmpegProgress::default()
        })
    }

    fn finish(self, error_count: u64) -> Decodable {
        let find = |is_video: bool| self.tracks.iter().find(|t| t.is_video == is_video);
        let (video, audio) = (find(true), find(false));
        Decodable {
            frames: video.map_or(0, |t| t.frames),
            duration_s: video.map_or(0.0, Track::length_s),
            audio_s: audio.map_or(0.0, Track::length_s),
            start_s: video.map_or(0.0, Track::start_s),
            audio_start_s: audio.map_or(0.0, Track::start_s),
            error_count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_listing() {
        let listing = "#software: Lavf\n#tb 0: 1/90000\n#media_type 0: video\n#codec_id 0: wrapped_avframe\n\
            #tb 1: 1/48000\n#media_type 1: audio\n0,          0,          0,     3600,      472, 0x4a8818cc\n\
            1,        480,        480,     1024,    12288, 0x833eafce\n0,       3600,       3600,     3600,      472, 0x1\n\
            1,       1504,       1504,     1024,    12288, 0x1\n";
        let mut fold = Fold::default();
        listing.lines().for_each(|line| {
            fold.line(line);
        });
        let got = fold.finish(3);
        assert_eq!((got.frames, got.error_count), (2, 3));
        assert!((got.duration_s - 0.08).abs() < 1e-9);
        assert!((got.audio_s - 2048.0 / 48_000.0).abs() < 1e-9);
        assert_eq!(got.start_s, 0.0);
        assert!((got.audio_start_s - 0.01).abs() < 1e-9);
    }
}
