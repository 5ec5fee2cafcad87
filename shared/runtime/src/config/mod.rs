//! The configuration: built-in defaults ← `reelmill.toml` ← environment ← command line, typed and checked.
//!
//! Every key is declared once, in [`keys`]; anything else is refused. Secrets never print.

mod check;
mod defaults;
mod environment;
mod error;
mod hint;
mod keys;
mod kind;
mod layer;
mod load;
mod places;
mod secret;
mod types;
mod world;

pub use error::ConfigError;
pub use keys::KEYS;
pub use kind::{BuiltIn, Key, Kind};
pub use layer::Origin;
pub use load::{Flag, Loaded, Setting, Sources, load};
pub use places::{data_dir, state_dir};
pub use secret::{Password, Secret};
pub use types::{
    Broker, Client, Config, Data, Database, Encoder, Http, Limits, Listener, Log, LogFormat, Otel,
    Retention, Storage, Tasks, Uploads, Workers,
};
pub use world::{BrokerUrl, DatabaseUrl, Role, StorageUrl, World, world};
