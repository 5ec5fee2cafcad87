//! The file formats: how they are called and what they may hold.

use super::{AudioEncoder, Container, Kind, Preset, VideoEncoder};

impl Preset {
    /// What kind of thing it makes.
    pub fn kind(&self) -> Kind {
        match (&self.images, &self.video) {
            (Some(_), _) => Kind::Images,
            (None, Some(_)) => Kind::Video,
            (None, None) => Kind::Audio,
        }
    }

    /// Its name, or `custom` for an inline one without a name.
    pub fn shown_name(&self) -> &str {
        if self.name.is_empty() {
            "custom"
        } else {
            &self.name
        }
    }
}

impl Container {
    /// The extension of the entry file, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Avi => "avi",
            Self::Mkv => "mkv",
            Self::Ogg => "ogv",
            Self::Webm => "webm",
            Self::Mp4 => "mp4",
            Self::Mp3 => "mp3",
            Self::M4a => "m4a",
            Self::Opus => "opus",
            Self::Images => "jpg",
        }
    }

    /// The MIME type of the entry file.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Avi => "video/x-msvideo",
            Self::Mkv => "video/x-matroska",
            Self::Ogg => "video/ogg",
            Self::Webm => "video/webm",
            Self::Mp4 => "video/mp4",
            Self::Mp3 => "audio/mpeg",
            Self::M4a => "audio/mp4",
            Self::Opus => "audio/ogg",
            Self::Images => "image/jpeg",
        }
    }

    /// One of the names that ffprobe gives the format; for pictures, that of the poster.
    pub fn demuxer(self) -> &'static str {
        match self {
            Self::Avi => "avi",
            Self::Mkv => "matroska",
            Self::Ogg | Self::Opus => "ogg",
            Self::Webm => "webm",
            Self::Mp4 => "mp4",
            Self::Mp3 => "mp3",
            Self::M4a => "m4a",
            Self::Images => "jpeg_pipe",
        }
    }

    /// The pictures it may hold: what players of the format know, not what ffmpeg would write. Empty for sound alone.
    pub fn video_encoders(self) -> &'static [VideoEncoder] {
        use VideoEncoder::{Mpeg4, SvtAv1, Theora, Vp9, X264, X265};
        match self {
            Self::Avi => &[Mpeg4, X264],
            Self::Mkv => &VideoEncoder::ALL,
            Self::Ogg => &[Theora],
            Self::Webm => &[Vp9, SvtAv1],
            Self::Mp4 => &[X264, X265, SvtAv1, Vp9, Mpeg4],
            Self::Mp3 | Self::M4a | Self::Opus | Self::Images => &[],
        }
    }

    /// The sound it may hold.
    pub fn audio_encoders(self) -> &'static [AudioEncoder] {
        use AudioEncoder::{Aac, Mp3, Opus, Vorbis};
        match self {
            Self::Avi | Self::Mp3 => &[Mp3],
            Self::Mkv => &AudioEncoder::ALL,
            Self::Ogg => &[Vorbis, Opus],
            Self::Webm => &[Opus, Vorbis],
            Self::Mp4 => &[Aac, Mp3, Opus],
            Self::M4a => &[Aac],
            Self::Opus => &[Opus],
            Self::Images => &[],
        }
    }

    /// Whether a film goes into it, rather than sound alone or pictures.
    pub fn is_film(self) -> bool {
        !self.video_encoders().is_empty()
    }
}
