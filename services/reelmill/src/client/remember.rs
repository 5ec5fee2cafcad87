//! What `submit` remembers of an upload between calls, so that an interrupted one goes on: one small file each in the
//! XDG state folder. Losing it costs an upload from the start, nothing else.

use crate::identity::Identity;
use anyhow::Context;
use reelmill_runtime::config::state_dir;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fs, io, path::PathBuf};

/// An upload that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// To which server.
    pub server: String,
    /// Of which file.
    pub source: Identity,
    /// Its URL.
    pub url: String,
}

/// The memory of uploads to one server of one file.
#[derive(Debug)]
pub struct Memory {
    file: Option<PathBuf>,
    server: String,
    source: Identity,
}

impl Memory {
    /// The memory of this file on its way to this server.
    pub fn of(server: &str, source: &Identity) -> Self {
        let mut hash = Sha256::new();
        hash.update(server);
        hash.update([0]);
        hash.update(source.path.as_os_str().as_encoded_bytes());
        let name: String = hash
            .finalize()
            .iter()
            .take(16)
            .map(|b| format!("{b:02x}"))
            .collect();
        Self {
            file: state_dir().map(|dir| dir.join("uploads").join(format!("{name}.json"))),
            server: server.to_owned(),
            source: source.clone(),
        }
    }

    /// The URL of the upload that was begun for exactly this file, if one was.
    pub fn recall(&self) -> Option<String> {
        let text = fs::read(self.file.as_ref()?).ok()?;
        let begun: Begun = serde_json::from_slice(&text).ok()?;
        (begun.server == self.server && begun.source == self.source).then_some(begun.url)
    }

    /// Remembers an upload. Without a home there is nowhere to; the upload works all the same.
    pub fn keep(&self, url: &str) -> anyhow::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let begun = Begun {
            server: self.server.clone(),
            source: self.source.clone(),
            url: url.to_owned(),
        };
        let write = || -> io::Result<()> {
            if let Some(dir) = file.parent() {
                fs::create_dir_all(dir)?;
            }
            fs::write(file, serde_json::to_vec(&begun)?)
        };
        write().with_context(|| format!("can't remember the upload in {}", file.display()))
    }

    /// Forgets it.
    pub fn forget(&self) {
        if let Some(file) = &self.file
            && let Err(e) = fs::remove_file(file)
            && e.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(file = %file.display(), error = %e, "a finished upload stays remembered");
        }
    }
}
