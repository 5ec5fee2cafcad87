//! The webapp over a real listener, with SQLite, the folder store and the embedded broker. One binary, so that it links once.

#![allow(clippy::unwrap_used, reason = "a test that can't go on should panic")]

mod changes;
mod checksum;
mod idempotency;
mod jobs;
mod manners;
mod page;
mod plain;
mod replicas;
mod service;
mod tus;
mod tus_refusals;
mod tus_trouble;
