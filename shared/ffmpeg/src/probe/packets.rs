//! Folds the packet list: counts and times per stream, never the list itself.

use super::rate::RateFit;
use crate::rows::Row;
use std::collections::BTreeMap;

/// One packet, as far as it matters.
#[derive(Debug, Default)]
struct Packet {
    is_video: bool,
    is_audio: bool,
    stream: u32,
    ticks: Option<i64>,
    dts_ticks: Option<i64>,
    time: Option<f64>,
    dts_time: Option<f64>,
    duration_s: Option<f64>,
    position: Option<u64>,
    keyframe: bool,
    discard: bool,
    corrupt: bool,
}

impl Packet {
    fn read(row: Row<'_>) -> Self {
        let mut packet = Self::default();
        for (key, value) in row.fields() {
            match key {
                "codec_type" => {
                    packet.is_video = value == "video";
                    packet.is_audio = value == "audio";
                }
                "stream_index" => packet.stream = value.parse().unwrap_or_default(),
                "pts" => packet.ticks = value.parse().ok(),
                "dts" => packet.dts_ticks = value.parse().ok(),
                "pts_time" => packet.time = value.parse().ok(),
                "dts_time" => packet.dts_time = value.parse().ok(),
                "duration_time" => packet.duration_s = value.parse().ok(),
                "pos" => packet.position = value.parse().ok(),
                "flags" => {
                    packet.keyframe = value.contains('K');
                    packet.discard = value.contains('D');
                    packet.corrupt = value.contains('C');
                }
                _ => {}
            }
        }
        packet
    }
}

/// What is known of one stream's packets.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// Packets that are shown: those marked discard (before an edit's start) are not counted.
    pub(super) packets: u64,
    pub(super) keyframes: u64,
    pub(super) first: Option<(f64, Option<i64>)>,
    /// The latest presentation time, and the length of the packet that has it.
    pub(super) last: Option<(f64, f64)>,
    pub(super) rate: RateFit,
    /// Some packets have no presentation time, so that decoding times stand in.
    pub(super) by_decoding: bool,
}

impl Track {
    /// When the first packet starts, in seconds.
    pub(super) fn start_s(&self) -> f64 {
        self.first.map_or(0.0, |(time, _)| time)
    }

    /// From the first packet's start to the last one's end; `gap_s` stands in for a last length that is not known.
    pub(super) fn length_s(&self, gap_s: f64) -> f64 {
        let end = self.last.map_or(0.0, |(time, length)| {
            time + if length > 0.0 { length } else { gap_s }
        });
        (end - self.start_s()).max(0.0)
    }
}

/// All packets so far.
#[derive(Debug, Default)]
pub(super) struct Packets {
    pub(super) tracks: BTreeMap<u32, Track>,
    /// Packets that the demuxer marked as damaged.
    pub(super) corrupt: u64,
    /// How far into the file they reach, in bytes.
    pub(super) position: u64,
    /// The most seconds that one stream of picture or sound spans.
    pub(super) longest_s: f64,
}

impl Packets {
    /// Takes a `packet` line.
    pub(super) fn read(&mut self, row: Row<'_>) {
        let packet = Packet::read(row);
        self.position = self.position.max(packet.position.unwrap_or(0));
        if !packet.is_video && !packet.is_audio {
            return;
        }
        self.corrupt += u64::from(packet.corrupt);
        if packet.discard {
            return;
        }
        let track = self.tracks.entry(packet.stream).or_default();
        track.packets += 1;
        track.keyframes += u64::from(packet.keyframe);
        // AVI and raw streams give decoding times only.
        track.by_decoding |= packet.time.is_none();
        let Some(time) = packet.time.or(packet.dts_time) else {
            return;
        };
        if track.first.is_none_or(|(first, _)| time < first) {
            track.first = Some((time, packet.ticks.or(packet.dts_ticks)));
        }
        if track.last.is_none_or(|(last, _)| time >= last) {
            track.last = Some((time, packet.duration_s.unwrap_or(0.0)));
        }
        if packet.is_video {
            track.rate.frame(time);
        }
        self.longest_s = self.longest_s.max(track.length_s(0.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(lines: &[&str]) -> Packets {
        let mut packets = Packets::default();
        lines.iter().for_each(|line| packets.read(Row::new(line)));
        packets
    }

    #[test]
    fn counts_shown_packets_and_their_span() {
        let got = fold(&[
            "packet|codec_type=audio|stream_index=1|pts_time=-0.021333|duration_time=0.021333|flags=KD",
            "packet|codec_type=audio|stream_index=1|pts_time=0.000000|duration_time=0.021333|pos=700|flags=K_",
            "packet|codec_type=video|stream_index=0|pts=0|pts_time=0.000000|duration_time=0.040000|pos=48|flags=K_",
            "packet|codec_type=video|stream_index=0|pts=1536|pts_time=0.120000|duration_time=0.040000|flags=__",
            "packet|codec_type=video|stream_index=0|pts=512|pts_time=0.040000|duration_time=0.040000|flags=__C",
            "packet|codec_type=subtitle|stream_index=2|pts_time=99.000000|flags=K_",
        ]);
        let video = &got.tracks[&0];
        assert_eq!((video.packets, video.keyframes), (3, 1));
        assert!((video.length_s(0.0) - 0.16).abs() < 1e-9);
        assert_eq!(got.tracks[&1].packets, 1);
        assert_eq!(got.tracks[&1].start_s(), 0.0);
        assert_eq!((got.corrupt, got.position), (1, 700));
        assert!((got.longest_s - 0.16).abs() < 1e-9);
    }

    #[test]
    fn decoding_times_stand_in() {
        let got = fold(&[
            "packet|codec_type=video|stream_index=0|pts=N/A|dts=3|dts_time=0.120000|flags=K_",
            "packet|codec_type=video|stream_index=0|pts=N/A|dts=4|dts_time=0.160000|flags=__",
        ]);
        assert!(got.tracks[&0].by_decoding);
        assert_eq!(got.tracks[&0].first, Some((0.12, Some(3))));
        assert!((got.tracks[&0].length_s(0.04) - 0.08).abs() < 1e-9);
    }
}
