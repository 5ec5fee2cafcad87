//! What a source's owner should be told about its state, from the probe's facts alone.

use crate::event::Warning;
use crate::media::Media;

/// Containers whose headers declare a length that was known when they were written. The others declare none, or an
/// estimate from the bit rate that says nothing about damage.
const DECLARING: [&str; 7] = ["mov", "matroska", "avi", "flv", "asf", "wav", "mxf"];

/// What is wrong with the source, in plain words and in one warning; `None` for a sound one.
pub fn damage(media: &Media) -> Option<Warning> {
    let remarks: Vec<String> = cut_short(media)
        .into_iter()
        .chain(media.damage.iter().cloned())
        .collect();
    (!remarks.is_empty()).then(|| Warning {
        code: "source_damaged".into(),
        message: remarks.join(" "),
    })
}

/// Less can be read than the header promises, by more than a second and more than 1 %.
fn cut_short(media: &Media) -> Option<String> {
    let declares = media
        .container
        .split(',')
        .any(|name| DECLARING.contains(&name));
    let missing_s = media.declared_duration_s - media.duration_s;
    let slack_s = (media.declared_duration_s / 100.0).max(1.0);
    (declares && missing_s > slack_s).then(|| {
        format!(
            "The file declares {:.1} s, but only {:.1} s can be read.",
            media.declared_duration_s, media.duration_s
        )
    })
}
