//! The object store of a cluster, seen past all services: what lies in it, and what was begun and never ended.

mod s3;
mod swift;

pub use s3::S3;
pub use swift::Swift;

use anyhow::Result;
use std::path::PathBuf;

/// A bucket, container or folder of a cluster's own; gone when dropped.
#[derive(Debug)]
pub enum Objects {
    /// A bucket.
    S3(S3),
    /// A Swift container.
    Swift(Swift),
    /// A folder.
    Folder(PathBuf),
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
}

impl Objects {
    /// The configuration keys that lead a service here.
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        let pairs: Vec<(&str, String)> = match self {
            Self::S3(s3) => s3.settings(),
            Self::Swift(swift) => swift.settings(),
            Self::Folder(path) => vec![
                ("storage.url", format!("file:{}", path.display())),
                ("storage.shared", "true".into()),
            ],
        };
        let pairs = pairs.into_iter();
        pairs.map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Every object, by key.
    pub async fn list(&self) -> Result<Vec<Stored>> {
        let mut all = self.everything().await?;
        // No key has such a segment: what is unfinished, and the trials of those who look whether they are let in.
        all.retain(|object| !object.key.split('/').any(|part| part.starts_with('.')));
        all.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(all)
    }

    /// What was begun and not ended: multipart uploads, tails of uploads, segments without their object.
    pub async fn unfinished(&self) -> Result<Vec<String>> {
        let all = self.everything().await?;
        let hidden = all
            .iter()
            .map(|object| object.key.as_str())
            .filter(|key| key.starts_with('.'));
        let mut found: Vec<String> = hidden
            .filter(|name| !is_part_of_an_object(name, &all))
            .map(str::to_owned)
            .collect();
        if let Self::S3(s3) = self {
            found.extend(s3.multipart_uploads().await?);
        }
        Ok(found)
    }

    async fn everything(&self) -> Result<Vec<Stored>> {
        match self {
            Self::S3(s3) => s3.list().await,
            Self::Swift(swift) => swift.list().await,
            Self::Folder(path) if !path.exists() => Ok(Vec::new()),
            Self::Folder(path) => Ok(crate::server::files_below(path)?
                .into_iter()
                .map(|(path, bytes)| Stored {
                    key: path.to_string_lossy().into_owned(),
                    bytes,
                })
                // The folder's own mark and its lock files.
                .filter(|object| object.key.contains('/') && !object.key.ends_with("/lock"))
                .collect()),
        }
    }
}

/// Whether it is `.segments/KEY/GROUP/SEGMENT` of an object that is there.
fn is_part_of_an_object(name: &str, all: &[Stored]) -> bool {
    let Some(rest) = name.strip_prefix(".segments/") else {
        return false;
    };
    let key = rest.rsplitn(3, '/').nth(2);
    key.is_some_and(|key| all.iter().any(|object| object.key == key))
}
