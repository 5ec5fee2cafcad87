//! One layer of settings (a file, the environment, flags): flattened to `section.key`, checked key by key.

use super::{ConfigError, hint::hint, keys, load::Flag};
use config::{File, FileFormat, Source, Value, ValueKind};
use std::{collections::BTreeMap, fmt, path::PathBuf};

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In this program.
    BuiltIn,
    /// In a file.
    File(PathBuf),
    /// In the environment, by this variable.
    Env(String),
    /// In a file that this variable names.
    EnvFile(String),
    /// On the command line, by this flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("default"),
            Self::File(path) => path.display().fmt(f),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::EnvFile(name) => write!(f, "file of environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A checked value and where it was set.
#[derive(Debug, Clone)]
pub(super) struct Set {
    pub(super) value: ValueKind,
    pub(super) origin: Origin,
}

/// The values of one layer or of several, by dotted key.
pub(super) type Layer = BTreeMap<&'static str, Set>;

/// Reads a TOML file.
pub(super) fn file(path: PathBuf) -> Result<Layer, ConfigError> {
    let collected = File::from(path.as_path())
        .format(FileFormat::Toml)
        .required(true)
        .collect()
        .map_err(|e| ConfigError::Unreadable {
            path: path.clone(),
            cause: one_line(&e.to_string()),
        })?;
    checked(collected, |_| Origin::File(path.clone()))
}

/// Takes what flags say.
pub(super) fn flags(flags: &[Flag]) -> Result<Layer, ConfigError> {
    let mut layer = Layer::new();
    for flag in flags {
        let mut values = config::Map::new();
        values.insert(flag.key.to_owned(), Value::from(flag.value.clone()));
        layer.extend(checked(values, |_| Origin::Flag(flag.flag.to_owned()))?);
    }
    Ok(layer)
}

/// Flattens and checks what a source holds.
pub(super) fn checked(
    collected: config::Map<String, Value>,
    origin: impl Fn(&str) -> Origin,
) -> Result<Layer, ConfigError> {
    let mut flat = BTreeMap::new();
    flatten("", collected, &mut flat);
    let mut layer = Layer::new();
    for (name, value) in flat {
        let Some(key) = keys::find(&name) else {
            return Err(ConfigError::UnknownKey {
                hint: hint(&name),
                origin: origin(&name),
                key: name,
            });
        };
        let origin = origin(key.name);
        let value = key
            .kind
            .check(&value)
            .map_err(|allowed| ConfigError::BadValue {
                key: key.name,
                value: key.kind.shown(&value),
                origin: origin.clone(),
                allowed,
            })?;
        layer.insert(key.name, Set { value, origin });
    }
    Ok(layer)
}

fn flatten(
    prefix: &str,
    table: config::Map<String, Value>,
    into: &mut BTreeMap<String, ValueKind>,
) {
    for (name, value) in table {
        let name = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        match value.kind {
            ValueKind::Table(inner) => flatten(&name, inner, into),
            other => {
                into.insert(name, other);
            }
        }
    }
}

/// TOML's errors draw the line at fault over several lines; keep what says where and what.
fn one_line(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.contains('|'))
        .collect::<Vec<_>>()
        .join(": ")
}
