//! The database: entities, migrations and queries, one code for SQLite and MySQL. Decides nothing: rules are `domain`'s.

mod apply;
pub mod claim;
mod clock;
mod connect;
mod convert;
pub mod delete;
mod doubt;
mod effects;
mod ended;
pub mod entity;
mod error;
pub mod events;
pub mod jobs;
mod migration;
pub mod read;
pub mod reap;
pub mod refs;
pub mod renew;
pub mod sole;
mod sources;
pub mod submit;
pub mod sweep;
pub mod sweeps;
mod tasks;
pub mod tell;
mod transact;
mod unreadable;
pub mod uploads;
pub mod workers;

pub use apply::{Change, MakeTaskEvent, Policy, apply, apply_in};
pub use clock::now;
pub use connect::{Options, Store};
pub use effects::AfterCommit;
pub use error::StoreError;
/// What queries run on: a transaction, or the pool.
pub use sea_orm::{ConnectionTrait, DatabaseTransaction};
pub use transact::Retry;
