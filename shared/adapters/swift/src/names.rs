//! Which object of the container holds what. Objects lie at `PREFIX/KEY`; the segments of large ones and of uploads at
//! `PREFIX/.segments/KEY/GROUP/SEGMENT`, which no key can look like.

use crate::errors::Attempt;
use reelmill_objects::{ObjectError, check_key, check_prefix};
use uuid::Uuid;

/// Longest object name that Swift takes unless told otherwise (`max_object_name_length`), in bytes.
const LONGEST_NAME: usize = 1024;

/// Where segments lie, below the prefix.
const SEGMENTS: &str = ".segments/";

/// Where runs keep what they make on the way, below the prefix.
const WORK: &str = "work/";

/// The smallest name behind everything that is hidden: `/` is followed by `0`.
const BEHIND_SEGMENTS: &str = ".segments0";

/// Two ids and two slashes, behind a key.
const GROUP_AND_SEGMENT: usize = 2 * 32 + 2;

/// The names of one store.
#[derive(Debug, Clone)]
pub struct Names {
    /// Empty, or ends in a slash.
    base: String,
}

/// A segment's place, read from its name.
#[derive(Debug, PartialEq, Eq)]
pub struct SegmentName<'a> {
    pub key: &'a str,
    pub group: &'a str,
}

/// An id that nobody else ever gives.
pub fn fresh_id() -> String {
    Uuid::now_v7().simple().to_string()
}

impl Names {
    /// The names below `prefix`, which is empty or looks like a key.
    pub fn new(prefix: &str) -> Result<Self, ObjectError> {
        let prefix = prefix.trim_matches('/');
        if prefix.is_empty() {
            return Ok(Self {
                base: String::new(),
            });
        }
        check_key(prefix)?;
        Ok(Self {
            base: format!("{prefix}/"),
        })
    }

    /// The name of an object.
    pub fn object(&self, attempt: Attempt<'_>) -> Result<String, ObjectError> {
        check_key(attempt.key)?;
        let longest =
            LONGEST_NAME.saturating_sub(self.base.len() + SEGMENTS.len() + GROUP_AND_SEGMENT);
        if attempt.key.len() > longest {
            return Err(attempt.because(format!(
                "the key is longer than {longest} bytes, which is what fits into Swift's names here"
            )));
        }
        Ok(format!("{}{}", self.base, attempt.key))
    }

    /// What all names of objects with this beginning of a key start with.
    pub fn objects(&self, prefix: &str) -> Result<String, ObjectError> {
        check_prefix(prefix)?;
        Ok(format!("{}{prefix}", self.base))
    }

    /// The key of an object's name; `None` for what is hidden or not ours.
    pub fn key<'a>(&self, name: &'a str) -> Option<&'a str> {
        let key = name.strip_prefix(self.base.as_str())?;
        check_key(key).is_ok().then_some(key)
    }

    /// A place in a listing from which on nothing hidden comes, for a name that is hidden.
    pub fn behind_hidden(&self, name: &str) -> Option<String> {
        let hidden = name.strip_prefix(self.base.as_str())?.starts_with(SEGMENTS);
        hidden.then(|| format!("{}{BEHIND_SEGMENTS}", self.base))
    }

    /// What all segments of keys with this beginning start with.
    pub fn segments(&self, prefix: &str) -> Result<String, ObjectError> {
        check_prefix(prefix)?;
        Ok(format!("{}{SEGMENTS}{prefix}", self.base))
    }

    /// What all segments of one group start with: an upload, or one large file.
    pub fn group(&self, key: &str, group: &str) -> String {
        format!("{}{SEGMENTS}{key}/{group}/", self.base)
    }

    /// A segment's name.
    pub fn segment(&self, key: &str, group: &str, id: &str) -> String {
        format!("{}{id}", self.group(key, group))
    }

    /// Where a segment's name says that it belongs.
    pub fn parse_segment<'a>(&self, name: &'a str) -> Option<SegmentName<'a>> {
        let rest = name
            .strip_prefix(self.base.as_str())?
            .strip_prefix(SEGMENTS)?;
        let (rest, _) = rest.rsplit_once('/')?;
        let (key, group) = rest.rsplit_once('/')?;
        Some(SegmentName { key, group })
    }

    /// The name of a small object that only shows whether one can write and read. It lies where runs keep their files, so
    /// that rights to a part of the container show; no key can be the same, so it is in no listing.
    pub fn trial(&self) -> String {
        format!("{}{WORK}.check/{}", self.base, fresh_id())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests speak by panicking")]
mod tests {
    use super::*;

    fn attempt(key: &str) -> Attempt<'_> {
        Attempt { what: "test", key }
    }

    #[test]
    fn names_come_back_as_keys_and_segments_as_their_places() {
        for prefix in ["", "a", "a/b/"] {
            let names = Names::new(prefix).unwrap();
            let name = names.object(attempt("x/y.z")).unwrap();
            assert_eq!(names.key(&name), Some("x/y.z"));
            assert_eq!(names.behind_hidden(&name), None);
            let segment = names.segment("x/y.z", "G", "S");
            assert!(segment.starts_with(&names.segments("x/").unwrap()));
            assert_eq!(names.key(&segment), None);
            let behind = names.behind_hidden(&segment).unwrap();
            assert!(segment < behind && behind < name);
            let place = names.parse_segment(&segment).unwrap();
            assert_eq!(
                place,
                SegmentName {
                    key: "x/y.z",
                    group: "G"
                }
            );
        }
    }

    #[test]
    fn a_key_that_leaves_no_room_for_its_segments_is_refused() {
        let names = Names::new("store").unwrap();
        let key = ["x"; 450].join("/");
        let longest = &key[..key.len() - key.len() % 2 - 1];
        assert!(names.object(attempt(longest)).is_ok());
        let group = fresh_id();
        assert!(names.segment(longest, &group, &fresh_id()).len() <= LONGEST_NAME);
        let long = ["x"; 500].join("/");
        assert!(names.object(attempt(&long)).is_err());
    }
}
