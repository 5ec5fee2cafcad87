//! Frame rates: which one is made where the file can only hold a constant one.

use crate::media::{Ratio, Video};

/// Rates that films really have.
const STANDARD: [(i64, i64); 15] = [
    (5, 1),
    (10, 1),
    (12, 1),
    (15, 1),
    (20, 1),
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
];

/// The highest constant rate made. Above it, sources are nonsense (clocks of 1000 ticks taken for rates) or slow
/// motion that the old formats were never meant for.
const MOST: i64 = 120;

/// Frames a second on average, as well as it can be told; 25 when it can't.
pub(super) fn average(video: &Video) -> f64 {
    let by_count = video.frames as f64 / video.duration_s;
    [video.frame_rate.as_f64(), by_count]
        .into_iter()
        .find(|rate| rate.is_finite() && *rate > 0.0)
        .unwrap_or(25.0)
}

/// How long the picture lasts, in seconds. A bare stream has no times; its frames and their rate tell.
pub(super) fn length_s(video: &Video) -> f64 {
    if video.duration_s > 0.0 {
        video.duration_s
    } else {
        video.frames as f64 / average(video)
    }
}

/// The constant rate for a source: its own if it is constant, within 0.1 % of a standard rate that one; for a variable
/// rate the next standard one above the average. From 1 to 120, with a numerator that fits MPEG-4's 16-bit clock.
pub(super) fn constant(video: &Video) -> Ratio {
    let rate = average(video).clamp(1.0, MOST as f64);
    let standard = |fits: &dyn Fn(f64) -> bool| {
        STANDARD
            .iter()
            .map(|&(num, den)| Ratio { num, den })
            .find(|r| fits(r.as_f64()))
    };
    let near = standard(&|r| (r / rate - 1.0).abs() < 0.001);
    let above = || standard(&|r| r > rate).unwrap_or(Ratio { num: MOST, den: 1 });
    match near {
        Some(ratio) => ratio,
        None if video.variable_rate => above(),
        None => exact(video.frame_rate, rate),
    }
}

/// Whether that constant rate keeps every frame: the source is constant, at that rate.
pub(super) fn keeps_frames(video: &Video, made: Ratio) -> bool {
    !video.variable_rate && (made.as_f64() / average(video) - 1.0).abs() < 0.001
}

/// The source's own fraction where it is small enough, otherwise the rate in hundredths (at most 12,000).
fn exact(own: Ratio, rate: f64) -> Ratio {
    let divisor = gcd(own.num, own.den).max(1);
    let own = Ratio {
        num: own.num / divisor,
        den: own.den / divisor,
    };
    let small = (1..=65_535).contains(&own.num) && (1..=65_535).contains(&own.den);
    if small && (own.as_f64() - rate).abs() < 1e-9 {
        return own;
    }
    let num = (rate * 100.0).round() as i64;
    let divisor = gcd(num, 100).max(1);
    Ratio {
        num: num / divisor,
        den: 100 / divisor,
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}
