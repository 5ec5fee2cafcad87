//! A poster and a sprite sheet with its WebVTT: one run that makes them, one that decodes them again.

mod vtt;

use crate::encode::{concealed, ffmpeg, folder_of, seen_from, succeeded};
use crate::process::{Order, Seen, run};
use crate::{Cause, FfmpegProgress, RunError, RunLimits, Tools, argv};
use reelmill_domain::event::Warning;
use reelmill_domain::spec::ThumbnailsSpec;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// The poster's name.
pub const POSTER: &str = "poster.jpg";
/// The sprite sheet's name.
pub const SPRITE: &str = "sprite.jpg";
/// The name of the list that says which tile shows when.
pub const TRACK: &str = "sprite.vtt";

/// The files made, by name within the output folder.
pub const FILES: [&str; 3] = [POSTER, SPRITE, TRACK];

/// What was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Pictures {
    /// Tiles on the sheet that show the film.
    pub tiles: u32,
    /// Processor time of ffmpeg, in seconds.
    pub cpu_s: f64,
    /// Errors that ffmpeg met and went on after.
    pub errors: u64,
}

impl Pictures {
    /// What the source's owner should know although the pictures were made.
    pub fn warning(&self) -> Option<Warning> {
        concealed(self.errors)
    }
}

/// Makes [`FILES`] in `folder`, which exists, and decodes the pictures to see that they are what was asked for.
///
/// # Errors
/// See [`RunError`].
pub async fn thumbnails(
    tools: &Tools,
    spec: &ThumbnailsSpec,
    input: &Path,
    folder: &Path,
    limits: &RunLimits,
    on_progress: impl FnMut(FfmpegProgress) + Send,
    cancel: &CancellationToken,
) -> Result<Pictures, RunError> {
    let poster = folder.join(POSTER);
    let folder = folder_of(&poster);
    let args = argv::thumbnails(spec, &seen_from(folder, input), POSTER, SPRITE);
    let (_, made) = ffmpeg(tools, args, folder, limits, on_progress, cancel).await?;
    let sheet = (spec.tile.0 * spec.grid.0, spec.tile.1 * spec.grid.1);
    check(
        tools,
        folder,
        &[(POSTER, spec.poster), (SPRITE, sheet)],
        limits,
        cancel,
    )
    .await?;
    let tiles = vtt::tiles(spec);
    std::fs::write(folder.join(TRACK), vtt::track(spec, SPRITE)).map_err(|error| {
        RunError::bare(match error.kind() {
            std::io::ErrorKind::StorageFull => Cause::DiskFull,
            _ => Cause::NoResult {
                what: format!("{TRACK} could not be written: {error}"),
            },
        })
    })?;
    Ok(Pictures {
        tiles,
        cpu_s: made.cpu_s,
        errors: made.log.errors(),
    })
}

/// Decodes each picture: one frame, of the size asked for.
async fn check(
    tools: &Tools,
    folder: &Path,
    pictures: &[(&str, (u32, u32))],
    limits: &RunLimits,
    cancel: &CancellationToken,
) -> Result<(), RunError> {
    let names: Vec<&str> = pictures.iter().map(|(name, _)| *name).collect();
    let order = Order {
        program: &tools.ffmpeg,
        args: argv::pictures(&names),
        folder,
        limits,
    };
    let mut listing = Vec::new();
    let line = |line: &str| {
        listing.push(line.to_owned());
        Seen::Movement
    };
    let finished = run(order, line, cancel).await?;
    succeeded(&finished)?;
    let wrong = |what: String| {
        Err(RunError {
            cause: Cause::NoResult { what },
            log_tail: finished.log.tail(),
        })
    };
    for (place, (name, (width, height))) in pictures.iter().enumerate() {
        let size = format!("#dimensions {place}: {width}x{height}");
        if !listing.contains(&size) {
            return wrong(format!("{name} is not {width}×{height}"));
        }
        let frame = format!("{place},");
        if listing.iter().filter(|l| l.starts_with(&frame)).count() != 1 {
            return wrong(format!("{name} can't be decoded"));
        }
    }
    match finished.log.first().first() {
        None => Ok(()),
        Some(error) => wrong(format!("its pictures don't decode well: {error}")),
    }
}
