//! The bounds of a preset. Whatever passes here can be planned and never surprises an encoder.

use super::{
    AudioEncoder, AudioRecipe, Container, ImagesRecipe, Preset, PresetError, Rate, VideoEncoder,
    VideoRecipe,
};
use std::fmt::Display;
use std::ops::RangeInclusive;

/// Checks what the types can't: bounds, and what goes with what. An empty name is fine (an inline preset).
///
/// # Errors
/// [`PresetError::Invalid`] for the first field that is wrong.
pub fn validate(preset: &Preset) -> Result<(), PresetError> {
    name(&preset.name)?;
    text("label", &preset.label, 80)?;
    text("description", &preset.description, 300)?;
    #[cfg(feature = "bench")]
    if let Some(recipe) = &preset.bench {
        return recipe.validate();
    }
    let container = preset.container;
    if container == Container::Images {
        return match (&preset.images, &preset.video, &preset.audio) {
            (Some(recipe), None, None) => images(recipe),
            (None, ..) => wrong("images", "is missing; container `images` needs it"),
            (_, Some(_), _) => wrong("video", "doesn't go with container `images`"),
            (_, _, Some(_)) => wrong("audio", "doesn't go with container `images`"),
        };
    }
    if preset.images.is_some() {
        return wrong("images", "only goes with container `images`");
    }
    match &preset.video {
        Some(recipe) => video(recipe, container)?,
        None if container.is_film() => {
            return wrong("video", "is missing; this container is for films");
        }
        None => {}
    }
    match &preset.audio {
        Some(recipe) => audio(recipe, container),
        None if preset.video.is_none() => wrong("audio", "is missing; nothing would be made"),
        None => Ok(()),
    }
}

fn name(name: &str) -> Result<(), PresetError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.len() <= 40 && name.chars().all(fits) {
        return Ok(());
    }
    wrong(
        "name",
        "must be at most 40 lower-case letters, digits and dashes",
    )
}

fn text(field: &'static str, text: &str, most: usize) -> Result<(), PresetError> {
    if text.chars().count() <= most && !text.chars().any(char::is_control) {
        return Ok(());
    }
    wrong(
        field,
        format!("must be one line of at most {most} characters"),
    )
}

fn video(recipe: &VideoRecipe, container: Container) -> Result<(), PresetError> {
    let encoder = recipe.encoder;
    let allowed = container.video_encoders();
    if !allowed.contains(&encoder) {
        let names: Vec<_> = allowed.iter().map(|e| e.name()).collect();
        return wrong_encoder("video.encoder", container, &names);
    }
    video_rate(encoder, recipe.rate)?;
    speed(encoder, recipe.speed.as_deref())?;
    if let Some(width) = recipe.max_width {
        within("video.max_width", width, 16..=8192)?;
    }
    if let Some(height) = recipe.max_height {
        within("video.max_height", height, 16..=8192)?;
    }
    if recipe.skip_if_smaller && recipe.max_width.is_none() && recipe.max_height.is_none() {
        return wrong(
            "video.skip_if_smaller",
            "needs max_width or max_height to compare with",
        );
    }
    match recipe.keyframe_s {
        Some(seconds) => within("video.keyframe_s", seconds, 0.5..=20.0),
        None => Ok(()),
    }
}

fn video_rate(encoder: VideoEncoder, rate: Rate) -> Result<(), PresetError> {
    use VideoEncoder::{Mpeg4, SvtAv1, Theora, Vp9, X264, X265};
    const FIELD: &str = "video.rate";
    match (encoder, rate) {
        (_, Rate::BitrateKbps(kbps)) => within("video.rate.bitrate_kbps", kbps, 16..=200_000),
        (X264 | X265, Rate::Crf(crf)) => within("video.rate.crf", crf, 0.0..=51.0),
        (Vp9, Rate::Crf(crf)) => within("video.rate.crf", crf, 0.0..=63.0),
        (SvtAv1, Rate::Crf(crf)) => within("video.rate.crf", crf, 1.0..=63.0),
        (Mpeg4, Rate::Quality(q)) => within("video.rate.quality", q, 1.0..=31.0),
        (Theora, Rate::Quality(q)) => within("video.rate.quality", q, 0.0..=10.0),
        (Mpeg4 | Theora, Rate::Crf(_)) => wrong(
            FIELD,
            format!("{} takes quality or bitrate_kbps", encoder.name()),
        ),
        (_, Rate::Quality(_)) => wrong(
            FIELD,
            format!("{} takes crf or bitrate_kbps", encoder.name()),
        ),
    }
}

fn speed(encoder: VideoEncoder, speed: Option<&str>) -> Result<(), PresetError> {
    let speeds = encoder.speeds();
    match speed {
        None => Ok(()),
        Some(speed) if speeds.contains(&speed) => Ok(()),
        Some(_) if speeds.is_empty() => wrong(
            "video.speed",
            format!("{} takes none; leave it out", encoder.name()),
        ),
        Some(_) => wrong(
            "video.speed",
            format!("must be one of {}", speeds.join(", ")),
        ),
    }
}

fn audio(recipe: &AudioRecipe, container: Container) -> Result<(), PresetError> {
    let encoder = recipe.encoder;
    let allowed = container.audio_encoders();
    if !allowed.contains(&encoder) {
        let names: Vec<_> = allowed.iter().map(|e| e.name()).collect();
        return wrong_encoder("audio.encoder", container, &names);
    }
    let most = match encoder {
        AudioEncoder::Mp3 => 320,
        AudioEncoder::Vorbis => 480,
        AudioEncoder::Opus => 510,
        AudioEncoder::Aac => 1536,
    };
    within("audio.bitrate_kbps", recipe.bitrate_kbps, 8..=most)?;
    match recipe.max_channels {
        Some(channels) => within("audio.max_channels", channels, 1..=8),
        None => Ok(()),
    }
}

fn images(recipe: &ImagesRecipe) -> Result<(), PresetError> {
    within("images.poster_width", recipe.poster_width, 16..=4096)?;
    within("images.tile_width", recipe.tile_width, 16..=1024)?;
    within("images.tiles", recipe.tiles, 1..=400)?;
    // A sheet is one picture: it must fit into memory and into JPEG's 65,535 lines.
    let sheet = u64::from(recipe.tile_width).pow(2) * u64::from(recipe.tiles);
    if sheet > MOST_SHEET_PIXELS {
        return wrong(
            "images.tiles",
            format!(
                "too many of that width: tiles × tile_width² may be {MOST_SHEET_PIXELS} at most"
            ),
        );
    }
    Ok(())
}

const MOST_SHEET_PIXELS: u64 = 64_000_000;

/// NaN is within nothing.
fn within<T: PartialOrd + Display>(
    field: &'static str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), PresetError> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    wrong(
        field,
        format!("{value} is out of range; {least} to {most} is allowed"),
    )
}

fn wrong_encoder(
    field: &'static str,
    container: Container,
    allowed: &[&str],
) -> Result<(), PresetError> {
    let holds = if allowed.is_empty() {
        "no such stream".into()
    } else {
        allowed.join(", ")
    };
    wrong(
        field,
        format!("a .{} file holds {holds}", container.extension()),
    )
}

fn wrong(field: &'static str, problem: impl Into<String>) -> Result<(), PresetError> {
    Err(PresetError::Invalid {
        field,
        problem: problem.into(),
    })
}
