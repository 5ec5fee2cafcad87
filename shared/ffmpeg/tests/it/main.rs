//! The crate against the real ffmpeg: what it asks of it, reads from it and keeps it from.
#![allow(clippy::expect_used, reason = "a test speaks by panicking")]

mod argv;
mod bounds;
mod clocks;
mod copied;
mod damaged;
mod formats;
mod hostile;
mod leash;
mod probe;
mod support;
mod thumbnails;
