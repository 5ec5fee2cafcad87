//! Why the broker gave a message up, as it says in the message's headers.

use lapin::{BasicProperties, types::AMQPValue};

use crate::body::as_text;

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dead {
    /// Its time to live was over.
    Expired,
    /// Delivered too often, or rejected.
    GivenUp,
}

impl Dead {
    /// Reads the newest entry of `x-death` (<https://www.rabbitmq.com/docs/dlx#effects>): the broker puts the newest first.
    pub fn of(properties: &BasicProperties) -> Self {
        let headers = properties.headers().as_ref();
        let deaths = headers.and_then(|h| h.inner().get("x-death"));
        let reason = match deaths {
            Some(AMQPValue::FieldArray(deaths)) => match deaths.as_slice().first() {
                Some(AMQPValue::FieldTable(death)) => death.inner().get("reason").and_then(as_text),
                _ => None,
            },
            _ => None,
        };
        match reason.as_deref() {
            Some("expired") => Self::Expired,
            _ => Self::GivenUp,
        }
    }
}
