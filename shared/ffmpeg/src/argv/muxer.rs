//! How each container is written: index first where it has one, and the same bytes from the same input always.

use super::common::Args;
use reelmill_domain::preset::Container;

/// The muxer's arguments. `Images` has no muxer: pictures have command lines of their own.
pub(super) fn muxer(args: &mut Args, container: Container) {
    // Without bitexact, Matroska and Ogg carry random ids, and every file names the build that made it.
    args.words(["-fflags", "+bitexact", "-flags:v", "+bitexact"])
        .words(["-flags:a", "+bitexact"]);
    match container {
        // Both streams are made to start at zero; shifting them for the sound encoder's delay would move the picture
        // by a whole frame.
        Container::Avi => args.words(["-avoid_negative_ts", "disabled", "-f", "avi"]),
        Container::Mkv => args.words(["-f", "matroska", "-cues_to_front", "1"]),
        Container::Webm => args.words(["-f", "webm", "-cues_to_front", "1"]),
        Container::Ogg => args.pair("-f", "ogg"),
        Container::Mp4 => args.words(["-f", "mp4", "-movflags", "+faststart"]),
        Container::M4a => args.words(["-f", "ipod", "-movflags", "+faststart"]),
        Container::Mp3 => args.words(["-f", "mp3", "-id3v2_version", "0"]),
        Container::Opus => args.pair("-f", "opus"),
        Container::Images => args.pair("-f", "image2"),
    };
}
