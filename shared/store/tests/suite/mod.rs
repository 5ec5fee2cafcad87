//! What any database must do for us. Each test gets an empty store.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

pub mod claims;
pub mod files;
pub mod fixture;
pub mod leases;
pub mod life;
pub mod stories;
