//! A clock that goes on where a file's timestamps start anew (`cat a.ts b.ts`), by ffmpeg's own rule, so that what is
//! measured here is what an encode makes. Only containers whose times may restart are read with it.

use std::collections::BTreeMap;

/// Further than this from the time that is due, in either direction, is a new beginning; in seconds (ffmpeg's
/// `-dts_delta_threshold`).
const FAR_S: f64 = 10.0;

/// So is any step back from the packet before that is longer than this, in seconds.
const BACK_S: f64 = 0.1;

/// Demuxers with ffmpeg's `AVFMT_TS_DISCONT`, as far as they are let in.
const RESTARTING: [&str; 3] = ["mpegts", "mpeg", "ogg"];

/// Whether times may start anew within such a file, by its demuxer's name.
pub(super) fn may_restart(container: &str) -> bool {
    RESTARTING.contains(&container)
}

/// Where the clock stands, in seconds on itself.
#[derive(Debug, Default)]
pub(super) struct Clock {
    shift_s: f64,
    /// Last decoding time, and the one due next, per stream.
    streams: BTreeMap<u32, (f64, f64)>,
    last: Option<f64>,
}

impl Clock {
    /// A packet's decoding time and length: what must be added to its times. Anything but zero means that times have
    /// started anew.
    pub(super) fn shift_s(&mut self, stream: u32, decoded: Option<f64>, length_s: f64) -> f64 {
        let Some(decoded) = decoded else {
            return self.shift_s;
        };
        let time = decoded + self.shift_s;
        let jump_s = match self.streams.get(&stream) {
            Some((before, due)) => {
                let off = time - due;
                (off.abs() > FAR_S || time + BACK_S < *before).then_some(off)
            }
            // A stream that begins late is measured by the others.
            None => self.last.map(|l| time - l).filter(|off| off.abs() > FAR_S),
        };
        self.shift_s -= jump_s.unwrap_or(0.0);
        let time = decoded + self.shift_s;
        self.streams.insert(stream, (time, time + length_s));
        self.last = Some(time);
        self.shift_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on_where_times_start_anew() {
        let mut clock = Clock::default();
        for n in 0..10 {
            let shift = clock.shift_s(0, Some(100.0 + f64::from(n) * 0.04), 0.04);
            assert_eq!(shift, 0.0);
        }
        let shift = clock.shift_s(0, Some(1.4), 0.04);
        assert!((shift - 99.0).abs() < 1e-9, "{shift}");
        // The other stream follows, and the next restart is counted from there.
        assert_eq!(clock.shift_s(1, Some(1.41), 0.02), shift);
        assert_eq!(clock.shift_s(0, None, 0.04), shift);
        let shift = clock.shift_s(0, Some(0.04), 0.04);
        assert!((shift - 100.4).abs() < 1e-9, "{shift}");
    }

    #[test]
    fn a_gap_or_a_small_step_back_is_no_new_beginning() {
        let mut clock = Clock::default();
        for time in [0.0, 0.04, 0.03, 9.0, 8.95] {
            assert_eq!(clock.shift_s(0, Some(time), 0.04), 0.0, "{time}");
        }
        assert_ne!(clock.shift_s(0, Some(8.0), 0.04), 0.0);
    }
}
