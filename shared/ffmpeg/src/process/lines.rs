//! Cuts a byte stream into lines, with bounded memory.

/// The longest line kept, in bytes; what goes beyond is dropped.
const LONGEST: usize = 64 * 1024;

/// Bytes of the line that is not whole yet.
#[derive(Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// Hands every line that `bytes` completes to `sink`, until it says stop.
    pub(super) fn feed(&mut self, bytes: &[u8], mut sink: impl FnMut(&str) -> bool) -> bool {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            let room = LONGEST.saturating_sub(self.rest.len());
            match piece.strip_suffix(b"\n") {
                Some(line) if self.rest.is_empty() => {
                    if !sink(&String::from_utf8_lossy(&line[..line.len().min(LONGEST)])) {
                        return false;
                    }
                }
                Some(end) => {
                    self.rest.extend(end.iter().take(room));
                    let goes_on = sink(&String::from_utf8_lossy(&self.rest));
                    self.rest.clear();
                    if !goes_on {
                        return false;
                    }
                }
                None => self.rest.extend(piece.iter().take(room)),
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut got = Vec::new();
        for piece in pieces {
            lines.feed(piece, |line| {
                got.push(line.to_owned());
                true
            });
        }
        got
    }

    #[test]
    fn lines_come_whole_however_the_bytes_are_cut() {
        assert_eq!(collect(&[b"a\nb", b"c\n", b"\nd"]), ["a", "bc", ""]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let long = vec![b'x'; 100_000];
        let got = collect(&[&long, b"\nnext\n"]);
        assert_eq!(got[0].len(), LONGEST);
        assert_eq!(got[1], "next");
    }

    #[test]
    fn stops_when_told() {
        let mut seen = 0;
        let goes_on = Lines::default().feed(b"1\n2\n3\n", |_| {
            seen += 1;
            seen < 2
        });
        assert!(!goes_on);
        assert_eq!(seen, 2);
    }
}
