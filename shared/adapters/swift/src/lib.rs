//! The ObjectStore port over OpenStack Swift (Cloud Files), spoken natively: v1 and Keystone v3 logins, static large
//! objects, temporary URLs, expiring segments. Sees its port alone.
//!
//! What lies in the container, below the prefix: objects at their keys; segments of uploads and of long files at
//! `.segments/KEY/GROUP/SEGMENT`, which no listing shows. A missing container is made by the first write or check.
//!
//! What expires: a segment, `unfinished_for` after it was written (14 days unless told otherwise), so that what nobody
//! finishes goes even if nobody sweeps; an append puts it off for the whole upload once a quarter of the time is gone. Before a
//! manifest names segments their expiry is taken away: a finished object never expires. A trial of `check`: after 5 minutes.
//!
//! Swift is eventually consistent. What decides (whether an upload is finished, what a deletion deletes) is asked with
//! `X-Newest`. Nothing but the object itself is ever overwritten: every segment has a name of its own. An object that was
//! written anew leaves its old segments behind, for readers that are still at it; `unfinished` finds them.

mod auth;
mod check;
mod complete;
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
