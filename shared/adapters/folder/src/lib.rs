//! A folder as object store: an object is a read-only file at its key's path. What is being written lies apart
//! (`.tmp`, `.uploads`) and is renamed into place, synced, so that nobody ever sees a part of an object.

mod disk;
mod errors;
mod list;
mod store;
mod tmp;
mod unfinished;
mod uploads;

pub use store::FolderStore;
