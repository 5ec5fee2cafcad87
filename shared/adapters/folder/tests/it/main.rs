//! The folder as a store: the suite of its port, and what it promises beyond.
#![allow(clippy::unwrap_used, reason = "a test speaks by panicking")]

mod folder;
mod suite;
mod writers;
