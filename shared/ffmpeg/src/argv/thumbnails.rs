//! The command line that makes a poster and a sprite sheet in one pass over the film.

use super::common::Args;
use super::filters;
use reelmill_domain::media::Color;
use reelmill_domain::spec::ThumbnailsSpec;

/// Tiles at least so far apart, in seconds, are taken from keyframes alone: a long film is then read but not decoded.
const KEYFRAMES_FROM_S: f64 = 5.0;

/// The poster is taken from here on, as a fraction of the film: the first pictures are often black.
const POSTER_AT: f64 = 0.1;

/// ffmpeg's arguments for the pictures of `input`: `poster` and `sprite` are the files made.
pub fn thumbnails(spec: &ThumbnailsSpec, input: &str, poster: &str, sprite: &str) -> Vec<String> {
    let mut args = Args::ffmpeg("level+warning");
    args.progress();
    if spec.every_s >= KEYFRAMES_FROM_S {
        args.pair("-skip_frame", "nokey");
    }
    args.words(["-flags:v", "+bitexact"])
        .guards(&spec.limits)
        .input(input)
        .pair("-max_error_rate", 1)
        .pair("-filter_complex", graph(spec));
    // The first frame is written in any case, and replaced by the one that is wanted if the film gets so far.
    picture(&mut args, "[poster]", 2);
    args.words([format!("file:{poster}").as_str()]);
    picture(&mut args, "[sprite]", 1);
    args.output(sprite)
}

fn picture(args: &mut Args, pad: &str, frames: u32) {
    args.pair("-map", pad)
        .pair("-frames:v", frames)
        .words(["-fps_mode", "passthrough", "-c:v", "mjpeg"])
        .words(["-threads:v", "1", "-q:v", "4", "-map_metadata", "-1"])
        .words(["-fflags", "+bitexact", "-flags:v", "+bitexact"])
        .words(["-f", "image2", "-update", "1"]);
}

fn graph(spec: &ThumbnailsSpec) -> String {
    let tone_map = spec.tone_map.as_ref();
    let poster_s = spec.duration_s * POSTER_AT;
    format!(
        "[0:{}]setpts=PTS-STARTPTS,split=2[a][b];\
         [a]select=eq(n\\,0)+gte(t\\,{poster_s:.3}),{}[poster];\
         [b]fps=fps=1/{:.6}:round=near:eof_action=pass,{},tile={}x{}[sprite]",
        spec.stream,
        still(spec.poster, tone_map),
        spec.every_s,
        still(spec.tile, tone_map),
        spec.grid.0,
        spec.grid.1,
    )
}

fn still((width, height): (u32, u32), tone_map: Option<&Color>) -> String {
    let mut chain = vec![filters::scale(width, height)];
    chain.extend(tone_map.map(filters::tone_map));
    chain.push("format=yuvj420p".into());
    chain.join(",")
}
