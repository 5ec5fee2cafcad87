//! The `Range` header (RFC 9110, 14.2): one range of bytes. Several at once, and other units, are ignored: the whole is sent.

use std::ops::Range;

/// What a `Range` header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Nothing that we understand: send the whole.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that are not there.
    Outside,
}

/// Reads it against a file of `bytes`.
pub fn parse(header: &str, bytes: u64) -> Asked {
    parts(header).map_or(Asked::Whole, |(first, last)| match (first, last) {
        (Some(first), last) => {
            let end = last.map_or(bytes, |last| last.saturating_add(1).min(bytes));
            if first < bytes {
                Asked::Part(first..end)
            } else {
                Asked::Outside
            }
        }
        (None, Some(0)) => Asked::Outside,
        (None, Some(_)) if bytes == 0 => Asked::Outside,
        (None, Some(suffix)) => Asked::Part(bytes.saturating_sub(suffix)..bytes),
        (None, None) => Asked::Whole,
    })
}

/// `None` for what is not one well-formed range of bytes.
fn parts(header: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = header.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || range.contains(',') {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    match (first, last) {
        (None, None) => None,
        (Some(first), Some(last)) if last < first => None,
        range => Some(range),
    }
}

/// Nothing is a number that is left out.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Longer than any file: as good as the largest.
    Some(Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood() {
        for (header, expected) in [
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=0-", Asked::Part(0..10)),
            ("bytes=3-5", Asked::Part(3..6)),
            ("bytes=3-99999999999999999999999", Asked::Part(3..10)),
            ("bytes=9-9", Asked::Part(9..10)),
            ("bytes=-3", Asked::Part(7..10)),
            ("bytes=-99", Asked::Part(0..10)),
            ("Bytes= 1-2", Asked::Part(1..3)),
            ("bytes=10-", Asked::Outside),
            ("bytes=-0", Asked::Outside),
            ("bytes=5-3", Asked::Whole),
            ("bytes=0-1,4-5", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("frames=0-1", Asked::Whole),
            ("", Asked::Whole),
        ] {
            assert_eq!(parse(header, 10), expected, "{header}");
        }
        assert_eq!(parse("bytes=0-", 0), Asked::Outside);
        assert_eq!(parse("bytes=-1", 0), Asked::Outside);
    }
}
