//! Which requests break, and how.

use crate::{dice::Dice, head::Head};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// What is done to a request, or in TCP mode to a connection (whose bytes then count as its body).
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Answered with this status; the server never sees it. HTTP only.
    Answer(u16),
    /// The server does it, but the answer has this status instead. HTTP only.
    AnswerAfter(u16),
    /// The connection is reset, both ways, after so many bytes of the request's body.
    ResetRequest {
        /// Bytes that pass before.
        after: u64,
    },
    /// The server does it; the connection is reset after so many bytes of the answer's body (0: before its head).
    ResetResponse {
        /// Bytes that pass before.
        after: u64,
    },
    /// The answer ends early, in an orderly way, after so many bytes of its body.
    Truncate {
        /// Bytes that pass before.
        after: u64,
    },
    /// Nothing passes for so long, then everything does.
    Delay(Duration),
    /// Nothing of the request's body passes any more after so many bytes; the connection stays.
    StallRequest {
        /// Bytes that pass before.
        after: u64,
    },
    /// Nothing of the answer's body passes any more after so many bytes (0: not its head either); the connection stays.
    StallResponse {
        /// Bytes that pass before.
        after: u64,
    },
    /// The request's body passes at so many bytes per second.
    Slow {
        /// The speed.
        bytes_per_s: u64,
    },
}

/// How often a rule hit.
#[derive(Debug, Clone, Default)]
pub struct Hits(Arc<AtomicU64>);

impl Hits {
    /// So often until now.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Requests that break. The first rule that fits a request takes it.
#[derive(Debug, Clone)]
pub struct Rule {
    faults: Vec<Fault>,
    method: Option<String>,
    target: Option<String>,
    skip: u64,
    times: u64,
    of_a_million: u64,
    pub(crate) hits: Hits,
}

impl Rule {
    /// Every request, until told otherwise.
    pub fn new(fault: Fault) -> Self {
        Self::any_of([fault])
    }

    /// Every request, with one of these by chance.
    pub fn any_of(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self {
            faults: faults.into_iter().collect(),
            method: None,
            target: None,
            skip: 0,
            times: u64::MAX,
            of_a_million: 1_000_000,
            hits: Hits::default(),
        }
    }

    /// Only requests with this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only requests whose path and query contain this.
    #[must_use]
    pub fn target(mut self, part: &str) -> Self {
        self.target = Some(part.to_owned());
        self
    }

    /// Not the first so many of them.
    #[must_use]
    pub fn skip(mut self, many: u64) -> Self {
        self.skip = many;
        self
    }

    /// No more than so many of them.
    #[must_use]
    pub fn times(mut self, many: u64) -> Self {
        self.times = many;
        self
    }

    /// So many of a hundred of them.
    #[must_use]
    pub fn percent(mut self, percent: u64) -> Self {
        self.of_a_million = percent * 10_000;
        self
    }

    /// What this rule does to a request, if it fits.
    pub(crate) fn strike(&mut self, head: Option<&Head>, dice: &mut Dice) -> Option<Fault> {
        let method = head.map_or("", |h| &h.method);
        let target = head.map_or("", |h| &h.target);
        let fits = self.method.as_ref().is_none_or(|m| m == method)
            && self.target.as_ref().is_none_or(|t| target.contains(t));
        if !fits || self.times == 0 {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        if !dice.falls(self.of_a_million) {
            return None;
        }
        let fault = self.faults.get(dice.pick(self.faults.len()))?.clone();
        self.times -= 1;
        self.hits.0.fetch_add(1, Ordering::SeqCst);
        Some(fault)
    }
}
