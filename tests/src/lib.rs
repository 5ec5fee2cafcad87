//! What the end-to-end tests share: a real server to try, its API, clips to feed it, and eyes on its processes.
//!
//! Knows nothing of the crates inside: whatever it needs, it gets over HTTP, from files and from the kernel.

pub mod api;
pub mod clips;
pub mod cluster;
pub mod look;
pub mod port;
pub mod procs;
pub mod raw;
pub mod server;
pub mod setup;
pub mod sse;
pub mod tus;
pub mod wait;

pub use api::Api;
pub use server::Server;
pub use setup::Setup;
pub use wait::until;
