//! The sound's part of an encode.

use super::common::Args;
use reelmill_domain::preset::{AudioEncoder, Container};
use reelmill_domain::spec::{AudioEncode, AudioHow, AudioSpec};

pub(super) fn audio(args: &mut Args, spec: &AudioSpec, container: Container) {
    args.pair("-map", format!("0:{}", spec.stream));
    match spec.how {
        AudioHow::Copy { .. } => {
            args.pair("-c:a", "copy");
        }
        AudioHow::Encode(AudioEncode {
            encoder,
            bitrate_kbps,
            channels,
            sample_rate,
        }) => {
            args.pair("-c:a", name(encoder))
                .pair("-b:a", {
                    let kbps = bitrate(encoder, bitrate_kbps, channels, sample_rate);
                    format!("{kbps}k")
                })
                .pair("-filter:a", chain(container, channels, sample_rate));
        }
    }
}

/// Gaps in the source's sound become silence, so that what follows stays in time with the picture. AVI has no start
/// time for a stream: there the time before the first sound is silence too.
fn chain(container: Container, channels: u16, sample_rate: u32) -> String {
    let start = match container {
        Container::Avi => ":first_pts=0",
        _ => "",
    };
    format!(
        "aresample={sample_rate}:async=1{start},aformat=channel_layouts={}",
        layout(channels)
    )
}

fn name(encoder: AudioEncoder) -> &'static str {
    match encoder {
        AudioEncoder::Aac => "aac",
        AudioEncoder::Mp3 => "libmp3lame",
        AudioEncoder::Vorbis => "libvorbis",
        AudioEncoder::Opus => "libopus",
    }
}

/// The layouts that AAC, Vorbis and Opus share; `5.1(side)` for one is refused by Opus.
fn layout(channels: u16) -> &'static str {
    match channels {
        0 | 1 => "mono",
        2 => "stereo",
        3 => "3.0",
        4 => "quad",
        5 => "5.0",
        6 => "5.1",
        7 => "6.1",
        _ => "7.1",
    }
}

/// What the encoder accepts at most: Opus takes 256 kbit/s a channel; Vorbis refuses rates that its tables for the
/// sample rate don't hold (libvorbis, `setup_*.h`, the highest entry per channel).
fn bitrate(encoder: AudioEncoder, kbps: u32, channels: u16, sample_rate: u32) -> u32 {
    let most_per_channel = match (encoder, sample_rate) {
        (AudioEncoder::Opus, _) => 256,
        (AudioEncoder::Vorbis, ..9_000) => 32,
        (AudioEncoder::Vorbis, ..15_000) => 44,
        (AudioEncoder::Vorbis, ..19_000) => 86,
        (AudioEncoder::Vorbis, ..26_000) => 86,
        (AudioEncoder::Vorbis, _) => 190,
        _ => return kbps,
    };
    kbps.min(most_per_channel * u32::from(channels.max(1)))
}
