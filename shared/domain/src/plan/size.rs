//! How large the picture is made: inside the box, never enlarged, even, with square pixels.

use crate::preset::VideoEncoder;

/// A size and how it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fit {
    pub width: u32,
    pub height: u32,
    /// Scaled to it; otherwise padded to even at most.
    pub scale: bool,
}

/// A box that pictures are fitted in; an absent side doesn't bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub width: Option<u32>,
    pub height: Option<u32>,
}

impl Bounds {
    /// The box as meant for this picture. A preset's box is drawn for a lying picture: for one that stands upright it
    /// is turned, so that a phone's 1080×1920 film is a 1080p film too, and not squeezed to 608×1080.
    pub fn turned_for(self, (width, height): (u32, u32)) -> Self {
        let lies = match (self.width, self.height) {
            (Some(w), Some(h)) => w >= h,
            _ => true,
        };
        if height > width && lies {
            Self {
                width: self.height,
                height: self.width,
            }
        } else {
            self
        }
    }

    /// Whether the picture is smaller than the box in every direction that the box bounds: a rung above it.
    pub fn is_above(self, (width, height): (u32, u32)) -> bool {
        self.width.is_none_or(|most| width < most) && self.height.is_none_or(|most| height < most)
    }
}

/// The sides that an encoder takes, least and most, found by trying: below the least it refuses, or makes what its
/// own decoder refuses (Theora).
pub(super) fn encoder_sides(encoder: VideoEncoder) -> (u32, u32) {
    match encoder {
        VideoEncoder::X264 | VideoEncoder::Vp9 => (2, 16_384),
        VideoEncoder::X265 => (16, 8_192),
        VideoEncoder::SvtAv1 => (64, 8_192),
        VideoEncoder::Theora => (32, 16_384),
        VideoEncoder::Mpeg4 => (2, 8_190),
    }
}

/// Fits a picture of the shown size into a box with sides of at most `most`. `square`: its pixels are square already,
/// so that it need not be scaled for that.
pub(super) fn fit(shown: (u32, u32), square: bool, bounds: Bounds, most: u32) -> Fit {
    let even_down = |side: u32| (side & !1).max(2);
    let most_width = even_down(bounds.width.unwrap_or(most).min(most));
    let most_height = even_down(bounds.height.unwrap_or(most).min(most));
    let (width, height) = shown;
    if square && width <= most_width && height <= most_height {
        return Fit {
            width: width.next_multiple_of(2),
            height: height.next_multiple_of(2),
            scale: false,
        };
    }
    let factor = (f64::from(most_width) / f64::from(width))
        .min(f64::from(most_height) / f64::from(height))
        .min(1.0);
    let even = |side: u32, most: u32| {
        let halves = (f64::from(side) * factor / 2.0).round().max(1.0) as u32;
        (halves * 2).min(most)
    };
    Fit {
        width: even(width, most_width),
        height: even(height, most_height),
        scale: true,
    }
}
