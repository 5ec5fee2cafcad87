//! The ObjectStore port over OpenStack Swift (Cloud Files), spoken natively: v1 and Keystone v3 logins, static large
//! objects, temporary URLs, expiring segments. Sees its port alone.

mod auth;
mod config;
mod core;
mod delete;
mod errors;
mod fetch;
mod http;
mod info;
mod list;
mod names;
mod piece;
mod put;
mod read;
mod segments;
mod store;
mod tempurl;
mod unfinished;
mod uploads;

pub use config::{Identity, Interface, Secret, SwiftAuth, SwiftConfig};
pub use store::SwiftStore;
