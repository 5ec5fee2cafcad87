//! What a source is: one ffprobe run, its packet list folded as it streams. Nothing of the list is kept.

mod choice;
mod clock;
mod damage;
mod error;
mod packets;
mod rate;
mod refusal;

pub use error::ProbeError;

use crate::encode::{folder_of, seen_from};
use crate::process::{Finished, Order, Seen, run};
use crate::rows::Row;
use crate::streams::Stream;
use crate::{Cause, RunError, RunLimits, Tools, argv};
use packets::Packets;
use reelmill_domain::media::Media;
use reelmill_domain::spec::SourceLimits;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// How much of a file's beginning is looked at by ourselves.
const HEAD: u64 = 4096;

/// Finds out what `input` is. `on_progress` gets the fraction of the file read, 0 to 1.
///
/// # Errors
/// See [`ProbeError`].
pub async fn probe(
    tools: &Tools,
    input: &Path,
    limits: &SourceLimits,
    run: &RunLimits,
    on_progress: impl FnMut(f64) + Send,
    cancel: &CancellationToken,
) -> Result<Media, ProbeError> {
    let (bytes, head) = beginning(input).map_err(|source| unreadable(tools, source))?;
    if bytes == 0 {
        return Err(ProbeError::EmptyFile);
    }
    let (listing, finished) = list(tools, input, bytes, limits, run, on_progress, cancel).await?;
    if listing.packets.longest_s() > limits.duration_s as f64 {
        return Err(ProbeError::TooLong {
            limit_s: limits.duration_s,
        });
    }
    if finished.status != 0 {
        return Err(refusal::not_opened(&finished, &head, limits));
    }
    if listing.streams.len() as u64 > u64::from(limits.streams) {
        return Err(ProbeError::TooManyStreams {
            limit: limits.streams,
        });
    }
    media(listing, &finished, bytes, limits)
}

/// What ffprobe listed.
#[derive(Debug, Default)]
struct Listing {
    packets: Packets,
    streams: Vec<Stream>,
    container: String,
    declared_s: Option<f64>,
}

impl Listing {
    fn read(&mut self, line: &str) {
        let row = Row::new(line);
        match row.section {
            "packet" => self.packets.read(row),
            "stream" => self.stream(Stream::read(row)),
            "format" => {
                for (key, value) in row.fields() {
                    match key {
                        "format_name" => self.container = value.to_owned(),
                        "duration" => self.declared_s = value.parse().ok(),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    /// MPEG-TS lists its streams twice: by its programs, and by themselves.
    fn stream(&mut self, stream: Stream) {
        if self.streams.iter().all(|known| known.index != stream.index) {
            self.streams.push(stream);
        }
    }
}

async fn list(
    tools: &Tools,
    input: &Path,
    bytes: u64,
    limits: &SourceLimits,
    bounds: &RunLimits,
    mut on_progress: impl FnMut(f64) + Send,
    cancel: &CancellationToken,
) -> Result<(Listing, Finished), RunError> {
    let folder = folder_of(input);
    let order = Order {
        program: &tools.ffprobe,
        args: argv::probe(limits, &seen_from(folder, input)),
        folder,
        limits: bounds,
    };
    let mut listing = Listing::default();
    let mut told = 0.0;
    let line = |line: &str| {
        listing.read(line);
        let fraction = (listing.packets.position as f64 / bytes as f64).min(1.0);
        // Every packet would be far more often than anyone looks.
        if fraction >= told + 0.01 {
            told = fraction;
            on_progress(fraction);
        }
        if listing.packets.longest_s() > limits.duration_s as f64 {
            Seen::Enough
        } else {
            Seen::Movement
        }
    };
    let finished = run(order, line, cancel).await?;
    Ok((listing, finished))
}

fn media(
    mut listing: Listing,
    finished: &Finished,
    bytes: u64,
    limits: &SourceLimits,
) -> Result<Media, ProbeError> {
    if clock::may_restart(&listing.container) {
        listing.packets.join();
    }
    let damage = damage::damage(&finished.log, &listing.packets);
    let streams = &listing.streams;
    let picture = choice::picture(streams, &listing.packets);
    let sound = choice::sound(streams, &listing.packets);
    if picture.is_none() && sound.is_none() {
        let over = refusal::over_cap(&finished.log.tail(), limits);
        return Err(over.unwrap_or_else(|| choice::nothing(streams)));
    }
    let audio: Vec<_> = choice::sounds(streams, &listing.packets)
        .filter_map(|stream| {
            let track = listing.packets.tracks.get(&stream.index)?;
            let chosen = sound.is_some_and(|s| s.index == stream.index);
            Some(choice::audio(stream, track, chosen))
        })
        .collect();
    let tracks = &mut listing.packets.tracks;
    let video = match picture {
        Some(stream) => {
            let track = tracks.remove(&stream.index).unwrap_or_default();
            Some(choice::video(stream, track, limits)?)
        }
        None => None,
    };
    let duration_s = span(
        video.as_ref().map(|v| (v.start_s, v.duration_s)),
        audio
            .iter()
            .find(|a| a.chosen)
            .map(|a| (a.start_s, a.duration_s)),
    );
    // Told by the packets' times already, but for streams that have none.
    if duration_s > limits.duration_s as f64 {
        return Err(ProbeError::TooLong {
            limit_s: limits.duration_s,
        });
    }
    Ok(Media {
        container: listing.container,
        bytes,
        declared_duration_s: listing.declared_s.unwrap_or(0.0).max(0.0),
        duration_s,
        video,
        audio,
        cover_art: listing.streams.iter().any(|s| s.is_cover),
        damage,
    })
}

/// From the earliest start to the latest end of the chosen streams (start, length), in seconds.
fn span(video: Option<(f64, f64)>, audio: Option<(f64, f64)>) -> f64 {
    let both = || video.into_iter().chain(audio);
    let start = both().map(|(start, _)| start).fold(f64::INFINITY, f64::min);
    let end = both()
        .map(|(start, length)| start + length)
        .fold(f64::NEG_INFINITY, f64::max);
    if end > start { end - start } else { 0.0 }
}

/// The file's size and its first bytes.
fn beginning(input: &Path) -> io::Result<(u64, Vec<u8>)> {
    let file = File::open(input)?;
    let bytes = file.metadata()?.len();
    let mut head = Vec::new();
    file.take(HEAD).read_to_end(&mut head)?;
    Ok((bytes, head))
}

fn unreadable(tools: &Tools, source: io::Error) -> ProbeError {
    let program = tools.ffprobe.file_name().unwrap_or_default();
    ProbeError::Run(RunError::bare(Cause::Pipe {
        program: program.to_string_lossy().into_owned(),
        source,
    }))
}
