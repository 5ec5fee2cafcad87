//! The Broker port: how work, events and orders travel. Nothing here is the truth: the database is.

mod backoff;
mod contract;
mod error;
pub mod suite;

pub use backoff::Backoff;
pub use contract::{Acknowledge, Broker, DeadTask, Delivery, Messages, Source};
pub use error::BrokerError;
