//! What the cache holds, and what it makes room with: the least recently used source that no run has a link to.
//! Bookkeeping alone; fetches nothing.

use super::fetching::Outcome;
use reelmill_domain::spec::Input;
use std::{
    collections::HashMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};
use tokio::sync::watch;

/// The same key with another size is another object.
type Name = (String, u64);

/// The entries and their bound.
pub struct Shelf {
    bound: u64,
    /// Kept and coming.
    bytes: u64,
    entries: HashMap<Name, Entry>,
    /// Counts uses: the order of eviction.
    uses: u64,
}

enum Entry {
    Coming {
        id: u64,
        outcome: watch::Sender<Option<Outcome>>,
    },
    Kept {
        path: PathBuf,
        used: u64,
    },
}

/// A source that is to be fetched, its room taken.
pub struct Begun {
    /// Which.
    pub input: Input,
    /// No other entry has this.
    id: u64,
    /// The name of its file.
    pub file: String,
    /// Tells who waits.
    pub outcome: watch::Sender<Option<Outcome>>,
    /// What had to go; still to be removed.
    pub evicted: Vec<PathBuf>,
}

/// What there is of a source.
pub enum Found {
    /// It was there, and is linked now.
    Linked,
    /// Somebody fetches it.
    Coming(watch::Receiver<Option<Outcome>>),
    /// The caller is to fetch it.
    Begun(Box<Begun>, watch::Receiver<Option<Outcome>>),
    /// Nothing, and no room for it either.
    Absent,
}

impl Shelf {
    /// An empty one for so many bytes.
    pub fn new(bound: u64) -> Self {
        Self {
            bound,
            bytes: 0,
            entries: HashMap::new(),
            uses: 0,
        }
    }

    /// The most that it holds, in bytes.
    pub fn bound(&self) -> u64 {
        self.bound
    }

    /// Links a source that is kept to `to`. A kept file that can't be linked is forgotten.
    pub fn find(&mut self, input: &Input, to: &Path) -> Found {
        self.uses += 1;
        let name = name(input);
        match self.entries.get_mut(&name) {
            None => return Found::Absent,
            Some(Entry::Coming { outcome, .. }) => return Found::Coming(outcome.subscribe()),
            Some(Entry::Kept { path, used }) => {
                *used = self.uses;
                match fs::hard_link(&*path, to) {
                    Ok(()) => return Found::Linked,
                    Err(error) => {
                        tracing::warn!(key = input.key, %error, "a kept source can't be used; fetching it again");
                    }
                }
            }
        }
        let unusable: Vec<PathBuf> = self.take(&name).into_iter().collect();
        super::discard(&unusable);
        Found::Absent
    }

    /// Takes room for a source that isn't there, evicting what is idle; [`Found::Absent`] when there is none.
    pub fn begin(&mut self, input: &Input) -> Found {
        if self.entries.contains_key(&name(input)) {
            return Found::Absent;
        }
        let mut evicted = Vec::new();
        while self.bytes.saturating_add(input.bytes) > self.bound {
            match self.evict_one() {
                Some(path) => evicted.push(path),
                None => {
                    super::discard(&evicted);
                    return Found::Absent;
                }
            }
        }
        self.uses += 1;
        self.bytes += input.bytes;
        let (sender, receiver) = watch::channel(None);
        let entry = Entry::Coming {
            id: self.uses,
            outcome: sender.clone(),
        };
        self.entries.insert(name(input), entry);
        let begun = Begun {
            input: input.clone(),
            id: self.uses,
            file: format!("{}", self.uses),
            outcome: sender,
            evicted,
        };
        Found::Begun(Box::new(begun), receiver)
    }

    /// It is there now.
    pub fn keep(&mut self, begun: &Begun, folder: &Path) {
        self.uses += 1;
        let entry = Entry::Kept {
            path: folder.join(&begun.file),
            used: self.uses,
        };
        self.entries.insert(name(&begun.input), entry);
    }

    /// It never came: its room is free again.
    pub fn forget(&mut self, begun: &Begun) {
        let name = name(&begun.input);
        if matches!(self.entries.get(&name), Some(Entry::Coming { id, .. }) if *id == begun.id) {
            self.take(&name);
        }
    }

    /// Whether nobody waits for it any more; then it is forgotten.
    pub fn forget_if_unwanted(&mut self, begun: &Begun) -> bool {
        // Who comes to wait does so under the same lock.
        let unwanted = begun.outcome.receiver_count() == 0;
        if unwanted {
            self.forget(begun);
        }
        unwanted
    }

    /// Takes a kept source out. Its file is still to be removed.
    pub fn remove(&mut self, input: &Input) -> Vec<PathBuf> {
        let name = name(input);
        match self.entries.get(&name) {
            Some(Entry::Kept { .. }) => self.take(&name).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Takes out the least recently used source that no run has a link to. Its file is still to be removed.
    pub fn evict_one(&mut self) -> Option<PathBuf> {
        let idle = self.entries.iter().filter_map(|(name, entry)| match entry {
            Entry::Kept { path, used } if !is_linked(path) => Some((*used, name)),
            _ => None,
        });
        let (_, oldest) = idle.min()?;
        let oldest = oldest.clone();
        self.take(&oldest)
    }

    fn take(&mut self, name: &Name) -> Option<PathBuf> {
        let entry = self.entries.remove(name)?;
        self.bytes -= name.1;
        match entry {
            Entry::Kept { path, .. } => Some(path),
            Entry::Coming { .. } => None,
        }
    }
}

/// Whether a run uses it: then its bytes would stay on the disk, and be counted nowhere.
fn is_linked(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.nlink() > 1)
}

fn name(input: &Input) -> Name {
    (input.key.clone(), input.bytes)
}
