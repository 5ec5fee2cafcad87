//! What a client asks for.

use crate::id::UploadId;
use crate::preset::Preset;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The body of `POST /api/v1/jobs`. Fields that this version can't honour yet are refused with `not_available_yet`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// The source. Exactly one of `source` and `sources`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<NewSource>,
    /// Several sources: a job each. Not available yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<NewSource>>,
    /// What is to be made, 1 to 32.
    #[schema(min_items = 1, max_items = 32)]
    pub outputs: Vec<NewOutput>,
    /// At most 300 characters; absent: the source's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 300)]
    pub name: Option<String>,
    /// 0 to 9; 9 goes first; 5 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 9)]
    pub priority: Option<u8>,
    /// Not available yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// Not available yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_email: Option<String>,
    /// Published outputs go after so many seconds, 60 to ten years; absent: as configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 315_360_000)]
    pub expire_after_s: Option<u64>,
    /// Not available yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Not available yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// A damaged source fails instead of warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// Not available yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discard_larger: Option<bool>,
    /// Not available yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Yours; given back as it came. At most 16 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<BTreeMap<String, serde_json::Value>>,
}

/// Where the source is. Exactly one field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSource {
    /// A complete upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<UploadId>,
    /// Not available yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Not available yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
}

/// One output asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOutput {
    /// A preset's name, or a whole preset.
    pub preset: NameOrPreset,
}

/// A preset's name, or a whole preset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum NameOrPreset {
    /// A name from `GET /api/v1/presets`.
    Name(String),
    /// A recipe of your own, parsed strictly in a second step so that its errors name the field.
    #[schema(value_type = Preset)]
    Inline(serde_json::Map<String, serde_json::Value>),
}

/// The body of `PATCH /api/v1/jobs/{id}`: what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchJob {
    /// 0 to 9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 9)]
    pub priority: Option<u8>,
    /// Hold back, or let go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    /// At most 300 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 300)]
    pub name: Option<String>,
}
