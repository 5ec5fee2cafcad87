//! A poster and a sheet of tiles.

use super::rate;
use super::size::{Bounds, fit};
use crate::job::Job;
use crate::media::Media;
use crate::preset::Preset;
use crate::spec::{SourceLimits, ThumbnailsSpec};

/// JPEG's own bound on a side, made even.
const MOST_SIDE: u32 = 65_500;
/// Columns of a sheet.
const COLUMNS: u32 = 10;

/// What to make of the source.
///
/// # Errors
/// The reason why the output is skipped.
pub(super) fn resolve(
    job: &Job,
    preset: &Preset,
    media: &Media,
    limits: SourceLimits,
) -> Result<ThumbnailsSpec, String> {
    let (Some(recipe), Some(video)) = (&preset.images, &media.video) else {
        return Err("The source has no picture.".into());
    };
    let shown = video.shown_size();
    let square = video.has_square_pixels();
    let poster = Bounds {
        width: Some(recipe.poster_width),
        height: None,
    };
    let poster = fit(shown, square, poster, MOST_SIDE);
    // An upright film's tiles would be taller than wide: both sides are bound, so that a sheet stays within bounds.
    let tile = Bounds {
        width: Some(recipe.tile_width),
        height: Some(recipe.tile_width),
    };
    let tile = fit(shown, square, tile, MOST_SIDE);
    let duration_s = rate::length_s(video);
    let seconds = (duration_s.floor() as u64).max(1);
    let frames = video.frames.max(1);
    let tiles = u64::from(recipe.tiles).min(seconds).min(frames) as u32;
    Ok(ThumbnailsSpec {
        source: job.input.clone(),
        limits,
        stream: video.index,
        duration_s,
        poster: (poster.width, poster.height),
        tile: (tile.width, tile.height),
        grid: (tiles.min(COLUMNS), tiles.div_ceil(COLUMNS)),
        every_s: if duration_s > 0.0 {
            duration_s / f64::from(tiles)
        } else {
            1.0
        },
        tone_map: video.color.is_hdr().then(|| video.color.clone()),
        strict: job.strict,
    })
}
