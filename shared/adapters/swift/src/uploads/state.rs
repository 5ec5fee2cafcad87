//! What the caller keeps of an upload: which segments count, in order. Pure but for the clock of the expiry.

use crate::{errors::Attempt, segments::Segment};
use reelmill_objects::{Appended, ObjectError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Uploads of a known length are cut into about so many pieces at most.
const PIECES: u64 = 1000;

/// The state of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The id of this upload, under which its segments lie.
    pub group: String,
    /// How long the whole will be, if it was said.
    length: Option<u64>,
    /// What counts, in order.
    pub segments: Vec<Segment>,
    /// Ids that the state before this one named and this one doesn't.
    #[serde(default)]
    pub replaced: Vec<String>,
    /// When the oldest segment got its time, in seconds since 1970 by this machine's clock.
    refreshed: u64,
}

/// A state up to an offset.
#[derive(Debug, PartialEq, Eq)]
pub struct Cut {
    /// Segments that stay as they are.
    pub kept: Vec<Segment>,
    /// Segments whose first bytes are to be written again, with how many.
    pub again: Vec<(Segment, u64)>,
    /// Ids of the segments that are not kept.
    dropped: Vec<String>,
}

impl Cut {
    /// How many bytes stay as they are.
    pub fn kept_bytes(&self) -> u64 {
        self.kept.iter().map(|s| s.bytes).sum()
    }

    /// The offset of the cut.
    pub fn bytes(&self) -> u64 {
        self.kept_bytes() + self.again.iter().map(|(_, bytes)| bytes).sum::<u64>()
    }
}

impl State {
    /// An upload of which nothing is there.
    pub fn new(group: String, length: Option<u64>) -> Self {
        Self {
            group,
            length,
            segments: Vec::new(),
            replaced: Vec::new(),
            refreshed: now(),
        }
    }

    /// From what the caller kept.
    pub fn read(attempt: Attempt<'_>, state: Value) -> Result<Self, ObjectError> {
        let read: Self = serde_json::from_value(state)
            .map_err(|e| attempt.because(format!("its state is none of this store's ({e})")))?;
        let plain = |id: &String| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
        let mut ids = read.segments.iter().map(|s| &s.id).chain(&read.replaced);
        if !ids.all(plain) || !plain(&read.group) {
            return Err(attempt.because("its state names what can't be a segment"));
        }
        Ok(read)
    }

    /// For the caller to keep.
    pub fn to_json(&self) -> Value {
        json!(self)
    }

    /// How many bytes are there.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|s| s.bytes).sum()
    }

    /// How long pieces are from `offset` on: at least `least`; longer in a long upload, whose segments would become too
    /// many.
    pub fn piece_bytes(&self, least: u64, offset: u64) -> u64 {
        let by_length = self.length.map(|length| length.div_ceil(PIECES));
        // Of unknown length: a number of pieces that grows with the logarithm of the offset.
        let longer = by_length.unwrap_or(offset / (PIECES / 2));
        least.max(longer).max(1)
    }

    /// The first `offset` bytes of it, which must be there. A last segment shorter than `fold` is written again with what
    /// follows, so that small appends don't leave small segments.
    pub fn cut(&self, attempt: Attempt<'_>, offset: u64, fold: u64) -> Result<Cut, ObjectError> {
        if offset > self.bytes() {
            let there = self.bytes();
            return Err(attempt.because(format!("only {there} of the {offset} bytes are there")));
        }
        let (mut kept, mut again, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
        let mut at = 0;
        for segment in &self.segments {
            let end = at + segment.bytes;
            let is_last = end >= offset;
            if end <= offset && !(is_last && segment.bytes < fold) {
                kept.push(segment.clone());
            } else {
                dropped.push(segment.id.clone());
                if at < offset {
                    again.push((segment.clone(), offset.min(end) - at));
                }
            }
            at = end;
        }
        Ok(Cut {
            kept,
            again,
            dropped,
        })
    }

    /// The state after `cut` and `new`.
    pub fn next(self, cut: Cut, new: Vec<Segment>) -> Self {
        let mut segments = cut.kept;
        segments.extend(new);
        Self {
            segments,
            replaced: cut.dropped,
            ..self
        }
    }

    /// As an append returns it.
    pub fn appended(&self, broken: Option<ObjectError>) -> Appended {
        Appended {
            state: self.to_json(),
            offset: self.bytes(),
            broken,
        }
    }

    /// Whether segments have used up a quarter of their time.
    pub fn is_to_be_refreshed(&self, lives: Duration) -> bool {
        now().saturating_sub(self.refreshed) >= lives.as_secs() / 4
    }

    /// All segments have their whole time again.
    pub fn refreshed_now(&mut self) {
        self.refreshed = now();
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests speak by panicking")]
mod tests {
    use super::*;

    const ATTEMPT: Attempt<'_> = Attempt {
        what: "test",
        key: "k",
    };

    fn segment(n: u64, bytes: u64) -> Segment {
        Segment {
            id: format!("{n:032x}"),
            etag: format!("{n:032x}"),
            bytes,
        }
    }

    fn state(lengths: &[u64]) -> State {
        let segments = lengths.iter().zip(1..).map(|(b, n)| segment(n, *b));
        State {
            segments: segments.collect(),
            ..State::new(format!("{:032x}", 0), None)
        }
    }

    #[test]
    fn a_state_comes_back_from_its_json() {
        let state = state(&[5, 6]);
        assert_eq!(State::read(ATTEMPT, state.to_json()).unwrap(), state);
        assert!(State::read(ATTEMPT, json!({})).is_err());
        let mut bad = state;
        bad.segments[0].id = "../../x".into();
        assert!(State::read(ATTEMPT, bad.to_json()).is_err());
    }

    #[test]
    fn a_cut_keeps_whole_segments_and_writes_the_rest_again() {
        let state = state(&[10, 10, 3]);
        let of = |offset, fold| {
            let cut = state.cut(ATTEMPT, offset, fold).unwrap();
            assert_eq!(cut.bytes(), offset);
            let again: Vec<u64> = cut.again.iter().map(|(_, bytes)| *bytes).collect();
            (cut.kept.len(), again, cut.dropped.len())
        };
        assert_eq!(of(23, 0), (3, vec![], 0));
        assert_eq!(of(23, 10), (2, vec![3], 1));
        assert_eq!(of(20, 10), (2, vec![], 1));
        assert_eq!(of(20, 11), (1, vec![10], 2));
        assert_eq!(of(15, 0), (1, vec![5], 2));
        assert_eq!(of(0, 10), (0, vec![], 3));
        assert!(state.cut(ATTEMPT, 24, 0).is_err());
    }

    #[test]
    fn pieces_grow_with_the_length_or_the_offset() {
        let known = State::new(String::new(), Some(100_000_000_000));
        assert_eq!(known.piece_bytes(8 << 20, 0), 100_000_000);
        let unknown = state(&[]);
        assert_eq!(unknown.piece_bytes(8 << 20, 0), 8 << 20);
        assert_eq!(unknown.piece_bytes(8 << 20, 50_000_000_000), 100_000_000);
    }

    #[test]
    fn a_quarter_of_their_time_after_the_last_refresh_segments_get_it_again() {
        let mut state = state(&[1]);
        assert!(!state.is_to_be_refreshed(Duration::from_secs(400)));
        state.refreshed -= 101;
        assert!(state.is_to_be_refreshed(Duration::from_secs(400)));
        state.refreshed_now();
        assert!(!state.is_to_be_refreshed(Duration::from_secs(400)));
    }
}
