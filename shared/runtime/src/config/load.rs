//! Lays the layers over each other and makes the typed configuration; remembers where each value came from.

use super::{
    Config, ConfigError, defaults, environment, keys,
    layer::{self, Layer, Origin},
    places,
};
use std::path::{Path, PathBuf};

/// Where settings are read from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// This file and no other; absent: `./reelmill.toml`, else the user's, else none.
    pub file: Option<PathBuf>,
    /// These variables; absent: the process's own.
    pub variables: Option<config::Map<String, String>>,
    /// What the command line says, strongest.
    pub flags: Vec<Flag>,
}

/// A setting made on the command line.
#[derive(Debug, Clone)]
pub struct Flag {
    /// The dotted key.
    pub key: &'static str,
    /// The flag (or variable) as people know it, e.g. `--listen`.
    pub flag: &'static str,
    /// Its value.
    pub value: String,
}

/// The configuration and its story.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Typed and checked.
    pub config: Config,
    /// Every setting in the order of [`super::KEYS`], masked.
    pub settings: Vec<Setting>,
    /// The file that was read, if one was.
    pub file: Option<PathBuf>,
}

/// A setting as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Setting {
    /// The dotted key.
    pub key: &'static str,
    /// Its value, secrets masked; null when not set.
    pub value: Option<String>,
    /// Where it was set.
    pub from: String,
    /// What it is for.
    pub about: &'static str,
}

/// Reads and checks every layer.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let file = sources.file.clone().or_else(usual_file);
    let mut all = Layer::new();
    if let Some(path) = &file {
        all.extend(layer::file(path.clone())?);
    }
    all.extend(environment::environment(sources.variables.clone())?);
    all.extend(layer::flags(&sources.flags)?);
    defaults::fill(&mut all)?;
    Ok(Loaded {
        config: typed(&all)?,
        settings: settings(&all),
        file,
    })
}

/// `./reelmill.toml`, else the user's, if there is one.
fn usual_file() -> Option<PathBuf> {
    [
        Some(Path::new("reelmill.toml").to_owned()),
        places::user_file(),
    ]
    .into_iter()
    .flatten()
    .find(|path| path.is_file())
}

fn typed(all: &Layer) -> Result<Config, ConfigError> {
    let mut builder = config::Config::builder();
    for (key, set) in all {
        builder = builder
            .set_override(*key, set.value.clone())
            .map_err(|e| ConfigError::Inconsistent(e.to_string()))?;
    }
    builder
        .build()
        .and_then(config::Config::try_deserialize)
        .map_err(|e| ConfigError::Inconsistent(e.to_string()))
}

fn settings(all: &Layer) -> Vec<Setting> {
    keys::KEYS
        .iter()
        .map(|key| {
            let set = all.get(key.name);
            Setting {
                key: key.name,
                value: set.map(|s| key.kind.shown(&s.value)),
                from: set.map_or(&Origin::BuiltIn, |s| &s.origin).to_string(),
                about: key.about,
            }
        })
        .collect()
}
