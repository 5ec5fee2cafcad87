//! Which picture and which sound outputs use, by stated rules, and what `Media` says of them.

use super::ProbeError;
use super::packets::{Packets, Track};
use crate::streams::Stream;
use reelmill_domain::media::{Audio, Ratio, Video};
use reelmill_domain::spec::SourceLimits;
use std::cmp::Reverse;

/// The picture: of the streams that are not covers, that have a size and at least one packet, the one marked default,
/// then the one with the most pixels, then the first.
pub(super) fn picture<'a>(streams: &'a [Stream], packets: &Packets) -> Option<&'a Stream> {
    streams
        .iter()
        .filter(|s| s.kind == "video" && !s.is_cover && s.pixels() > 0 && is_usable(s, packets))
        .max_by_key(|s| (s.is_default, s.pixels(), Reverse(s.index)))
}

/// The sound: of the streams that have channels and at least one packet, the one marked default, then the one with
/// the most channels, then the first.
pub(super) fn sound<'a>(streams: &'a [Stream], packets: &Packets) -> Option<&'a Stream> {
    sounds(streams, packets).max_by_key(|s| (s.is_default, s.channels, Reverse(s.index)))
}

/// Every sound stream that can be used.
pub(super) fn sounds<'a>(
    streams: &'a [Stream],
    packets: &Packets,
) -> impl Iterator<Item = &'a Stream> {
    streams.iter().filter(|s| {
        s.kind == "audio"
            && s.channels.unwrap_or(0) > 0
            && s.sample_rate.unwrap_or(0) > 0
            && is_usable(s, packets)
    })
}

fn is_usable(stream: &Stream, packets: &Packets) -> bool {
    let track = packets.tracks.get(&stream.index);
    !stream.codec.is_empty() && track.is_some_and(|track| track.packets > 0)
}

/// Why there is neither picture nor sound.
pub(super) fn nothing(streams: &[Stream]) -> ProbeError {
    let plays = |s: &&Stream| matches!(s.kind.as_str(), "video" | "audio") && !s.is_cover;
    match streams.iter().find(plays) {
        None if streams.iter().any(|s| s.is_cover) => ProbeError::OnlyCoverArt,
        None => ProbeError::NoStreams,
        Some(stream) if stream.codec.is_empty() => ProbeError::Unreadable {
            what: "it is coded in a way that is not known here".into(),
        },
        Some(_) => ProbeError::Unreadable {
            what: "the streams it declares are empty".into(),
        },
    }
}

/// The picture's facts.
pub(super) fn video(
    stream: &Stream,
    track: Track,
    limits: &SourceLimits,
) -> Result<Video, ProbeError> {
    if stream.pixels() > limits.pixels {
        return Err(ProbeError::TooManyPixels {
            limit: limits.pixels,
        });
    }
    let (frames, keyframes) = (track.packets, track.keyframes);
    let (first, last, by_decoding) = (track.first, track.last, track.by_decoding);
    let start_s = track.start_s();
    let fitted = track.rate.finish([stream.average_rate, stream.real_rate]);
    let gap_s = if fitted.last_gap_s > 0.0 {
        fitted.last_gap_s
    } else {
        1.0 / fitted.rate.as_f64()
    };
    // A frame shows so much later than it is decoded.
    let late_s = match by_decoding && first.is_some() {
        true => f64::from(stream.held_back.unwrap_or(0)) / fitted.rate.as_f64(),
        false => 0.0,
    };
    let start_s = start_s + late_s;
    // A raw stream has no times at all: its frames come at its rate.
    let end_s = last.map_or(frames as f64 / fitted.rate.as_f64(), |(time, length)| {
        time + late_s + if length > 0.0 { length } else { gap_s }
    });
    Ok(Video {
        index: stream.index,
        codec: stream.codec.clone(),
        width: stream.width.unwrap_or(0),
        height: stream.height.unwrap_or(0),
        rotation: stream.turn(),
        sample_aspect: stream.sample_aspect.unwrap_or(Ratio { num: 1, den: 1 }),
        pixel_format: stream.pixel_format.clone(),
        bit_depth: stream.bit_depth(),
        color: stream.color.clone(),
        frame_rate: fitted.rate,
        time_base: stream.time_base.unwrap_or(Ratio {
            num: 1,
            den: 90_000,
        }),
        frames,
        keyframes,
        first_pts: first.and_then(|(_, ticks)| ticks).unwrap_or(0),
        duration_s: (end_s - start_s).max(0.0),
        start_s,
        variable_rate: fitted.variable,
        interlaced: stream.is_interlaced(),
    })
}

/// A sound's facts.
pub(super) fn audio(stream: &Stream, track: &Track, chosen: bool) -> Audio {
    Audio {
        index: stream.index,
        codec: stream.codec.clone(),
        channels: stream.channels.unwrap_or(1),
        layout: stream.layout.clone(),
        sample_rate: stream.sample_rate.unwrap_or(0),
        language: stream.language.clone(),
        chosen,
        start_s: track.start_s(),
        duration_s: track.length_s(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Row;

    fn world(lines: &[&str]) -> (Vec<Stream>, Packets) {
        let streams: Vec<Stream> = lines.iter().map(|l| Stream::read(Row::new(l))).collect();
        let mut packets = Packets::default();
        for stream in &streams {
            let line = format!(
                "packet|codec_type={}|stream_index={}|pts_time=0.0|flags=K_",
                stream.kind, stream.index
            );
            packets.read(Row::new(&line));
        }
        (streams, packets)
    }

    fn chosen(lines: &[&str]) -> (Option<u32>, Option<u32>) {
        let (streams, packets) = world(lines);
        let index = |s: Option<&Stream>| s.map(|s| s.index);
        (
            index(picture(&streams, &packets)),
            index(sound(&streams, &packets)),
        )
    }

    #[test]
    fn default_then_most_then_first() {
        let small = "stream|index=0|codec_name=h264|codec_type=video|width=320|height=180";
        let large = "stream|index=1|codec_name=h264|codec_type=video|width=640|height=360";
        let twin = "stream|index=2|codec_name=h264|codec_type=video|width=640|height=360";
        assert_eq!(chosen(&[small, large, twin]).0, Some(1));
        let marked = format!("{small}|disposition:default=1");
        assert_eq!(chosen(&[&marked, large]).0, Some(0));
        let stereo = "stream|index=3|codec_name=aac|codec_type=audio|channels=2|sample_rate=48000";
        let surround =
            "stream|index=4|codec_name=ac3|codec_type=audio|channels=6|sample_rate=48000";
        assert_eq!(chosen(&[stereo, surround]).1, Some(4));
        let marked = format!("{stereo}|disposition:default=1");
        assert_eq!(chosen(&[&marked, surround]).1, Some(3));
    }

    #[test]
    fn covers_and_empty_streams_are_passed_over() {
        let cover = "stream|index=0|codec_name=png|codec_type=video|width=900|height=900|disposition:attached_pic=1";
        assert_eq!(chosen(&[cover]), (None, None));
        let (streams, _) = world(&[cover]);
        assert_eq!(nothing(&streams).code(), "only_cover_art");
        let film = "stream|index=1|codec_name=h264|codec_type=video|width=320|height=180";
        let (streams, _) = world(&[cover, film]);
        assert!(picture(&streams, &Packets::default()).is_none());
        assert_eq!(nothing(&streams).code(), "unreadable_media");
        assert_eq!(nothing(&[]).code(), "no_streams");
    }
}
