//! Whether a preset can be made by the workers that live now.

use super::Preset;
use crate::worker::Abilities;

/// Why nobody can make this preset now, for people; `None` when somebody can. `workers`: the abilities of every live
/// worker.
pub fn unavailable_reason(preset: &Preset, workers: &[Abilities]) -> Option<String> {
    if workers.is_empty() {
        return Some("No worker is running.".into());
    }
    let video = preset.video.as_ref().map(|v| v.encoder);
    let audio = preset.audio.as_ref().map(|a| a.encoder);
    let has_video = |w: &Abilities| video.is_none_or(|e| w.video.contains(&e));
    let has_audio = |w: &Abilities| audio.is_none_or(|e| w.audio.contains(&e));
    if workers.iter().any(|w| has_video(w) && has_audio(w)) {
        return None;
    }
    let video = video.map(super::VideoEncoder::name);
    let audio = audio.map(super::AudioEncoder::name);
    let missing = match (workers.iter().any(has_video), workers.iter().any(has_audio)) {
        (false, true) => video.unwrap_or_default().to_owned(),
        (true, false) => audio.unwrap_or_default().to_owned(),
        _ => format!(
            "both {} and {}",
            video.unwrap_or_default(),
            audio.unwrap_or_default()
        ),
    };
    Some(format!("No worker's ffmpeg has {missing}."))
}
