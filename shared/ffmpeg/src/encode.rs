//! One encode: a spec, an input, an output file. Proves nothing about the result: see [`crate::verify`].

use crate::process::{Finished, Order, Seen, run};
use crate::progress::ProgressReader;
use crate::{Cause, FfmpegProgress, RunError, RunLimits, Tools, argv};
use reelmill_domain::event::Warning;
use reelmill_domain::spec::EncodeSpec;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// What an encode used and said.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// Frames that ffmpeg says it wrote; 0 without a picture.
    pub frames: u64,
    /// Processor time of the ffmpeg that made it, user and system, in seconds.
    pub cpu_s: f64,
    /// Errors that it met and went on after, as a damaged source makes its decoders tell.
    pub errors: u64,
    /// The end of its log.
    pub log_tail: String,
    /// The sound was to be copied, but its packets were refused, and it was decoded and made anew.
    pub sound_made_anew: bool,
}

impl Encoded {
    /// What the source's owner should know although the output may be as long as it should be.
    pub fn warnings(&self) -> Vec<Warning> {
        let anew = self.sound_made_anew.then(made_anew);
        concealed(self.errors).into_iter().chain(anew).collect()
    }
}

/// Decoders cover up what they can't read with what they saw before. The words are the same for every output of a
/// source, however many errors each of them met: one warning of a job, not one per output.
pub(crate) fn concealed(errors: u64) -> Option<Warning> {
    (errors > 0).then(|| Warning {
        code: "source_damaged".into(),
        message: "The source is damaged: parts of it could not be decoded cleanly. Picture or sound may be wrong there."
            .into(),
    })
}

fn made_anew() -> Warning {
    Warning {
        code: "source_damaged".into(),
        message: "The source is damaged: its sound could not be copied as it is, and was decoded and encoded anew."
            .into(),
    }
}

/// Encodes `input` as `spec` says into `output`, which is replaced. The run's current folder is that of `output`.
///
/// Muxers look into some packets of copied sound (AC-3 in MP4, AAC in most files) and give up the whole file over a damaged
/// one. When that happens, the sound is made anew in a second encode, if the spec says how.
///
/// # Errors
/// See [`RunError`]. What lies at `output` is then not to be used.
pub async fn encode(
    tools: &Tools,
    spec: &EncodeSpec,
    input: &Path,
    output: &Path,
    limits: &RunLimits,
    mut on_progress: impl FnMut(FfmpegProgress) + Send,
    cancel: &CancellationToken,
) -> Result<Encoded, RunError> {
    let mut report = |said| on_progress(said);
    let first = once(tools, spec, input, output, limits, &mut report, cancel).await;
    let (refused, anew) = match (first, spec.with_sound_made_anew()) {
        (Err(error), Some(anew)) if error.is_packet_refused() => (error, anew),
        (first, _) => return first,
    };
    tracing::info!(
        log = refused.log_tail,
        "the sound can't be copied; encoding it anew"
    );
    let encoded = once(tools, &anew, input, output, limits, report, cancel).await?;
    Ok(Encoded {
        sound_made_anew: true,
        ..encoded
    })
}

async fn once(
    tools: &Tools,
    spec: &EncodeSpec,
    input: &Path,
    output: &Path,
    limits: &RunLimits,
    on_progress: impl FnMut(FfmpegProgress) + Send,
    cancel: &CancellationToken,
) -> Result<Encoded, RunError> {
    let folder = folder_of(output);
    let args = argv::encode(spec, &seen_from(folder, input), &seen_from(folder, output));
    let (last, finished) = ffmpeg(tools, args, folder, limits, on_progress, cancel).await?;
    Ok(Encoded {
        frames: last.frame,
        cpu_s: finished.cpu_s,
        errors: finished.log.errors(),
        log_tail: finished.log.tail(),
        sound_made_anew: false,
    })
}

/// Runs ffmpeg with its progress on standard output; anything but a clean end is an error.
pub(crate) async fn ffmpeg(
    tools: &Tools,
    args: Vec<String>,
    folder: &Path,
    limits: &RunLimits,
    mut on_progress: impl FnMut(FfmpegProgress) + Send,
    cancel: &CancellationToken,
) -> Result<(FfmpegProgress, Finished), RunError> {
    let order = Order {
        program: &tools.ffmpeg,
        args,
        folder,
        limits,
    };
    let mut progress = ProgressReader::default();
    let line = |line: &str| match progress.line(line) {
        Some((report, moved)) => {
            on_progress(report);
            if moved { Seen::Movement } else { Seen::Nothing }
        }
        None => Seen::Nothing,
    };
    let finished = run(order, line, cancel).await?;
    let last = progress.last();
    finished.span.record("reelmill.frames", last.frame);
    succeeded(&finished)?;
    Ok((last, finished))
}

/// The error that a finished run of ffmpeg stands for, told by its status and its log.
pub(crate) fn succeeded(finished: &Finished) -> Result<(), RunError> {
    let log_tail = finished.log.tail();
    let cause = if log_tail.contains("No space left on device") {
        // ffmpeg may end with 0 although the end of the file could not be written.
        Cause::DiskFull
    } else if finished.status == 0 {
        return Ok(());
    } else if let Some(line) = log_tail.lines().find(|line| is_lacking(line)) {
        Cause::Lacking {
            what: line.trim().to_owned(),
        }
    } else if log_tail.lines().any(is_unreadable) {
        Cause::SourceUnreadable
    } else if log_tail.lines().any(is_refused_packet) {
        Cause::PacketRefused {
            status: finished.status,
        }
    } else {
        Cause::Exited {
            status: finished.status,
        }
    };
    Err(RunError { cause, log_tail })
}

fn is_lacking(line: &str) -> bool {
    ["Unknown encoder", "No such filter", "Unknown decoder"]
        .iter()
        .any(|words| line.contains(words))
}

/// `file:source: Invalid data found when processing input` (5.1) or `Error opening input file file:source.` (7 and
/// newer), behind its level: the input could not even be opened.
fn is_unreadable(line: &str) -> bool {
    let said = line.rsplit_once("] ").map_or(line, |(_, said)| said);
    said.starts_with("Error opening input file")
        || (said.starts_with("file:") && said.contains("Invalid data found"))
}

/// What a muxer found wrong with a packet: `av_interleaved_write_frame(): Invalid data found …` (up to 6.0) or `Error
/// submitting a packet to the muxer: …` (6.1 and newer). Not what the disk, or memory, refused.
fn is_refused_packet(line: &str) -> bool {
    let submitting = [
        "av_interleaved_write_frame(): ",
        "Error submitting a packet to the muxer: ",
    ];
    let malformed = [
        "Invalid data found",
        "Invalid argument",
        "Not yet implemented in FFmpeg",
    ];
    let why = submitting.iter().find_map(|words| line.split_once(words));
    why.is_some_and(|(_, why)| malformed.iter().any(|words| why.starts_with(words)))
}

/// The folder that holds `file`.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// How a run in `folder` names `file`: by its name alone if it lies there, else by its whole path.
pub(crate) fn seen_from(folder: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(folder).ok();
    let absolute = || std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    inside
        .map(Path::to_owned)
        .unwrap_or_else(absolute)
        .to_string_lossy()
        .into_owned()
}
