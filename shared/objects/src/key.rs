//! What an object key may look like, for every adapter alike. Keys become paths and URLs, so nothing clever is allowed.

use crate::ObjectError;

/// The longest key, in bytes: what S3 takes.
pub const LONGEST_KEY: usize = 1024;

/// The longest segment, in bytes: what file systems take.
pub const LONGEST_SEGMENT: usize = 255;

/// Checks a key: segments of `A-Z a-z 0-9 . _ -`, none empty, none starting with a dot, joined by `/`.
///
/// A key is never the folder of another (`a` beside `a/b`): a folder of files can't hold both.
pub fn check_key(key: &str) -> Result<(), ObjectError> {
    let good = key.len() <= LONGEST_KEY && key.split('/').all(is_segment);
    if good { Ok(()) } else { Err(bad(key)) }
}

/// Checks a prefix: the beginning of a key, or nothing. It may end inside a segment or with `/`.
pub fn check_prefix(prefix: &str) -> Result<(), ObjectError> {
    let (folders, last) = prefix.rsplit_once('/').unwrap_or(("", prefix));
    let good = prefix.len() <= LONGEST_KEY
        && (prefix.find('/') != Some(0))
        && (folders.is_empty() || folders.split('/').all(is_segment))
        && (last.is_empty() || is_segment(last));
    if good { Ok(()) } else { Err(bad(prefix)) }
}

fn is_segment(segment: &str) -> bool {
    (1..=LONGEST_SEGMENT).contains(&segment.len())
        && !segment.starts_with('.')
        && segment
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn bad(key: &str) -> ObjectError {
    ObjectError::BadKey {
        key: key.chars().take(80).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{check_key, check_prefix};

    #[test]
    fn our_keys_pass() {
        for key in [
            "a",
            "sources/0190-ab",
            "outputs/1/2/3-4/big.buck_bunny.webm",
        ] {
            assert!(check_key(key).is_ok(), "{key}");
        }
    }

    #[test]
    fn whatever_could_leave_the_store_is_refused() {
        let long = "x".repeat(256);
        let deep = "a/".repeat(600) + "a";
        for key in [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", "a/..", ".tmp/a", "a/.b",
            "a b", "a\\b", "a\0", "ä", "a\n", "a%2f", &long, &deep,
        ] {
            assert!(check_key(key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn prefixes_may_end_anywhere() {
        for prefix in ["", "a", "a/", "a/b", "work/0190-ab/"] {
            assert!(check_prefix(prefix).is_ok(), "{prefix:?}");
        }
        for prefix in ["/", "//", "a//", "../", "..", "a/../", ".u", "a b"] {
            assert!(check_prefix(prefix).is_err(), "{prefix:?}");
        }
    }
}
