//! Folds the packet list: counts and times per stream, never the list itself.

use super::clock::Clock;
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
#[derive(Debug, Default, Clone)]
pub(super) struct Track {
    /// Packets that are shown: those marked discard (before an edit's start) are not counted.
    pub(super) packets: u64,
    pub(super) keyframes: u64,
    pub(super) first: Option<(f64, Option<i64>)>,
    /// Length of the packets before the first one that has a time: Matroska's have none below zero.
    lead_s: f64,
    /// The latest presentation time, and the length of the packet that has it.
    pub(super) last: Option<(f64, f64)>,
    pub(super) rate: RateFit,
    /// Some packets have no presentation time, so that decoding times stand in.
    pub(super) by_decoding: bool,
}

impl Track {
    /// When the first packet starts, in seconds.
    pub(super) fn start_s(&self) -> f64 {
        self.first.map_or(0.0, |(time, _)| time - self.lead_s)
    }

    /// Takes a packet that is shown, its times moved by `shift_s`.
    fn take(&mut self, packet: &Packet, shift_s: f64) {
        self.packets += 1;
        self.keyframes += u64::from(packet.keyframe);
        // AVI and raw streams give decoding times only.
        self.by_decoding |= packet.time.is_none() && packet.dts_time.is_some();
        let Some(time) = packet.time.or(packet.dts_time) else {
            if self.first.is_none() {
                self.lead_s += packet.duration_s.unwrap_or(0.0);
            }
            return;
        };
        let time = time + shift_s;
        if self.first.is_none_or(|(first, _)| time < first) {
            self.first = Some((time, packet.ticks.or(packet.dts_ticks)));
        }
        if self.last.is_none_or(|(last, _)| time >= last) {
            self.last = Some((time, packet.duration_s.unwrap_or(0.0)));
        }
        if packet.is_video {
            self.rate.frame(time);
        }
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
    clock: Clock,
    /// The same on a clock that goes on, once times have started anew.
    joined: Option<BTreeMap<u32, Track>>,
    longest_s: f64,
    longest_joined_s: f64,
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
        let length_s = packet.duration_s.unwrap_or(0.0);
        let shift_s = self.clock.shift_s(packet.stream, packet.dts_time, length_s);
        if shift_s != 0.0 && self.joined.is_none() {
            self.joined = Some(self.tracks.clone());
        }
        self.longest_s = self.longest_s.max(take(&mut self.tracks, &packet, 0.0));
        if let Some(joined) = &mut self.joined {
            let longest_s = take(joined, &packet, shift_s);
            self.longest_joined_s = self.longest_joined_s.max(longest_s);
        }
    }

    /// The most seconds that one stream of picture or sound spans for certain, whichever of both clocks is right.
    pub(super) fn longest_s(&self) -> f64 {
        match self.joined {
            Some(_) => self.longest_s.min(self.longest_joined_s),
            None => self.longest_s,
        }
    }

    /// From here on, times are those of the clock that goes on.
    pub(super) fn join(&mut self) {
        if let Some(joined) = self.joined.take() {
            self.tracks = joined;
        }
    }
}

/// Takes a packet into its track; how long that is now, in seconds.
fn take(tracks: &mut BTreeMap<u32, Track>, packet: &Packet, shift_s: f64) -> f64 {
    let track = tracks.entry(packet.stream).or_default();
    track.take(packet, shift_s);
    track.length_s(0.0)
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
        assert!((got.longest_s() - 0.16).abs() < 1e-9);
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

    #[test]
    fn times_that_start_anew_are_kept_apart_until_the_container_is_known() {
        let line = |time: f64| {
            format!(
                "packet|codec_type=video|stream_index=0|pts_time={time}|dts_time={time}|duration_time=0.2|flags=K_"
            )
        };
        let lines: Vec<String> = [0.0, 0.2, 0.4, 0.0, 0.2].map(line).into();
        let mut got = fold(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        assert!((got.tracks[&0].length_s(0.0) - 0.6).abs() < 1e-9);
        got.join();
        assert!((got.tracks[&0].length_s(0.0) - 1.0).abs() < 1e-9);
        assert_eq!(got.tracks[&0].packets, 5);
    }

    #[test]
    fn packets_before_the_first_time_count() {
        let got = fold(&[
            "packet|codec_type=video|stream_index=0|pts_time=N/A|dts_time=N/A|duration_time=0.04|flags=K_",
            "packet|codec_type=video|stream_index=0|pts_time=0.1|dts_time=N/A|duration_time=0.04|flags=__",
            "packet|codec_type=video|stream_index=0|pts_time=0.02|dts_time=N/A|duration_time=0.04|flags=__",
        ]);
        assert!((got.tracks[&0].start_s() + 0.02).abs() < 1e-9);
        assert!((got.tracks[&0].length_s(0.0) - 0.16).abs() < 1e-9);
    }
}
