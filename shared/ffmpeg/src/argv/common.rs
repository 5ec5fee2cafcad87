//! What every command line begins with, whatever it is for.

use reelmill_domain::spec::SourceLimits;

/// Demuxers that read one file and nothing else. Left out on purpose: everything that follows references to other
/// files or hosts (hls, dash, concat, sdp, imf, image2, vobsub), that draws or computes (lavfi, svg and other
/// picture pipes, libopenmpt), and text that only looks like a film (tty, subtitles). A DASH manifest or a concat list
/// that is named like a film is told by its content, so only this list stops it.
const FORMATS: &str = "aac,ac3,aiff,amr,ape,apng,asf,au,av1,avi,caf,dts,dtshd,dv,eac3,flac,flv,gif,gxf,h264,hevc,ivf,\
    live_flv,m4v,matroska,mlp,mov,mp3,mp4,mpeg,mpegts,mpegvideo,mxf,nut,obu,ogg,rm,truehd,tta,vc1,vvc,w64,wav,webm,wtv,\
    wv,yuv4mpegpipe";

/// The most that ffmpeg's own pixel cap can say.
const MOST_PIXELS: u64 = i32::MAX as u64;

/// An argument array in the making.
#[derive(Debug, Default)]
pub(super) struct Args(Vec<String>);

impl Args {
    /// ffmpeg, quiet but for what is wrong, deaf to the terminal, replacing its output.
    pub(super) fn ffmpeg(level: &str) -> Self {
        let mut args = Self::default();
        args.words(["-nostdin", "-hide_banner", "-nostats", "-y"]);
        args.pair("-v", level);
        args
    }

    /// ffprobe, likewise.
    pub(super) fn ffprobe() -> Self {
        let mut args = Self::default();
        args.words(["-hide_banner"]);
        args.pair("-v", "error");
        args
    }

    pub(super) fn words<'a>(&mut self, words: impl IntoIterator<Item = &'a str>) -> &mut Self {
        self.0.extend(words.into_iter().map(str::to_owned));
        self
    }

    pub(super) fn pair(&mut self, key: &str, value: impl ToString) -> &mut Self {
        self.0.push(key.to_owned());
        self.0.push(value.to_string());
        self
    }

    /// Reports of progress on standard output, twice a second.
    pub(super) fn progress(&mut self) -> &mut Self {
        self.words(["-progress", "pipe:1", "-stats_period", "0.5"])
    }

    /// What may be opened, and how large it may be. Comes before the input.
    pub(super) fn guards(&mut self, caps: &SourceLimits) -> &mut Self {
        self.pair("-protocol_whitelist", "file")
            .pair("-format_whitelist", FORMATS)
            .pair("-max_streams", caps.streams)
            .pair("-max_pixels", caps.pixels.min(MOST_PIXELS))
    }

    /// The input. `file:` makes any name a plain file, whatever it looks like.
    pub(super) fn input(&mut self, name: &str) -> &mut Self {
        self.pair("-i", format!("file:{name}"))
    }

    /// The output, likewise; always the last argument.
    pub(super) fn output(mut self, name: &str) -> Vec<String> {
        self.0.push(format!("file:{name}"));
        self.0
    }

    pub(super) fn done(self) -> Vec<String> {
        self.0
    }
}
