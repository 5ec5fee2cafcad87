//! Whose jobs a request may see.

/// Nobody signs in yet: everything belongs to the one who runs this.
pub const OWNER: &str = "";
