//! The ObjectStore port over OpenStack Swift (Cloud Files).

mod config;

pub use config::{Identity, Interface, Secret, SwiftAuth, SwiftConfig};
