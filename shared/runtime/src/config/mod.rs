//! The configuration: built-in defaults ← `reelmill.toml` ← environment ← command line, typed and checked.
//!
//! Every key is declared once, in [`keys`]; anything else is refused. Secrets never print.

mod check;
mod defaults;
mod error;
mod keys;
mod layer;
mod load;
mod places;
mod secret;
mod types;
mod world;

pub use error::ConfigError;
pub use keys::{BuiltIn, KEYS, Key, Kind};
pub use layer::Origin;
pub use load::{Flag, Loaded, Setting, Sources, load};
pub use places::{data_dir, state_dir};
pub use secret::Secret;
pub use types::{
    Broker, Client, Config, Data, Database, Encoder, Http, Limits, Listener, Log, LogFormat,
    Retention, Storage, Tasks, Uploads,
};
pub use world::{BrokerUrl, DatabaseUrl, Role, StorageUrl, World, world};
