//! The whole cluster at work: two webapps, two statuses, several encoders, as processes of the executable over MariaDB,
//! RabbitMQ, an object store and nginx. What breaks it is tried elsewhere.
#![allow(clippy::unwrap_used, reason = "tests speak by panicking")]

mod four_encoders;
mod front;
mod stores;
