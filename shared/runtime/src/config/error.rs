//! Why a configuration is refused: always the key, where it was set, and what would be right.

use super::layer::Origin;
use std::path::PathBuf;
use thiserror::Error;

/// A configuration that can't be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A key that doesn't exist.
    #[error("unknown setting `{key}` in {origin}{hint}; `reelmill config` lists them all")]
    UnknownKey {
        /// The key, dotted.
        key: String,
        /// Where it was set.
        origin: Origin,
        /// `; did you mean …?`, or nothing.
        hint: String,
    },
    /// A value that the key can't have. The value of a secret is not repeated.
    #[error("`{key} = {value}` in {origin} can't be used: it must be {allowed}")]
    BadValue {
        /// The key, dotted.
        key: &'static str,
        /// The value, masked if secret.
        value: String,
        /// Where it was set.
        origin: Origin,
        /// What is allowed.
        allowed: String,
    },
    /// A file that can't be read as TOML.
    #[error("can't read the configuration file {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, in one line.
        cause: String,
    },
    /// The environment can't be read.
    #[error("can't read the configuration from the environment: {cause}")]
    Environment {
        /// Why, in one line.
        cause: String,
    },
    /// The URLs don't go together.
    #[error("{0}")]
    World(String),
    /// The layers don't make the typed configuration.
    #[error("can't put the configuration together: {0}")]
    Inconsistent(String),
}
