//! From what ffprobe said to why a file can't be used, in its owner's words.

use super::ProbeError;
use crate::RunError;
use crate::process::Finished;
use reelmill_domain::spec::SourceLimits;

/// The caps of ffmpeg itself, when its log says that one was met.
pub(super) fn over_cap(log: &str, limits: &SourceLimits) -> Option<ProbeError> {
    let too_many_streams = log.contains("exceeds max_streams");
    let too_many_pixels = log.contains("exceeds specified max pixel count");
    if too_many_streams {
        return Some(ProbeError::TooManyStreams {
            limit: limits.streams,
        });
    }
    too_many_pixels.then_some(ProbeError::TooManyPixels {
        limit: limits.pixels,
    })
}

/// Why ffprobe could not open the file, which begins with `head`.
pub(super) fn not_opened(finished: &Finished, head: &[u8], limits: &SourceLimits) -> ProbeError {
    let log = finished.log.tail();
    if let Some(error) = over_cap(&log, limits) {
        return error;
    }
    if let Some(what) = document(head) {
        return ProbeError::FormatRefused { what };
    }
    if let Some(demuxer) = refused_demuxer(&log) {
        return refused(demuxer);
    }
    if log.contains("moov atom not found") && is_iso_media(head) {
        return ProbeError::Incomplete {
            what: "its index is missing; it was probably cut off while it was written or sent"
                .into(),
        };
    }
    if log.contains("Invalid data found") || log.contains("End of file") {
        return ProbeError::NotMedia {
            what: "nothing in it looks like a film or a recording".into(),
        };
    }
    ProbeError::Run(RunError {
        cause: crate::Cause::Exited {
            status: finished.status,
        },
        log_tail: log,
    })
}

/// The first box of an MP4 or QuickTime file, by its type. ffprobe also tries those demuxers for the name's sake.
fn is_iso_media(head: &[u8]) -> bool {
    let kinds: [&[u8]; 6] = [b"ftyp", b"mdat", b"free", b"skip", b"wide", b"moov"];
    head.get(4..8).is_some_and(|kind| kinds.contains(&kind))
}

/// `[concat] Format not on whitelist …` → `concat`.
fn refused_demuxer(log: &str) -> Option<&str> {
    let line = log
        .lines()
        .find(|l| l.contains("Format not on whitelist"))?;
    let (_, rest) = line.split_once('[')?;
    rest.split_once(']').map(|(name, _)| name.trim())
}

fn refused(demuxer: &str) -> ProbeError {
    let what = match demuxer {
        "hls" | "applehttp" => "a streaming playlist (HLS)",
        "dash" => "a streaming manifest (DASH)",
        "concat" => "a list of files (ffconcat)",
        "sdp" | "rtsp" => "the description of a network stream (SDP)",
        "imf" => "an IMF packing list",
        "vobsub" => "a subtitle index",
        "svg_pipe" => "a drawing (SVG)",
        _ if demuxer.ends_with("_pipe") || demuxer == "image2" => {
            return ProbeError::NotMedia {
                what: "it is a still picture".into(),
            };
        }
        _ => {
            return ProbeError::NotMedia {
                what: format!("files of the kind \"{demuxer}\" are not taken"),
            };
        }
    };
    ProbeError::FormatRefused { what }
}

/// Documents that point elsewhere, told by how they begin (whether ffprobe knows them differs by its build).
fn document(head: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let is_xml = text.starts_with('<');
    if text.starts_with("#EXTM3U") {
        Some("a streaming playlist (HLS)")
    } else if text.starts_with("ffconcat") {
        Some("a list of files (ffconcat)")
    } else if text.starts_with("v=0") && text.contains("\nm=") {
        Some("the description of a network stream (SDP)")
    } else if is_xml && text.contains("<MPD") {
        Some("a streaming manifest (DASH)")
    } else if is_xml && text.contains("<svg") {
        Some("a drawing (SVG)")
    } else if is_xml && text.contains("CompositionPlaylist") {
        Some("an IMF packing list")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_by_their_beginning() {
        let known = |text: &str| document(text.as_bytes()).is_some();
        assert!(known("#EXTM3U\n#EXTINF:1,\nhttp://host/a.ts"));
        assert!(known("\u{feff} ffconcat version 1.0"));
        assert!(known(
            "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash\">"
        ));
        assert!(known("<svg xmlns=\"http://www.w3.org/2000/svg\">"));
        assert!(known(
            "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96"
        ));
        assert!(!known("a story about <MPD"));
        assert!(!known("\0\0\0 ftypisom"));
    }

    #[test]
    fn refused_formats_are_named() {
        let log = "[dash] Format not on whitelist 'aac,ac3'\nfile:source: Invalid argument";
        assert_eq!(refused_demuxer(log), Some("dash"));
        assert_eq!(refused("dash").code(), "format_refused");
        assert_eq!(refused("png_pipe").code(), "not_media");
        assert!(refused("png_pipe").to_string().contains("still picture"));
        assert_eq!(refused("tty").code(), "not_media");
    }
}
