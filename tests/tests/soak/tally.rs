//! What hit, and what went wrong.

use super::kind::{BROKER, Kind, PROCESSES, STORES, USERS};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Counts and complaints, written by everyone who takes part (all in one thread).
#[derive(Debug, Default)]
pub struct Tally {
    hits: RefCell<BTreeMap<Kind, (u64, u64)>>,
    counts: RefCell<BTreeMap<&'static str, u64>>,
    wrong: RefCell<Vec<String>>,
}

impl Tally {
    /// A fault hit, and hit so much.
    pub fn hit(&self, kind: Kind, units: u64) {
        let mut hits = self.hits.borrow_mut();
        let (times, all) = hits.entry(kind).or_default();
        *times += 1;
        *all += units;
    }

    /// So often until now.
    pub fn hits(&self, kind: Kind) -> u64 {
        self.hits.borrow().get(&kind).map_or(0, |(times, _)| *times)
    }

    /// Something worth a line in the report.
    pub fn count(&self, what: &'static str) {
        *self.counts.borrow_mut().entry(what).or_default() += 1;
    }

    /// Something that must not be.
    pub fn wrong(&self, what: String) {
        eprintln!("WRONG: {what}");
        self.wrong.borrow_mut().push(what);
    }

    /// Something that must hold.
    pub fn must(&self, what: &str, holds: anyhow::Result<()>) {
        match holds {
            Ok(()) => println!("checked: {what}"),
            Err(error) => self.wrong(format!("{what}: {error:#}")),
        }
    }

    /// Everything that must not be, so far.
    pub fn complaints(&self) -> Vec<String> {
        self.wrong.borrow().clone()
    }

    /// The kinds that hit less often than this.
    pub fn short_of(&self, floor: u64) -> Vec<Kind> {
        let all = [PROCESSES, BROKER, STORES, USERS].concat();
        all.into_iter()
            .filter(|kind| self.hits(*kind) < floor)
            .collect()
    }

    /// The three that hit least, and how often.
    pub fn least(&self) -> String {
        let mut all = [PROCESSES, BROKER, STORES].concat();
        all.sort_by_key(|kind| self.hits(*kind));
        let least = all.iter().take(3);
        let shown: Vec<String> = least
            .map(|kind| format!("{kind:?} {}", self.hits(*kind)))
            .collect();
        shown.join(", ")
    }

    /// The table of hits and the other counts.
    pub fn table(&self) -> String {
        let mut text = format!("{:<42} {:>5}   what it hit\n", "fault", "hits");
        for kind in [PROCESSES, BROKER, STORES, USERS].concat() {
            let (name, unit) = kind.words();
            let (times, all) = self.hits.borrow().get(&kind).copied().unwrap_or_default();
            // Writing to a string can't fail.
            writeln!(text, "{name:<42} {times:>5}   {all} {unit}").ok();
        }
        for (what, count) in self.counts.borrow().iter() {
            writeln!(text, "{what}: {count}").ok();
        }
        text
    }
}
