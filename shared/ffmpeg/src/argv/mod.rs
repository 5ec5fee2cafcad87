//! Command lines, pure.
