//! What `encode` remembers in its folder: what it made of which source, and what it is at. One small JSON file, replaced
//! whole. It never says that a file was written before the file is there to be found.

use crate::identity::{Identity, modified_ns};
use anyhow::{Context, bail};
use reelmill_domain::id::JobId;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

/// The version of the file's shape.
const VERSION: u32 = 1;

/// All that is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    version: u32,
    /// What was made, the newest last.
    pub made: Vec<Made>,
    /// What is being made.
    pub asked: Vec<Asked>,
}

/// An output that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Of this source.
    pub source: Identity,
    /// By the preset of this name.
    pub preset: String,
    /// The preset's whole recipe as JSON.
    pub recipe: String,
    /// The file or folder in the output folder.
    pub to: PathBuf,
    /// Its files, relative to the output folder.
    pub files: Vec<MadeFile>,
}

/// A file that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeFile {
    /// Relative to the output folder.
    pub path: PathBuf,
    /// Size.
    pub bytes: u64,
    /// Last change, in nanoseconds since 1970.
    pub modified_ns: u64,
    /// SHA-256, hex.
    pub sha256: String,
}

impl MadeFile {
    /// Whether the file in `out` is the one that was made, as it was made.
    pub fn is_there(&self, out: &Path) -> bool {
        fs::metadata(out.join(&self.path)).is_ok_and(|m| {
            m.is_file() && m.len() == self.bytes && modified_ns(&m) == self.modified_ns
        })
    }
}

/// A job that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Of this source.
    pub source: Identity,
    /// The job in the database beside.
    pub job: JobId,
    /// Where each preset's output goes.
    pub to: BTreeMap<String, PathBuf>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            version: VERSION,
            made: Vec::new(),
            asked: Vec::new(),
        }
    }
}

impl Record {
    /// Reads it; an empty one when there is none.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = match fs::read(file) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(e).with_context(|| format!("can't read {}", file.display())),
        };
        let record: Self = serde_json::from_slice(&text)
            .with_context(|| format!("{} is damaged: remove it to begin anew", file.display()))?;
        if record.version != VERSION {
            bail!(
                "{} was written by another version of Reelmill: remove it to begin anew",
                file.display()
            );
        }
        Ok(record)
    }

    /// Replaces the file, durably.
    pub fn write(&self, file: &Path) -> anyhow::Result<()> {
        let write = || -> anyhow::Result<()> {
            let next = file.with_extension("new");
            let mut open = File::create(&next)?;
            open.write_all(&serde_json::to_vec_pretty(self)?)?;
            open.sync_all()?;
            fs::rename(&next, file)?;
            if let Some(dir) = file.parent() {
                File::open(dir)?.sync_all()?;
            }
            Ok(())
        };
        write().with_context(|| format!("can't write {}", file.display()))
    }

    /// Remembers an output in place of what was known of that place.
    pub fn made(&mut self, made: Made) {
        self.made.retain(|m| m.to != made.to);
        self.made.push(made);
    }

    /// What is known of a place in the output folder.
    pub fn at(&self, to: &Path) -> Option<&Made> {
        self.made.iter().find(|m| m.to == to)
    }
}
