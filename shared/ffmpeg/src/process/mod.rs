//! Runs one program.
