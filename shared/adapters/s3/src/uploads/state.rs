//! What the caller keeps of an upload between appends, and what it says of it. Pure.

use super::multipart::Part;
use crate::schedule::Schedule;
use reelmill_objects::ObjectError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The form of this state.
const VERSION: u8 = 1;

/// What is stored of an upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    version: u8,
    /// Ours: names its tails and marks its object.
    pub id: String,
    /// Its length, if that was known when it began.
    pub length: Option<u64>,
    /// The largest part number it may use.
    pub numbers: u32,
    /// What the store calls its multipart upload; none for what fits into one part.
    pub upload: Option<String>,
    /// The parts that count, slot by slot.
    pub parts: Vec<Part>,
    /// The pieces that come after them.
    pub tail: Vec<Piece>,
    /// Where the last append began.
    pub before: Option<Before>,
    /// Pieces that nobody needs once this state is kept.
    pub garbage: Vec<String>,
}

/// A piece of a tail: an object of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Its name among those of the upload; never used again.
    pub name: String,
    /// How many of its bytes count, from its first.
    pub bytes: u64,
}

/// What counted before the last append.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Before {
    parts: usize,
    tail: Vec<Piece>,
}

impl State {
    /// Of an upload that has just begun.
    pub fn begun(id: String, length: Option<u64>, numbers: u32) -> Self {
        Self {
            version: VERSION,
            id,
            length,
            numbers,
            upload: None,
            parts: Vec::new(),
            tail: Vec::new(),
            before: None,
            garbage: Vec::new(),
        }
    }

    /// Reads what a caller kept.
    pub fn of(kept: Value) -> Result<Self, String> {
        let state: Self = serde_json::from_value(kept)
            .map_err(|e| format!("this is not the state of an upload to S3: {e}"))?;
        match state.version {
            VERSION => Ok(state),
            other => Err(format!(
                "the upload was begun by another version ({other}) of this program"
            )),
        }
    }

    /// For the caller to keep.
    pub fn kept(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }

    /// How it is cut.
    pub fn schedule(&self) -> Schedule {
        Schedule::of(self.length, self.numbers)
    }

    /// Bytes that are stored in all.
    pub fn durable(&self) -> u64 {
        self.schedule().start(self.parts.len()) + sum(&self.tail)
    }

    /// Begins an append at `offset`: what lies beyond does not count any more. Returns the pieces that can be removed at
    /// once: that this state is here shows that it was kept, and that no older one is needed.
    pub fn begin_append(&mut self, offset: u64) -> Result<Vec<String>, String> {
        let mut doomed = std::mem::take(&mut self.garbage);
        let before = self.before.clone();
        self.cut(offset)?;
        for piece in before.map(|b| b.tail).unwrap_or_default() {
            if !names(&self.tail).any(|n| *n == piece.name) && !self.garbage.contains(&piece.name) {
                doomed.push(piece.name);
            }
        }
        self.before = Some(Before {
            parts: self.parts.len(),
            tail: self.tail.clone(),
        });
        Ok(doomed)
    }

    /// Takes back what lies beyond `bytes`: within the tail, to where the last append began or a little further, or to the
    /// end of a part. Nothing is removed: the caller may have to come back to the state that it gave.
    pub fn cut(&mut self, bytes: u64) -> Result<(), String> {
        let durable = self.durable();
        if bytes == durable {
            return Ok(());
        }
        if bytes > durable {
            return Err(format!("only {durable} of the {bytes} bytes are there"));
        }
        let (parts, tail) = self.point(bytes)?;
        let all: Vec<Piece> = std::mem::take(&mut self.tail)
            .into_iter()
            .chain(self.before.take().map(|b| b.tail).unwrap_or_default())
            .collect();
        for name in names(&all) {
            if !names(&tail).any(|n| n == name) && !self.garbage.contains(name) {
                self.garbage.push(name.clone());
            }
        }
        self.parts.truncate(parts);
        self.tail = tail;
        Ok(())
    }

    /// The parts and pieces that hold exactly the first `bytes` bytes.
    fn point(&self, bytes: u64) -> Result<(usize, Vec<Piece>), String> {
        let before = self.before.as_ref().map(|b| (b.parts, &b.tail));
        for (parts, tail) in [Some((self.parts.len(), &self.tail)), before]
            .into_iter()
            .flatten()
        {
            let start = self.schedule().start(parts);
            if (start..=start + sum(tail)).contains(&bytes) {
                return Ok((parts, shortened(tail, bytes - start)));
            }
        }
        (0..self.parts.len())
            .find(|slot| self.schedule().start(*slot) == bytes)
            .map(|slot| (slot, Vec::new()))
            .ok_or_else(|| format!("byte {bytes} lies inside a part that can't be taken back"))
    }

    /// The names of all pieces that this state knows.
    pub fn pieces(&self) -> impl Iterator<Item = &String> {
        let before = self.before.iter().flat_map(|b| names(&b.tail));
        names(&self.tail).chain(before).chain(&self.garbage)
    }
}

fn names(pieces: &[Piece]) -> impl Iterator<Item = &String> {
    pieces.iter().map(|p| &p.name)
}

fn sum(pieces: &[Piece]) -> u64 {
    pieces.iter().map(|p| p.bytes).sum()
}

/// The pieces that hold the first `bytes` bytes of these.
fn shortened(pieces: &[Piece], mut bytes: u64) -> Vec<Piece> {
    let mut kept = Vec::new();
    for piece in pieces {
        let now = bytes.min(piece.bytes);
        if now > 0 {
            kept.push(Piece {
                name: piece.name.clone(),
                bytes: now,
            });
        }
        bytes -= now;
    }
    kept
}

/// The error for a state or an offset that doesn't fit.
pub fn unfit(attempt: &'static str, key: &str, cause: impl ToString) -> ObjectError {
    ObjectError::Failed {
        attempt,
        key: key.to_owned(),
        cause: cause.to_string(),
    }
}
