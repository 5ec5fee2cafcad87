//! Settings from the environment: `REELMILL__SECTION__KEY` holds a value, `REELMILL__SECTION__KEY_FILE` names a file that
//! holds it (as Docker and Kubernetes hand secrets over). Takes every value as the text that it is.

use super::{
    ConfigError, keys,
    layer::{Layer, Origin, checked},
};
use config::{Map, Value};
use std::{collections::BTreeMap, env, ffi::OsString, fs};

const PREFIX: &str = "REELMILL__";

/// Reads `variables`, or those of the process when absent.
pub(super) fn environment(variables: Option<Map<String, String>>) -> Result<Layer, ConfigError> {
    let ours: BTreeMap<String, String> = match variables {
        Some(variables) => variables
            .into_iter()
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect(),
        None => env::vars_os()
            .filter_map(of_process)
            .collect::<Result<_, _>>()?,
    };
    let mut layer = Layer::new();
    for (name, text) in ours {
        let dotted = name[PREFIX.len()..].to_lowercase().replace("__", ".");
        let (key, text, origin) = match named_file(&dotted) {
            Some(key) => (key, read(&name, &text)?, Origin::EnvFile(name.clone())),
            None => (dotted, text, Origin::Env(name.clone())),
        };
        let value = Map::from([(key, Value::from(text))]);
        for (key, set) in checked(value, |_| origin.clone())? {
            if let Some(other) = layer.insert(key, set) {
                return Err(ConfigError::Environment {
                    cause: format!("`{key}` is set twice, by {} and {name}", other.origin),
                });
            }
        }
    }
    Ok(layer)
}

/// A variable of the process, if it is one of ours.
fn of_process(
    (name, value): (OsString, OsString),
) -> Option<Result<(String, String), ConfigError>> {
    let name = name.into_string().ok()?;
    name.starts_with(PREFIX).then(|| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(ConfigError::Environment {
            cause: format!("{name} is not UTF-8"),
        }),
    })
}

/// The key whose value lies in a file, when this name says so. A key of its own goes first: `broker.ca_file`.
fn named_file(dotted: &str) -> Option<String> {
    let key = dotted.strip_suffix("_file")?;
    (keys::find(dotted).is_none() && keys::find(key).is_some()).then(|| key.to_owned())
}

/// What the file holds, without the newline that editors put at its end.
fn read(name: &str, path: &str) -> Result<String, ConfigError> {
    let text = fs::read_to_string(path).map_err(|cause| ConfigError::Environment {
        cause: format!("the file that {name} names ({path}) can't be read: {cause}"),
    })?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
