//! How the picture of an output is made.

use super::rate;
use super::size::{Bounds, encoder_sides, fit};
use crate::media::{Media, Video};
use crate::preset::{Container, Missing, Preset, VideoEncoder, VideoRecipe};
use crate::spec::VideoSpec;

/// The picture, resolved; `None` when the output has none.
///
/// # Errors
/// The reason why the output is skipped.
pub(super) fn resolve(
    preset: &Preset,
    media: &Media,
    cores: u16,
) -> Result<Option<VideoSpec>, String> {
    let Some(recipe) = &preset.video else {
        return Ok(None);
    };
    let Some(video) = &media.video else {
        return match recipe.missing {
            Missing::Omit => Ok(None),
            Missing::Skip => Err("The source has no picture.".into()),
        };
    };
    let shown = video.shown_size();
    let bounds = Bounds {
        width: recipe.max_width,
        height: recipe.max_height,
    }
    .turned_for(shown);
    let (width, height) = shown;
    if recipe.skip_if_smaller && bounds.is_above(shown) {
        let rung = match (bounds.width, bounds.height) {
            (Some(w), Some(h)) => format!("{w}×{h}"),
            (side, other) => format!("{} pixels", side.or(other).unwrap_or_default()),
        };
        return Err(format!(
            "The source has {width}×{height}; it is never enlarged to {rung}."
        ));
    }
    let (least, most) = encoder_sides(recipe.encoder);
    let size = fit(shown, video.has_square_pixels(), bounds, most);
    if size.width < least || size.height < least {
        return Err(format!(
            "The picture would have {}×{}; {} takes none below {least}×{least}.",
            size.width,
            size.height,
            recipe.encoder.name()
        ));
    }
    let constant_rate = needs_constant_rate(preset.container).then(|| rate::constant(video));
    let made_rate = constant_rate.map_or_else(|| rate::average(video), |r| r.as_f64());
    let deep = keeps_depth(recipe.encoder) && video.bit_depth > 8;
    Ok(Some(VideoSpec {
        stream: video.index,
        encoder: recipe.encoder,
        rate: recipe.rate,
        speed: recipe.speed.clone(),
        threads: threads(recipe.encoder, cores),
        width: size.width,
        height: size.height,
        scale: size.scale,
        tone_map: tone_map(video, deep),
        pixel_format: if deep { "yuv420p10le" } else { "yuv420p" }.into(),
        constant_rate,
        keyframe_interval: keyframe_interval(recipe, made_rate),
    }))
}

/// AVI has no frame times at all; Ogg's Theora counts frames. The others keep each frame's own time.
pub(super) fn needs_constant_rate(container: Container) -> bool {
    matches!(container, Container::Avi | Container::Ogg)
}

/// H.265 and AV1 are for new devices and for keeping: those take 10 bits and HDR as they are, and squeezing them would
/// lose for good what a film was made with. The players of all others know 8-bit SDR alone.
fn keeps_depth(encoder: VideoEncoder) -> bool {
    matches!(encoder, VideoEncoder::X265 | VideoEncoder::SvtAv1)
}

fn tone_map(video: &Video, keeps_hdr: bool) -> Option<crate::media::Color> {
    (video.color.is_hdr() && !keeps_hdr).then(|| video.color.clone())
}

/// Fixed by the plan: the same on every worker, because bytes depend on it. x264 wants half as many again as cores, as
/// it would choose by itself; Theora has no threads, and MPEG-4's slices cost bits and are fast anyway.
fn threads(encoder: VideoEncoder, cores: u16) -> u16 {
    let cores = cores.max(1);
    let wanted = match encoder {
        VideoEncoder::X264 => cores.saturating_mul(3) / 2,
        VideoEncoder::X265 | VideoEncoder::Vp9 | VideoEncoder::SvtAv1 => cores,
        VideoEncoder::Theora | VideoEncoder::Mpeg4 => 1,
    };
    wanted.clamp(1, 16)
}

fn keyframe_interval(recipe: &VideoRecipe, rate: f64) -> Option<u32> {
    let frames = (recipe.keyframe_s? * rate).round();
    Some(frames.clamp(1.0, 2400.0) as u32)
}
