//! The ObjectStore port over S3 and what speaks like it. Objects lie at their keys below the prefix; tails of unfinished
//! uploads beside them below `.tails/`, where no key can be. It must never hold a part in memory without room in the
//! budget, and never tell a secret.

mod bucket;
mod budget;
mod check;
mod classify;
mod client;
mod clock;
mod config;
mod errors;
mod fetch;
mod fill;
mod leftover;
mod limit;
mod list;
mod names;
mod put;
mod read;
mod schedule;
mod store;
mod unfinished;
mod uploads;

pub use config::S3Config;
pub use store::S3Store;
