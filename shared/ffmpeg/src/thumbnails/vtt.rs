//! The WebVTT that says which tile of the sheet shows when. Pure.

use reelmill_domain::spec::ThumbnailsSpec;
use std::fmt::Write;

/// Tiles that show the film: as many as its length fills, at most what the sheet holds.
pub(super) fn tiles(spec: &ThumbnailsSpec) -> u32 {
    let most = spec.grid.0.saturating_mul(spec.grid.1).max(1);
    // Less than a millisecond of film is no tile of its own.
    let filled = ((spec.duration_s - 0.001) / spec.every_s).ceil();
    (filled.max(1.0) as u32).min(most)
}

/// The whole file. The last tile lasts to the film's end.
pub(super) fn track(spec: &ThumbnailsSpec, sheet: &str) -> String {
    let (width, height) = spec.tile;
    let tiles = tiles(spec);
    let mut text = String::from("WEBVTT\n");
    for tile in 0..tiles {
        let from = f64::from(tile) * spec.every_s;
        let to = if tile + 1 == tiles {
            spec.duration_s.max(from + 0.001)
        } else {
            from + spec.every_s
        };
        let (x, y) = (tile % spec.grid.0 * width, tile / spec.grid.0 * height);
        // Writing to a string can't fail.
        let _ = write!(
            text,
            "\n{} --> {}\n{sheet}#xywh={x},{y},{width},{height}\n",
            clock(from),
            clock(to)
        );
    }
    text
}

/// `00:00:00.000`.
fn clock(seconds: f64) -> String {
    let ms = (seconds * 1000.0).round() as u64;
    let (s, m, h) = (ms / 1000 % 60, ms / 60_000 % 60, ms / 3_600_000);
    format!("{h:02}:{m:02}:{s:02}.{:03}", ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelmill_domain::spec::{Input, SourceLimits};

    fn spec(duration_s: f64, every_s: f64) -> ThumbnailsSpec {
        ThumbnailsSpec {
            source: Input {
                key: "sources/1".into(),
                bytes: 1,
            },
            limits: SourceLimits {
                duration_s: 10_000,
                pixels: 1 << 26,
                streams: 32,
            },
            stream: 0,
            duration_s,
            poster: (640, 360),
            tile: (160, 90),
            grid: (2, 2),
            every_s,
            tone_map: None,
            strict: false,
        }
    }

    #[test]
    fn tiles_follow_the_grid_and_end_with_the_film() {
        let text = track(&spec(5.3, 2.0), "sprite.jpg");
        assert_eq!(
            text,
            "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nsprite.jpg#xywh=0,0,160,90\n\n\
             00:00:02.000 --> 00:00:04.000\nsprite.jpg#xywh=160,0,160,90\n\n\
             00:00:04.000 --> 00:00:05.300\nsprite.jpg#xywh=0,90,160,90\n"
        );
    }

    #[test]
    fn there_is_always_a_tile_and_never_too_many() {
        assert_eq!(tiles(&spec(0.0, 1.0)), 1);
        assert_eq!(tiles(&spec(0.04, 1.0)), 1);
        assert_eq!(tiles(&spec(2.0, 1.0)), 2);
        assert_eq!(tiles(&spec(2.5, 1.0)), 3);
        assert_eq!(tiles(&spec(9_000.0, 1.0)), 4);
    }

    #[test]
    fn hours_are_told() {
        assert_eq!(clock(7_323.456), "02:02:03.456");
    }
}
