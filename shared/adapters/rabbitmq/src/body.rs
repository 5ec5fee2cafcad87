//! Messages as they travel: JSON, its schema version inside, its place in a trace in the `traceparent` header. What can't be
//! read is said so, never guessed. A newer version's message that can be read is for its reader to judge.

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, LongString},
};
use reelmill_broker::BrokerError;
use reelmill_domain::wire::{
    Control, JobHint, Progress, SCHEMA, TaskMessage, Traceparent, WorkerEvent,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::time::Duration;
use uuid::Uuid;

/// W3C's header, as it is called on HTTP too.
const TRACEPARENT: &str = "traceparent";
const JSON: &str = "application/json";
/// AMQP's delivery modes.
const TRANSIENT: u8 = 1;
const PERSISTENT: u8 = 2;

/// A message that goes over the wire.
pub trait Wire: Serialize + DeserializeOwned + Send + 'static {
    /// For the broker's administrator: what kind of message this is.
    const KIND: &'static str;
    /// Whether the broker writes it to disk.
    const DURABLE: bool = true;

    /// Its place in a trace.
    fn trace(&self) -> Option<&Traceparent> {
        None
    }

    /// Takes the place in a trace that came with it.
    fn set_trace(&mut self, _: Option<Traceparent>) {}

    /// The id that is the same however often it is sent, if it has one.
    fn id(&self) -> Option<Uuid> {
        None
    }
}

impl Wire for TaskMessage {
    const KIND: &'static str = "task";

    fn trace(&self) -> Option<&Traceparent> {
        self.trace.as_ref()
    }

    fn set_trace(&mut self, trace: Option<Traceparent>) {
        self.trace = trace;
    }
}

impl Wire for JobHint {
    const KIND: &'static str = "job";

    fn trace(&self) -> Option<&Traceparent> {
        self.trace.as_ref()
    }

    fn set_trace(&mut self, trace: Option<Traceparent>) {
        self.trace = trace;
    }
}

impl Wire for WorkerEvent {
    const KIND: &'static str = "event";

    fn trace(&self) -> Option<&Traceparent> {
        self.trace.as_ref()
    }

    fn set_trace(&mut self, trace: Option<Traceparent>) {
        self.trace = trace;
    }

    fn id(&self) -> Option<Uuid> {
        Some(self.id.0)
    }
}

impl Wire for Progress {
    const KIND: &'static str = "progress";
    const DURABLE: bool = false;
}

impl Wire for Control {
    const KIND: &'static str = "control";
    const DURABLE: bool = false;
}

/// The properties of a message; `ttl` in whole milliseconds.
pub fn properties<T: Wire>(message: &T, ttl: Option<Duration>) -> BasicProperties {
    let id = message.id().unwrap_or_else(Uuid::now_v7);
    let mut properties = BasicProperties::default()
        .with_content_type(JSON.into())
        .with_type(T::KIND.into())
        .with_message_id(id.to_string().into())
        .with_delivery_mode(if T::DURABLE { PERSISTENT } else { TRANSIENT });
    if let Some(ttl) = ttl {
        properties = properties.with_expiration(ttl.as_millis().to_string().into());
    }
    if let Some(trace) = message.trace() {
        let mut headers = FieldTable::default();
        let value = AMQPValue::LongString(LongString::from(trace.as_str()));
        headers.insert(TRACEPARENT.into(), value);
        properties = properties.with_headers(headers);
    }
    properties
}

/// The body of a message.
pub fn write<T: Wire>(attempt: &'static str, message: &T) -> Result<Vec<u8>, BrokerError> {
    serde_json::to_vec(message).map_err(|e| BrokerError::Malformed {
        attempt,
        cause: e.to_string(),
    })
}

/// Reads a message that came.
pub fn read<T: Wire>(
    attempt: &'static str,
    body: &[u8],
    properties: &BasicProperties,
) -> Result<T, BrokerError> {
    let mut message: T = serde_json::from_slice(body).map_err(|error| BrokerError::Malformed {
        attempt,
        cause: why(body, &error),
    })?;
    let headers = properties.headers().as_ref();
    let trace = headers.and_then(|h| h.inner().get(TRACEPARENT));
    message.set_trace(trace.and_then(as_text).and_then(|t| Traceparent::parse(&t)));
    Ok(message)
}

/// Why a body can't be read: a newer one may have another shape altogether.
fn why(body: &[u8], error: &serde_json::Error) -> String {
    match serde_json::from_slice(body) {
        Ok(Versioned { schema }) if schema > SCHEMA => format!(
            "its schema is {schema}, and this program reads up to {SCHEMA}: a newer one runs beside it ({error})"
        ),
        _ => error.to_string(),
    }
}

#[derive(Deserialize)]
struct Versioned {
    schema: u16,
}

/// A header's text, whichever of AMQP's two kinds of strings it is.
pub fn as_text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}
