//! The webapp over a real listener, with SQLite, the folder store and the embedded broker. One binary, so that it links once.

mod changes;
mod checksum;
mod idempotency;
mod jobs;
mod manners;
mod page;
mod plain;
mod service;
mod tus;
mod tus_refusals;
mod tus_trouble;
