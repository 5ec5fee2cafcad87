//! The picture's part of an encode.

use super::common::Args;
use super::filters;
use reelmill_domain::preset::{Container, Rate, VideoEncoder};
use reelmill_domain::spec::VideoSpec;

/// The clock that frames keep their times in: exact for every usual frame rate.
const FINE_CLOCK: &str = "1/90000";

/// SVT-AV1 2 and newer take levels up to this where older ones take processors.
const SVT_MOST_PARALLEL: u16 = 6;

pub(super) fn video(args: &mut Args, spec: &VideoSpec, container: Container) {
    args.pair("-map", format!("0:{}", spec.stream))
        .pair("-filter:v", chain(spec, container))
        // Every frame, at its own time: never dropped or repeated to please a rate that was guessed.
        .pair("-fps_mode", "passthrough");
    if keeps_times(spec, container) {
        args.pair("-enc_time_base", FINE_CLOCK);
    }
    args.pair("-c:v", name(spec.encoder))
        .pair("-threads:v", spec.threads);
    rate(args, spec);
    encoder(args, spec, container);
    if let Some(frames) = spec.keyframe_interval {
        args.pair("-g", frames);
    }
    if spec.tone_map.is_some() {
        args.words(["-color_primaries", "bt709", "-color_trc", "bt709"])
            .words(["-colorspace", "bt709", "-color_range", "tv"]);
    }
}

fn chain(spec: &VideoSpec, container: Container) -> String {
    let mut chain = Vec::new();
    if let Some(rate) = spec.constant_rate {
        chain.push(filters::constant_rate(rate));
    }
    if container == Container::Avi {
        chain.push(filters::from_zero());
    }
    chain.push(if spec.scale {
        filters::scale(spec.width, spec.height)
    } else {
        filters::pad(spec.width, spec.height)
    });
    if let Some(from) = &spec.tone_map {
        chain.push(filters::tone_map(from));
    }
    chain.push(format!("format={}", pixel_format(&spec.pixel_format)));
    chain.join(",")
}

/// Whether frame times are kept finer than one tick per frame. AVI and Theora count frames, and MPEG-4's clock is too
/// coarse for it.
fn keeps_times(spec: &VideoSpec, container: Container) -> bool {
    spec.constant_rate.is_none()
        && container != Container::Avi
        && !matches!(spec.encoder, VideoEncoder::Theora | VideoEncoder::Mpeg4)
}

fn name(encoder: VideoEncoder) -> &'static str {
    match encoder {
        VideoEncoder::X264 => "libx264",
        VideoEncoder::X265 => "libx265",
        VideoEncoder::Vp9 => "libvpx-vp9",
        VideoEncoder::SvtAv1 => "libsvtav1",
        VideoEncoder::Theora => "libtheora",
        VideoEncoder::Mpeg4 => "mpeg4",
    }
}

/// The formats that encoders here are given; a plan names no other.
fn pixel_format(name: &str) -> &'static str {
    match name {
        "yuv420p10le" => "yuv420p10le",
        "yuv422p" => "yuv422p",
        "yuv444p" => "yuv444p",
        _ => "yuv420p",
    }
}

fn rate(args: &mut Args, spec: &VideoSpec) {
    match (spec.rate, spec.encoder) {
        (Rate::Crf(crf), VideoEncoder::Vp9) => args.pair("-crf", crf).pair("-b:v", 0),
        (Rate::Crf(crf), _) => args.pair("-crf", crf),
        (Rate::Quality(quality), _) => args.pair("-q:v", quality),
        (Rate::BitrateKbps(kbps), _) => args.pair("-b:v", format!("{kbps}k")),
    };
}

fn encoder(args: &mut Args, spec: &VideoSpec, container: Container) {
    let speed = spec.speed.as_deref();
    match spec.encoder {
        VideoEncoder::X264 => {
            args.pair("-preset", speed.unwrap_or("medium"));
        }
        VideoEncoder::X265 => {
            args.pair("-preset", speed.unwrap_or("medium"))
                .pair("-x265-params", x265(spec.threads));
            if container == Container::Mp4 {
                // The tag that Apple's players want.
                args.pair("-tag:v", "hvc1");
            }
        }
        VideoEncoder::SvtAv1 => {
            let parallel = spec.threads.min(SVT_MOST_PARALLEL);
            args.pair("-preset", speed.unwrap_or("8"))
                .pair("-svtav1-params", format!("lp={parallel}"));
        }
        VideoEncoder::Vp9 => {
            args.words(["-deadline", "good"])
                .pair("-cpu-used", speed.unwrap_or("2"))
                .words(["-row-mt", "1"])
                .pair("-tile-columns", tile_columns(spec.width));
        }
        VideoEncoder::Mpeg4 if container == Container::Avi => {
            // Old players know this tag and not ffmpeg's own.
            args.pair("-tag:v", "XVID");
        }
        VideoEncoder::Theora | VideoEncoder::Mpeg4 => {}
    }
}

/// `frame-threads` changes bytes and is guessed from the machine unless told; the numbers are x265's own guesses.
/// `info=0` keeps settings and build out of the stream; closed groups make every keyframe a place to cut.
fn x265(threads: u16) -> String {
    let frames = match threads {
        32.. => 6,
        16.. => 5,
        8.. => 3,
        4.. => 2,
        _ => 1,
    };
    format!("log-level=error:pools={threads}:frame-threads={frames}:open-gop=0:info=0")
}

/// VP9 tiles are at least 256 wide; log2 of how many columns fit.
fn tile_columns(width: u32) -> u32 {
    (width / 256).checked_ilog2().unwrap_or(0).min(6)
}
