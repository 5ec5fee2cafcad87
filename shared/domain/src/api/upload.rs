//! An upload, as the API shows it.

use crate::id::UploadId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UploadView {
    /// Its id: `{"source":{"upload":ID}}`.
    pub id: UploadId,
    /// The name its owner gave; never a path.
    pub name: String,
    /// Its whole size; null while the sender hasn't said.
    pub bytes: Option<u64>,
    /// Bytes that are stored durably.
    pub offset: u64,
    /// All of it is there.
    pub complete: bool,
    /// SHA-256, hex; null until a probe has read it.
    pub sha256: Option<String>,
    /// Gone by then unless a job uses it.
    pub expires_at: Option<Timestamp>,
}
