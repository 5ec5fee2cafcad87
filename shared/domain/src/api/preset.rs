//! A preset, as the API shows it.

use crate::preset::{AudioRecipe, Container, ImagesRecipe, Kind, VideoRecipe};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A preset that can be asked for by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PresetView {
    /// Its name.
    pub name: String,
    /// For people.
    pub label: String,
    /// A sentence for people.
    pub description: String,
    /// The file made.
    pub container: Container,
    /// What it makes.
    pub kind: Kind,
    /// Without the dot.
    pub extension: String,
    /// A live worker can make it.
    pub available: bool,
    /// Why not.
    pub unavailable_reason: Option<String>,
    /// The picture.
    pub video: Option<VideoRecipe>,
    /// The sound.
    pub audio: Option<AudioRecipe>,
    /// The pictures.
    pub images: Option<ImagesRecipe>,
}
