//! Whose uploads and jobs a request may touch.

/// Nobody signs in yet: everything belongs to the one who runs this.
pub const OWNER: &str = "";
