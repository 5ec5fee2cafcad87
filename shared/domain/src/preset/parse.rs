//! Presets from TOML files and inline JSON. What doesn't fit is refused with the field that is wrong.

use super::{Preset, validate};
use thiserror::Error;

/// Why a preset is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PresetError {
    /// It isn't a preset at all: unknown field, missing field, wrong type.
    #[error("can't read the preset: {0}")]
    Malformed(String),
    /// A field is out of bounds, or doesn't go with another.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field's path, e.g. `video.rate`.
        field: &'static str,
        /// What is wrong with it and what is allowed.
        problem: String,
    },
}

impl Preset {
    /// Reads and checks the text of a TOML file.
    ///
    /// # Errors
    /// When it isn't a valid preset; the message names the field.
    pub fn from_toml(text: &str) -> Result<Self, PresetError> {
        let preset = toml::from_str(text).map_err(|e| PresetError::Malformed(e.to_string()))?;
        validate(&preset)?;
        Ok(preset)
    }

    /// Reads and checks an inline preset of a request.
    ///
    /// # Errors
    /// When it isn't a valid preset; the message names the field.
    pub fn from_json(
        object: serde_json::Map<String, serde_json::Value>,
    ) -> Result<Self, PresetError> {
        let preset = serde_path_to_error::deserialize(serde_json::Value::Object(object))
            .map_err(|e| PresetError::Malformed(e.to_string()))?;
        validate(&preset)?;
        Ok(preset)
    }
}
