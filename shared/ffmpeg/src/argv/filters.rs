//! The picture's filter chains.

use reelmill_domain::media::{Color, Ratio};

/// The same pixels on every processor: swscale otherwise rounds as its fastest code does.
const EXACT: &str = "flags=bicubic+accurate_rnd+bitexact";

/// To `width`×`height` with square pixels, in limited range.
pub(super) fn scale(width: u32, height: u32) -> String {
    format!("scale=w={width}:h={height}:out_range=tv:{EXACT},setsar=1")
}

/// A picture that has its size already: at most a column and a row are added to make them even. A film that changes
/// its size on the way is held to the first one's.
pub(super) fn pad(width: u32, height: u32) -> String {
    format!(
        "scale=w=min(iw\\,{width}):h=min(ih\\,{height}):out_range=tv:{EXACT},\
         pad=w={width}:h={height}:x=0:y=0,setsar=1"
    )
}

/// From PQ or HLG to 8-bit BT.709: to linear light, to BT.709 primaries, the highlights rolled off, and back.
pub(super) fn tone_map(from: &Color) -> String {
    format!(
        "zscale=tin={}:pin={}:min={}:rin={}:t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,\
         tonemap=tonemap=hable:desat=0,zscale=t=bt709:p=bt709:m=bt709:r=tv:d=none",
        transfer(&from.transfer),
        primaries(&from.primaries),
        matrix(&from.matrix),
        range(&from.range),
    )
}

/// A constant rate: each frame goes to the tick nearest to its time. The first one is put exactly on a tick, so
/// that frames which are regular already fall on one tick each, however the source's clock rounds.
pub(super) fn constant_rate(rate: Ratio) -> String {
    let Ratio { num, den } = rate;
    format!(
        "setpts=PTS-STARTPTS+round(STARTPTS*TB*{num}/{den})*{den}/{num}/TB,fps=fps={num}/{den}:round=near"
    )
}

/// The first picture shows from the very start, however late it comes; the others keep their times.
pub(super) fn from_zero() -> String {
    "setpts=if(eq(N\\,0)\\,0\\,PTS)".into()
}

// The tags come from a file: only names on these lists get into a filter.

fn transfer(tag: &str) -> &'static str {
    match tag {
        "arib-std-b67" => "arib-std-b67",
        _ => "smpte2084",
    }
}

fn primaries(tag: &str) -> &'static str {
    match tag {
        "bt709" => "bt709",
        "smpte432" => "smpte432",
        "smpte431" => "smpte431",
        _ => "bt2020",
    }
}

fn matrix(tag: &str) -> &'static str {
    match tag {
        "bt709" => "bt709",
        "bt2020c" => "bt2020c",
        _ => "bt2020nc",
    }
}

fn range(tag: &str) -> &'static str {
    match tag {
        "pc" => "pc",
        _ => "tv",
    }
}
