//! Whether frames come at a constant rate, judged from their times one by one, in flat memory.

use reelmill_domain::media::Ratio;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Packets come in decoding order; pictures are at most 16 apart from it in every codec, fields twice that.
const REORDER: usize = 40;

/// How far a regular frame may be off its place, in seconds: the rounding of a millisecond clock, and a little for
/// the six digits that ffprobe prints.
const JITTER_S: f64 = 0.001_01;

/// Rates that cameras and editors use; a measured rate this near to one is that one.
const USUAL: [(i64, i64); 11] = [
    (24_000, 1001),
    (24, 1),
    (25, 1),
    (30_000, 1001),
    (30, 1),
    (48, 1),
    (50, 1),
    (60_000, 1001),
    (60, 1),
    (100, 1),
    (120, 1),
];

/// The fastest rate believed, in frames per second.
const FASTEST: f64 = 1000.0;

/// Frame times, as they come.
#[derive(Debug, Clone)]
pub(super) struct RateFit {
    waiting: BinaryHeap<Reverse<i64>>,
    first_us: i64,
    last_us: i64,
    gap_us: i64,
    frames: u64,
    /// Seconds per frame that put every frame so far within the jitter of its place, counted from the first.
    slowest: f64,
    fastest: f64,
}

impl Default for RateFit {
    fn default() -> Self {
        Self {
            waiting: BinaryHeap::new(),
            first_us: 0,
            last_us: 0,
            gap_us: 0,
            frames: 0,
            slowest: f64::INFINITY,
            fastest: 0.0,
        }
    }
}

/// What the times turned out to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fitted {
    /// Average rate, or the constant one.
    pub(super) rate: Ratio,
    /// No one rate fits.
    pub(super) variable: bool,
    /// The last gap between two frames, in seconds; 0 with fewer than two.
    pub(super) last_gap_s: f64,
}

impl RateFit {
    /// A frame's time, in decoding order.
    pub(super) fn frame(&mut self, seconds: f64) {
        // Microseconds, as printed: whole numbers have an order.
        self.waiting.push(Reverse((seconds * 1e6).round() as i64));
        if self.waiting.len() > REORDER {
            self.settle_one();
        }
    }

    fn settle_one(&mut self) {
        let Some(Reverse(time)) = self.waiting.pop() else {
            return;
        };
        if self.frames == 0 {
            self.first_us = time;
        } else {
            self.gap_us = time - self.last_us;
            let since = (time - self.first_us) as f64 / 1e6;
            let steps = self.frames as f64;
            self.fastest = self.fastest.max((since - JITTER_S) / steps);
            self.slowest = self.slowest.min((since + JITTER_S) / steps);
        }
        self.last_us = time;
        self.frames += 1;
    }

    /// The verdict, with the rates that the container claims (average, then base) to choose among those that fit.
    pub(super) fn finish(mut self, claims: [Option<Ratio>; 2]) -> Fitted {
        while !self.waiting.is_empty() {
            self.settle_one();
        }
        let variable = self.fastest > self.slowest;
        let span = (self.last_us - self.first_us) as f64 / 1e6;
        let measured = (self.frames.saturating_sub(1)) as f64 / span;
        let fits = |rate: &Ratio| {
            let step = 1.0 / rate.as_f64();
            match variable {
                true => (measured * step - 1.0).abs() < 0.005,
                false => self.fastest <= step && step <= self.slowest,
            }
        };
        let usual = USUAL.iter().filter_map(|(num, den)| Ratio::new(*num, *den));
        let rate = claims
            .into_iter()
            .flatten()
            .filter(|rate| rate.as_f64() <= FASTEST)
            .chain(usual)
            .find(fits)
            .unwrap_or_else(|| rounded(measured));
        Fitted {
            rate,
            variable,
            last_gap_s: self.gap_us.max(0) as f64 / 1e6,
        }
    }
}

/// To a thousandth of a frame per second; 25 when nothing was measured.
fn rounded(rate: f64) -> Ratio {
    let whole = Ratio { num: 25, den: 1 };
    if !rate.is_finite() || rate <= 0.0 {
        return whole;
    }
    let num = (rate.min(FASTEST) * 1000.0).round().max(1.0) as i64;
    Ratio::new(num, 1000).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(times: impl IntoIterator<Item = f64>, claims: [Option<Ratio>; 2]) -> Fitted {
        let mut fit = RateFit::default();
        times.into_iter().for_each(|t| fit.frame(t));
        fit.finish(claims)
    }

    fn at(rate: f64, frames: u32) -> impl Iterator<Item = f64> {
        (0..frames).map(move |n| f64::from(n) / rate)
    }

    #[test]
    fn a_millisecond_clock_is_constant_for_hours() {
        let ntsc = 24_000.0 / 1001.0;
        let times = at(ntsc, 200_000).map(|t| (t * 1000.0).round() / 1000.0);
        let got = fit(times, [None, None]);
        assert!(!got.variable);
        assert_eq!(
            got.rate,
            Ratio {
                num: 24_000,
                den: 1001
            }
        );
    }

    #[test]
    fn decoding_order_does_not_matter() {
        let mut times: Vec<f64> = at(25.0, 300).map(|t| t + 1.4).collect();
        times.chunks_mut(16).for_each(<[f64]>::reverse);
        let got = fit(times, [Ratio::new(25, 1), Ratio::new(50, 1)]);
        assert!(!got.variable);
        assert_eq!(got.rate, Ratio { num: 25, den: 1 });
        assert!((got.last_gap_s - 0.04).abs() < 1e-6);
    }

    #[test]
    fn one_dropped_frame_makes_it_variable() {
        let times = at(30.0, 300).enumerate().filter(|(n, _)| *n != 150);
        assert!(fit(times.map(|(_, t)| t), [Ratio::new(30, 1), None]).variable);
    }

    #[test]
    fn a_slow_change_of_rate_is_seen() {
        let slow = at(30.0, 900);
        let fast = at(31.0, 900).map(|t| t + 30.0);
        let got = fit(slow.chain(fast), [None, None]);
        assert!(got.variable);
        assert!((got.rate.as_f64() - 30.5).abs() < 0.1, "{:?}", got.rate);
    }

    #[test]
    fn a_false_claim_is_not_believed() {
        let got = fit(at(10.0, 50), [Ratio::new(90_000, 1), Ratio::new(25, 1)]);
        assert_eq!(
            got.rate,
            Ratio {
                num: 10_000,
                den: 1000
            }
        );
    }

    #[test]
    fn one_frame_or_none_has_the_claimed_rate() {
        let claimed = fit([1.0], [Ratio::new(30, 1), None]);
        assert_eq!(
            (claimed.rate, claimed.variable),
            (Ratio { num: 30, den: 1 }, false)
        );
        assert_eq!(fit([], [None, None]).rate.as_f64(), 24_000.0 / 1001.0);
        assert_eq!(claimed.last_gap_s, 0.0);
    }
}
