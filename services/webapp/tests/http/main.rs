//! The webapp over a real listener, with SQLite, the folder store and the embedded broker. One binary, so that it links once.

mod checksum;
mod plain;
mod service;
mod tus;
mod tus_refusals;
mod tus_trouble;
