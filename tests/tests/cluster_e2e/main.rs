//! The whole cluster at work: two webapps, two statuses, several encoders, as processes of the executable over MariaDB,
//! RabbitMQ, an object store and nginx. What breaks it is tried elsewhere.
#![allow(clippy::unwrap_used, reason = "tests speak by panicking")]

mod admission;
mod figures;
mod four_encoders;
mod front;
mod stores;
