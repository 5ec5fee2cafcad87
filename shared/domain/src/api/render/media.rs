//! A probed source as the API shows it.

use crate::api::MediaView;
use crate::media::{Media, Rotation};

pub(super) fn media_view(media: &Media) -> MediaView {
    let video = media.video.as_ref();
    let audio = media.chosen_audio();
    let size = video.map(|v| v.shown_size());
    MediaView {
        container: media.container.clone(),
        duration_s: media.duration_s,
        width: size.map(|(width, _)| width),
        height: size.map(|(_, height)| height),
        fps: video.map(|v| v.frame_rate.as_f64()),
        frames: video.map(|v| v.frames),
        variable_rate: video.map(|v| v.variable_rate),
        rotation: video.map(|v| match v.rotation {
            Rotation::None => 0,
            Rotation::Quarter => 90,
            Rotation::Half => 180,
            Rotation::ThreeQuarters => 270,
        }),
        hdr: video.map(|v| v.color.is_hdr()),
        video_codec: video.map(|v| v.codec.clone()),
        audio_codec: audio.map(|a| a.codec.clone()),
        audio_channels: audio.map(|a| a.channels),
    }
}
