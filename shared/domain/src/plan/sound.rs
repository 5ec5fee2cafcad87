//! How the sound of an output is made.

use super::{damage, timeline};
use crate::media::{Audio, Media};
use crate::preset::{AudioEncoder, AudioRecipe, Container, Missing, Preset};
use crate::spec::{AudioEncode, AudioHow, AudioSpec};

/// A copied stream can't be filled up from the front; below this, in seconds, nobody hears that.
const MOST_UNFILLED_S: f64 = 0.02;

/// Layouts that every encoder and player knows: mono, stereo, 5.1, 7.1.
const LAYOUTS: [u16; 4] = [8, 6, 2, 1];

/// The sound, resolved; `None` when the output has none.
///
/// # Errors
/// The reason why the output is skipped.
pub(super) fn resolve(preset: &Preset, media: &Media) -> Result<Option<AudioSpec>, String> {
    let Some(recipe) = &preset.audio else {
        return Ok(None);
    };
    let Some(audio) = media.chosen_audio() else {
        return match recipe.missing {
            Missing::Omit => Ok(None),
            Missing::Skip => Err("The source has no sound.".into()),
        };
    };
    let encode = encode(recipe, audio);
    let how = if can_copy(preset.container, recipe, audio, media) {
        AudioHow::Copy {
            otherwise: Some(encode),
        }
    } else {
        AudioHow::Encode(encode)
    };
    Ok(Some(AudioSpec {
        stream: audio.index,
        how,
    }))
}

fn encode(recipe: &AudioRecipe, audio: &Audio) -> AudioEncode {
    let channels = channels(recipe, audio.channels);
    AudioEncode {
        encoder: recipe.encoder,
        bitrate_kbps: bitrate(recipe, channels),
        channels,
        sample_rate: sample_rate(recipe.encoder, audio.sample_rate),
    }
}

/// Copied when the recipe allows it, the container can hold it, it has no more channels than wanted, and nothing must
/// be put before it. A damaged source's sound is decoded and made anew, so that the damage doesn't go on.
fn can_copy(container: Container, recipe: &AudioRecipe, audio: &Audio, media: &Media) -> bool {
    let in_step =
        !timeline::starts_at_zero(container) || timeline::audio_lead_s(media) < MOST_UNFILLED_S;
    recipe.copy_if_possible
        && damage(media).is_none()
        && holds(container, &audio.codec)
        && recipe
            .max_channels
            .is_none_or(|most| audio.channels <= most)
        && in_step
}

/// Codecs that players of a container expect in it, by ffprobe's names.
fn holds(container: Container, codec: &str) -> bool {
    let codecs: &[&str] = match container {
        Container::Mp4 => &["aac", "mp3", "ac3", "eac3", "alac", "opus"],
        Container::M4a => &["aac", "alac"],
        Container::Mkv => &[
            "aac", "mp3", "mp2", "ac3", "eac3", "dts", "truehd", "alac", "flac", "opus", "vorbis",
        ],
        Container::Webm => &["opus", "vorbis"],
        Container::Ogg => &["vorbis", "opus"],
        Container::Avi => &["mp3", "ac3"],
        Container::Mp3 => &["mp3"],
        Container::Opus => &["opus"],
        Container::Images => &[],
    };
    codecs.contains(&codec)
}

/// The largest known layout that is neither more than the source has, nor than the recipe or the encoder allows. A
/// source with an odd layout (3.0, 6.1) is mixed down to the next.
fn channels(recipe: &AudioRecipe, source: u16) -> u16 {
    let encoder_most = match recipe.encoder {
        AudioEncoder::Mp3 => 2,
        AudioEncoder::Aac | AudioEncoder::Vorbis | AudioEncoder::Opus => 8,
    };
    let most = source
        .min(recipe.max_channels.unwrap_or(8))
        .min(encoder_most);
    LAYOUTS.into_iter().find(|&n| n <= most).unwrap_or(1)
}

/// The recipe's rate is for mono or stereo; more channels get their share more. Bounded by what the encoders accept
/// for so many channels, found by trying.
fn bitrate(recipe: &AudioRecipe, channels: u16) -> u32 {
    let wanted = match channels {
        1 | 2 => recipe.bitrate_kbps,
        n => recipe.bitrate_kbps.saturating_mul(u32::from(n)) * 5 / 12,
    };
    let per_channel = |kbps: u32| kbps * u32::from(channels);
    let (least, most) = match recipe.encoder {
        AudioEncoder::Mp3 => (8, 320),
        AudioEncoder::Opus => (8, per_channel(256)),
        AudioEncoder::Aac => (8, per_channel(288)),
        AudioEncoder::Vorbis => (per_channel(32), per_channel(240)),
    };
    wanted.clamp(least, most)
}

/// Opus runs at 48 kHz. MP3 and Vorbis at CD or film rate: their bounds on bit rates hold there only. AAC keeps the
/// source's rate up to 48 kHz.
fn sample_rate(encoder: AudioEncoder, source: u32) -> u32 {
    const AAC: [u32; 9] = [
        8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
    ];
    let family = if source > 0 && source.is_multiple_of(11_025) {
        44_100
    } else {
        48_000
    };
    match encoder {
        AudioEncoder::Opus => 48_000,
        AudioEncoder::Mp3 | AudioEncoder::Vorbis => family,
        AudioEncoder::Aac if AAC.contains(&source) => source,
        AudioEncoder::Aac => family,
    }
}
