//! The command line of an encode.

use super::common::Args;
use super::{audio, muxer, video};
use reelmill_domain::spec::EncodeSpec;

/// Packets that may wait while a stream that starts late is waited for.
const WAITING_PACKETS: u32 = 8192;

/// ffmpeg's arguments for `spec`, from the file `input` to the file `output`, both names in the current folder or
/// paths. Everything that changes a byte of the result is in them.
pub fn encode(spec: &EncodeSpec, input: &str, output: &str) -> Vec<String> {
    let mut args = Args::ffmpeg("level+warning");
    args.progress();
    if let Some(picture) = &spec.video {
        args.pair("-threads", picture.threads)
            .pair("-filter_threads", picture.threads);
    }
    // Decoders otherwise use whatever inverse transform this processor is best at.
    args.words(["-flags:v", "+bitexact"]);
    if spec
        .video
        .as_ref()
        .is_some_and(|v| v.constant_rate.is_some())
    {
        // Made anew when a film changes its size, the filters would lose frames and begin to count again; kept, they
        // scale what follows to the first size.
        args.pair("-reinit_filter:v", 0);
    }
    args.guards(&spec.limits).input(input);
    // A damaged source gives what can be decoded; the verification, not an error rate, judges whether that will do.
    args.pair("-max_error_rate", 1);
    if let Some(picture) = &spec.video {
        video::video(&mut args, picture, spec.container);
    }
    if let Some(sound) = &spec.audio {
        audio::audio(&mut args, sound, spec.container);
    }
    // Nothing of the source's tags, chapters, subtitles or data: they may name people and places.
    args.words(["-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"])
        .pair("-max_muxing_queue_size", WAITING_PACKETS);
    muxer::muxer(&mut args, spec.container);
    args.output(output)
}
