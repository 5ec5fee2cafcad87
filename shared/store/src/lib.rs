//! The database: entities, migrations and queries, one code for SQLite and MySQL. Decides nothing: rules are `domain`'s.

mod clock;
mod connect;
pub mod entity;
mod error;
mod migration;
pub mod refs;
mod transact;
pub mod uploads;

pub use clock::now;
pub use connect::Store;
pub use error::StoreError;
/// What queries run on: a transaction, or the pool.
pub use sea_orm::{ConnectionTrait, DatabaseTransaction};
pub use transact::Retry;
