//! What a child says on stderr: its first lines, its last 8 KiB, how many lines in all. Flat memory, no paths of ours.

use std::collections::VecDeque;

/// The tail kept for errors, in bytes.
const TAIL: usize = 8 * 1024;

/// What is kept raw, so that a path cut by the ring never reaches the tail.
const RAW: usize = 2 * TAIL;

/// How many of the first lines are kept.
const FIRST_LINES: usize = 8;

/// The longest first line kept, in bytes.
const LINE: usize = 400;

/// The log of one run.
#[derive(Debug, Default)]
pub(crate) struct Log {
    raw: VecDeque<u8>,
    dropped: bool,
    first: Vec<Vec<u8>>,
    open_line: bool,
    lines: u64,
    errors: u64,
    hide: Vec<String>,
}

impl Log {
    /// A log from which these texts (folders) are taken out.
    pub(super) fn hiding(hide: Vec<String>) -> Self {
        Self {
            hide,
            ..Self::default()
        }
    }

    /// Takes what was said.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.count(bytes);
        self.raw.extend(bytes);
        if self.raw.len() > RAW {
            self.raw.drain(..self.raw.len() - RAW);
            self.dropped = true;
        }
    }

    fn count(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            if !self.open_line {
                self.lines += 1;
                if self.first.len() < FIRST_LINES {
                    self.first.push(Vec::new());
                }
            }
            self.open_line = !piece.ends_with(b"\n");
            self.errors += u64::from(is_error(piece));
            let is_first = self.lines <= FIRST_LINES as u64;
            if let Some(line) = self.first.last_mut().filter(|_| is_first) {
                let room = LINE.saturating_sub(line.len());
                line.extend(piece.iter().take(room));
            }
        }
    }

    /// How many lines were said.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// How many lines are marked as errors; needs the level in front of each line (`-v level+…`).
    pub(crate) fn errors(&self) -> u64 {
        self.errors
    }

    /// The first lines said, at most 8.
    pub(crate) fn first(&self) -> Vec<String> {
        let clean = |line: &Vec<u8>| self.clean(line).trim().to_owned();
        self.first.iter().map(clean).collect()
    }

    /// The last lines said, at most 8 KiB.
    pub(crate) fn tail(&self) -> String {
        let raw: Vec<u8> = self.raw.iter().copied().collect();
        let text = self.clean(&raw);
        let cut = text.len() > TAIL || self.dropped;
        let mut from = text.len().saturating_sub(TAIL);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let tail = &text[from..];
        let whole_lines = match tail.find('\n') {
            Some(end) if cut => &tail[end + 1..],
            _ => tail,
        };
        whole_lines.trim_end().to_owned()
    }

    fn clean(&self, bytes: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(bytes).replace('\r', "\n");
        for hidden in &self.hide {
            text = text.replace(hidden.as_str(), "");
        }
        without_addresses(&text)
    }
}

/// `[h264 @ 0x55d0c8] [error] …`, `[error] …` or `[fatal] …`. ffmpeg writes a line at a time, so that it comes in one
/// piece; one that is cut by a full pipe may be missed, among the many that filled it.
fn is_error(piece: &[u8]) -> bool {
    let marked = |mark: &[u8]| piece.windows(mark.len()).any(|part| part == mark);
    marked(b"[error] ") || marked(b"[fatal] ")
}

/// `[mov @ 0x55d0c8]` → `[mov]`: addresses say nothing to anyone and differ from run to run.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split(" @ 0x");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_end_and_the_start_of_a_long_log() {
        let mut log = Log::hiding(vec!["/scratch/run-1/".into()]);
        for n in 0..10_000 {
            log.push(
                format!("[h264 @ 0x55d0{n:04x}] /scratch/run-1/source: line {n}\n").as_bytes(),
            );
        }
        assert_eq!(log.lines(), 10_000);
        assert_eq!(log.first().len(), 8);
        assert_eq!(log.first()[7], "[h264] source: line 7");
        let tail = log.tail();
        assert!(tail.len() <= 8 * 1024, "{}", tail.len());
        assert!(tail.len() > 7 * 1024, "{}", tail.len());
        assert!(tail.ends_with("[h264] source: line 9999"), "{tail}");
        assert!(tail.starts_with("[h264] source: line"), "{tail}");
        assert!(!tail.contains("scratch"));
    }

    #[test]
    fn is_valid_text_whatever_is_said() {
        let mut log = Log::default();
        log.push(b"caf\xc3");
        log.push(b"\xa9 \xff\n");
        assert_eq!(log.tail(), "café \u{fffd}");
        assert_eq!(log.first(), ["café \u{fffd}"]);
        assert_eq!(log.lines(), 1);
    }

    #[test]
    fn counts_what_is_marked_as_an_error() {
        let mut log = Log::default();
        log.push(b"[h264 @ 0x55d0c8] [error] error while decoding MB 1 2\n[warning] deprecated\n[fatal] end\n");
        assert_eq!(log.errors(), 2);
        assert!(log.tail().starts_with("[h264] [error] error while"));
    }

    #[test]
    fn one_endless_line_stays_bounded() {
        let mut log = Log::default();
        for _ in 0..100 {
            log.push(&[b'x'; 1000]);
        }
        assert_eq!(log.lines(), 1);
        assert!(log.first()[0].len() <= 400);
        assert!(log.tail().len() <= 8 * 1024);
    }
}
