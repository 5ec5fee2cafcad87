//! The words and rules of Reelmill: states, transitions, presets and plans.
//!
//! Pure by rule: no I/O, no clock, no randomness, no async. Time and ids are passed in.

pub mod api;
pub mod event;
pub mod id;
pub mod job;
pub mod keys;
pub mod lane;
pub mod media;
pub mod output;
pub mod plan;
pub mod preset;
pub mod spec;
pub mod task;
pub mod time;
pub mod wire;
pub mod worker;
