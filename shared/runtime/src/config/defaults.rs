//! The built-in settings: what makes `reelmill serve` work on a laptop with nothing configured.

use super::{
    BuiltIn, ConfigError, KEYS,
    layer::{Layer, Origin, Set},
    places,
};
use config::ValueKind;

/// Adds the built-in value of every key that no layer has set.
pub(super) fn fill(layer: &mut Layer) -> Result<(), ConfigError> {
    for key in KEYS {
        if layer.contains_key(key.name) {
            continue;
        }
        let text = match key.default {
            BuiltIn::Is(text) => text.to_owned(),
            BuiltIn::Found(_) => found(key.name, layer),
            BuiltIn::Unset(_) => continue,
        };
        let raw = match key.kind {
            super::Kind::Bool => ValueKind::Boolean(text == "true"),
            _ => ValueKind::String(text.clone()),
        };
        let value = key
            .kind
            .check(&raw)
            .map_err(|allowed| ConfigError::BadValue {
                key: key.name,
                value: text,
                origin: Origin::BuiltIn,
                allowed,
            })?;
        layer.insert(
            key.name,
            Set {
                value,
                origin: Origin::BuiltIn,
            },
        );
    }
    Ok(())
}

/// What is found on this machine. `data.dir` comes first in the list of keys, so that others may lean on it.
fn found(key: &str, layer: &Layer) -> String {
    let below_data = |name: &str| match layer.get("data.dir").map(|set| &set.value) {
        Some(ValueKind::String(dir)) => format!("{dir}/{name}"),
        _ => name.to_owned(),
    };
    match key {
        "data.dir" => places::data_dir().to_string_lossy().into_owned(),
        "database.url" => format!("sqlite:{}", below_data("reelmill.db")),
        "storage.url" => format!("file:{}", below_data("objects")),
        "encoder.scratch" => below_data("scratch"),
        // Amazon wants the bucket in the host name, hardly anyone else can do that.
        "storage.path_style" => layer.contains_key("storage.endpoint").to_string(),
        "encoder.slots" => cores().to_string(),
        "encoder.name" => host_name(),
        _ => String::new(),
    }
}

/// Processors that this process may use, at most as many as a setting may say.
fn cores() -> usize {
    std::thread::available_parallelism()
        .map_or(1, std::num::NonZero::get)
        .min(256)
}

fn host_name() -> String {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy();
    if name.is_empty() {
        "this machine".into()
    } else {
        name.into_owned()
    }
}
