//! Command lines that only look: at a source, at an output, at what of a source can be decoded.

use super::common::Args;
use reelmill_domain::spec::SourceLimits;

/// What is asked of ffprobe about a stream, whatever the run is for.
const STREAM: &str = "stream=index,codec_name,codec_type,width,height,pix_fmt,sample_aspect_ratio,field_order,\
    color_range,color_space,color_transfer,color_primaries,bits_per_raw_sample,r_frame_rate,avg_frame_rate,time_base,\
    has_b_frames,sample_rate,channels,channel_layout";

/// ffprobe's arguments for examining a source: every packet of picture and sound, then streams, then format.
pub fn probe(caps: &SourceLimits, input: &str) -> Vec<String> {
    let entries = format!(
        "packet=codec_type,stream_index,pts,pts_time,dts,dts_time,duration,duration_time,pos,flags:{STREAM}:\
         stream_disposition=default,attached_pic:stream_tags=language:stream_side_data=rotation:\
         format=format_name,duration"
    );
    let mut args = Args::ffprobe();
    args.pair("-show_entries", entries)
        .pair("-of", "compact")
        .guards(caps)
        .input(input);
    args.done()
}

/// ffprobe's arguments for decoding all of an output: every frame, then streams, then format. Checksums are checked
/// where the container or the codec has them.
pub fn measure(caps: &SourceLimits, input: &str) -> Vec<String> {
    // The frame's length has two names, one per generation of FFmpeg.
    let entries = format!(
        "frame=media_type,stream_index,pts_time,best_effort_timestamp_time,pkt_duration_time,duration_time,nb_samples:\
         {STREAM}:format=format_name,duration"
    );
    let mut args = Args::ffprobe();
    args.pair("-show_entries", entries)
        .pair("-of", "compact")
        .pair("-threads", 0)
        .pair("-err_detect", "crccheck+bitstream+buffer")
        .guards(caps)
        .input(input);
    args.done()
}

/// ffmpeg's arguments for decoding the chosen streams of a source on the way that an encode takes; each frame comes
/// out as a line with its time.
pub fn decode(
    caps: &SourceLimits,
    video: Option<u32>,
    audio: Option<u32>,
    input: &str,
) -> Vec<String> {
    let mut args = Args::ffmpeg("error");
    args.guards(caps).input(input).pair("-max_error_rate", 1);
    if let Some(stream) = video {
        args.pair("-map", format!("0:{stream}"))
            .words(["-c:v", "wrapped_avframe", "-fps_mode", "passthrough"])
            .pair("-enc_time_base:v", "1/90000");
    }
    if let Some(stream) = audio {
        args.pair("-map", format!("0:{stream}")).words([
            "-c:a",
            "pcm_s16le",
            "-filter:a",
            "aresample=async=1",
        ]);
    }
    args.words(["-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"])
        .words(["-fflags", "+bitexact", "-f", "framecrc", "pipe:1"]);
    args.done()
}

/// ffmpeg's arguments for decoding pictures that we made, all in one run; sizes and frames come out as lines.
pub fn pictures(files: &[&str]) -> Vec<String> {
    let mut args = Args::ffmpeg("error");
    for file in files {
        args.words(["-f", "image2", "-pattern_type", "none"])
            .pair("-protocol_whitelist", "file")
            .input(file);
    }
    for place in 0..files.len() {
        args.pair("-map", format!("{place}:v"));
    }
    args.words(["-c:v", "rawvideo", "-f", "framecrc", "pipe:1"]);
    args.done()
}
