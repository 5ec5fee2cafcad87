//! `storage.*` to an object store: a folder, S3 or Swift.

use super::Objects;
use anyhow::{Context, ensure};
use reelmill_folder::FolderStore;
use reelmill_objects::ObjectError;
use reelmill_runtime::config::{Config, Password, Secret, StorageUrl};
use reelmill_s3::{S3Config, S3Store};
use reelmill_swift::{Identity, Interface, SwiftAuth, SwiftConfig, SwiftStore};
use std::{path::PathBuf, time::Duration};

/// Requests with a body that are on their way at once in one process.
const PARALLEL: usize = 4;
/// Amazon's oldest region, which most other S3 services take too.
const USUAL_REGION: &str = "us-east-1";

/// What to open.
pub enum Storage {
    /// A folder.
    Folder {
        /// Where.
        path: PathBuf,
        /// No other process goes on with the uploads in it.
        alone: bool,
    },
    /// S3.
    S3(Box<S3Config>),
    /// Swift.
    Swift(Box<SwiftConfig>),
}

/// Reads the settings, or says what is missing. `own_database`: no other process has the database, in which uploads are.
pub fn plan(url: &StorageUrl, config: &Config, own_database: bool) -> anyhow::Result<Storage> {
    Ok(match url {
        StorageUrl::Folder(path) => Storage::Folder {
            path: path.clone(),
            alone: own_database && !config.storage.shared,
        },
        StorageUrl::S3(url) => Storage::S3(Box::new(s3(url, config)?)),
        StorageUrl::Swift(url) => Storage::Swift(Box::new(swift(url, config)?)),
    })
}

impl Storage {
    /// A folder that this machine sees.
    pub fn is_folder(&self) -> bool {
        matches!(self, Self::Folder { .. })
    }

    /// Opens it. Nothing is asked of a store that is elsewhere yet: what fails here is on this machine.
    pub async fn open(&self) -> Result<Objects, ObjectError> {
        match self {
            Self::Folder { path, alone } => {
                let folder = match alone {
                    true => FolderStore::open_alone(path)?,
                    false => FolderStore::open(path)?,
                };
                Ok((folder.clone(), Some(folder)))
            }
            Self::S3(config) => Ok((S3Store::open((**config).clone()).await?, None)),
            Self::Swift(config) => Ok((SwiftStore::open((**config).clone())?, None)),
        }
    }
}

fn s3(url: &Secret, config: &Config) -> anyhow::Result<S3Config> {
    let (bucket, prefix) = place(url, "bucket")?;
    let storage = &config.storage;
    ensure!(
        storage.access_key.is_some() == storage.secret_key.is_some(),
        "`storage.access_key` and `storage.secret_key` go together: set both, or neither to use what the AWS environment gives"
    );
    Ok(S3Config {
        bucket,
        prefix,
        endpoint: storage.endpoint.clone(),
        public_endpoint: storage.public_endpoint.clone(),
        region: storage
            .region
            .clone()
            .unwrap_or_else(|| USUAL_REGION.into()),
        access_key: storage.access_key.clone(),
        secret_key: storage.secret_key.as_ref().map(|key| key.expose().into()),
        path_style: storage.path_style,
        memory_bytes: storage.memory_bytes,
        spool: spool(config),
        parallel: PARALLEL,
    })
}

fn swift(url: &Secret, config: &Config) -> anyhow::Result<SwiftConfig> {
    let (container, prefix) = place(url, "container")?;
    let storage = &config.storage;
    let needed = |key: &str| format!("`storage.url = {url}` needs `{key}` too");
    let auth_url = storage
        .auth_url
        .as_ref()
        .with_context(|| needed("storage.auth_url"))?;
    let user = storage
        .user
        .clone()
        .with_context(|| needed("storage.user"))?;
    let key = storage
        .key
        .as_ref()
        .with_context(|| needed("storage.key"))?;
    let at = auth_url.as_str().trim_end_matches('/').to_owned();
    let auth = if at.ends_with("/v3") {
        SwiftAuth::V3 {
            who: Identity::Password {
                project: storage
                    .project
                    .clone()
                    .with_context(|| needed("storage.project"))?,
                user,
                password: secret(key),
                user_domain: storage.user_domain.clone(),
                project_domain: storage.project_domain.clone(),
            },
            url: at,
            interface: Interface::Public,
        }
    } else {
        SwiftAuth::V1 {
            url: at,
            user,
            key: secret(key),
        }
    };
    let usual = SwiftConfig::new(container, auth, spool(config));
    // Our own sweeper goes first.
    let twice_an_uploads_rest = Duration::from_secs(config.uploads.expire_s.saturating_mul(2));
    Ok(SwiftConfig {
        prefix,
        region: storage.region.clone(),
        temp_url_key: storage.temp_url_key.as_ref().map(secret),
        memory_bytes: storage.memory_bytes,
        parallel: PARALLEL,
        unfinished_for: usual.unfinished_for.max(twice_an_uploads_rest),
        ..usual
    })
}

fn secret(password: &Password) -> reelmill_swift::Secret {
    reelmill_swift::Secret::new(password.expose())
}

/// Where parts wait that find no room in memory.
fn spool(config: &Config) -> PathBuf {
    config.data.dir.join("spool")
}

/// The two parts of `scheme://bucket/prefix`.
fn place(url: &Secret, what: &str) -> anyhow::Result<(String, String)> {
    let (_, rest) = url.expose().split_once(':').unwrap_or_default();
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    ensure!(
        !rest.contains(['?', '#', '@']),
        "`storage.url = {url}` may hold a {what} and a prefix, nothing else: keys and endpoints have settings of their own"
    );
    let (place, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    ensure!(
        !place.is_empty(),
        "`storage.url = {url}` names no {what}: write it after `://`"
    );
    Ok((place.to_owned(), prefix.trim_matches('/').to_owned()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests speak by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_a_prefix() {
        let read = |url: &str| place(&Secret::new(url), "bucket");
        for (url, bucket, prefix) in [
            ("s3://films", "films", ""),
            ("s3://films/", "films", ""),
            ("s3:films/a/b/", "films", "a/b"),
        ] {
            assert_eq!(read(url).unwrap(), (bucket.into(), prefix.into()));
        }
        for (url, word) in [
            ("s3://", "names no bucket"),
            ("s3:///a", "names no bucket"),
            ("s3://key:hunter2@films", "settings of their own"),
            ("s3://films?secret=hunter2", "settings of their own"),
        ] {
            let refused = read(url).unwrap_err().to_string();
            assert!(refused.contains(word), "{refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }
}
