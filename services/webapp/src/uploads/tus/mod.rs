//! tus 1.0.0: core, creation, creation-with-upload, creation-defer-length, checksum, expiration, termination.

pub mod create;
pub mod delete;
pub mod head;
mod headers;
mod metadata;
pub mod options;
pub mod overridden;
pub mod params;
pub mod patch;

/// The version spoken.
pub const VERSION: &str = "1.0.0";

const EXTENSIONS: &str =
    "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination";
