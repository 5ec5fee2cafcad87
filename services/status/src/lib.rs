//! Status: moves jobs through their states by what workers say, releases tasks, reaps what is overdue, sweeps what has had
//! its time, and serves every read of the API. It never takes bytes in, never runs ffmpeg, and decides nothing: rules are
//! `domain`'s.

mod after;
mod aggregate;
mod apart;
mod api;
mod config;
mod core;
mod dead;
mod dispatch;
mod drain;
mod feed;
mod hints;
mod judging;
mod latest;
mod marks;
mod media;
mod owner;
mod problems;
mod progress;
mod reap;
mod serve;
mod sse;
mod sweep;
mod view;
mod waiting;
mod wakeups;

pub use config::StatusConfig;
pub use serve::{Status, StatusError};
