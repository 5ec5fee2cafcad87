//! What is measured, for `/metrics` of every service. One registry per process, like the log; recording never waits and
//! never fails. Names, units and words are in `list.rs`; a preset or a state may be a label, an id never.

mod figures;
mod instruments;
mod list;
mod page;
mod process;

pub use figures::Ask;
pub use page::router;

pub(crate) use instruments::{Push, push};

use instruments::INSTRUMENTS;
use opentelemetry::KeyValue;
use std::time::Duration;

/// An HTTP request was answered; `route` is the template, never the path.
pub fn http_request(method: &'static str, route: &str, status: u16, took: Duration) {
    INSTRUMENTS.http_request_seconds.record(
        took.as_secs_f64(),
        &[
            KeyValue::new("method", method),
            KeyValue::new("route", route.to_owned()),
            KeyValue::new("status", i64::from(status)),
        ],
    );
}

/// webapp: bytes of uploads were made durable.
pub fn uploaded(bytes: u64) {
    INSTRUMENTS.upload_bytes.add(bytes, &[]);
}

/// webapp: a job was accepted.
pub fn job_submitted() {
    INSTRUMENTS.jobs_submitted.add(1, &[]);
}

/// status or webapp: a job ended in this state (`completed`, `failed`, …).
pub fn job_ended(state: &'static str) {
    INSTRUMENTS
        .jobs_ended
        .add(1, &[KeyValue::new("state", state)]);
}

/// status: a task was released to its lane.
pub fn task_released(lane: &str) {
    let lane = KeyValue::new("lane", lane.to_owned());
    INSTRUMENTS.task_releases.add(1, &[lane]);
}

/// status: an attempt ended in an error of its own, with this stable code.
pub fn task_failed(code: &str) {
    let code = KeyValue::new("code", code.to_owned());
    INSTRUMENTS.task_failures.add(1, &[code]);
}

/// status: so many leases lapsed.
pub fn leases_lapsed(runs: u64) {
    INSTRUMENTS.leases_lapsed.add(runs, &[]);
}

/// status: the broker gave up on a task's message: it expired, or was delivered too often.
pub fn task_dead(expired: bool) {
    let why = if expired { "expired" } else { "delivery_limit" };
    INSTRUMENTS.dead_tasks.add(1, &[KeyValue::new("why", why)]);
}

/// status: an event of this kind (`started`, `renewed`, …) was taken in.
pub fn event(kind: &'static str) {
    INSTRUMENTS.events.add(1, &[KeyValue::new("kind", kind)]);
}

/// status: an event was not taken in: it is of a newer version (`newer_version`), can't be applied (`not_applicable`), or is
/// the start of a worker that waits to be enabled (`not_admitted`).
pub fn event_refused(why: &'static str) {
    let why = KeyValue::new("why", why);
    INSTRUMENTS.events_refused.add(1, &[why]);
}

/// status: the broker keeps so many messages apart that nobody could read.
pub fn unreadable_messages(messages: u64) {
    INSTRUMENTS.unreadable_messages.record(messages, &[]);
}

/// status: how late a mark came through the queue of events, by the database's clock: clocks of machines differ.
pub fn event_lag(lag: Duration) {
    INSTRUMENTS.event_lag.record(lag.as_secs_f64(), &[]);
}

/// status: a client listens to events until this value is dropped.
#[must_use]
pub fn event_stream() -> EventStream {
    INSTRUMENTS.streams.add(1, &[]);
    EventStream(())
}

/// A client that listens; see [`event_stream`].
#[derive(Debug)]
pub struct EventStream(());

impl Drop for EventStream {
    fn drop(&mut self) {
        INSTRUMENTS.streams.add(-1, &[]);
    }
}

/// status or webapp: so many things of this kind (`upload`, `output`, `file`, `job`, `unfinished`, …) were removed.
pub fn swept(what: &'static str, things: u64) {
    INSTRUMENTS
        .swept
        .add(things, &[KeyValue::new("what", what)]);
}

/// encoder: a run of this kind (`probe`, `encode`, …) ended so (`succeeded`, `failed`, `released`, `stopped`).
pub fn run_ended(kind: &'static str, outcome: &'static str, took: Duration) {
    INSTRUMENTS.run_seconds.record(
        took.as_secs_f64(),
        &[
            KeyValue::new("kind", kind),
            KeyValue::new("outcome", outcome),
        ],
    );
}

/// encoder: ffmpeg made `film_s` seconds of film in `took`, by this preset (`inline` for one that a job brought).
pub fn encoded(preset: &str, took: Duration, film_s: f64) {
    let preset = [KeyValue::new("preset", preset.to_owned())];
    let seconds = took.as_secs_f64();
    INSTRUMENTS.encode_seconds.record(seconds, &preset);
    if seconds > 0.0 {
        INSTRUMENTS.encode_speed.record(film_s / seconds, &preset);
    }
}

/// encoder: a task asked for its source, and it was there already, or not.
pub fn source_fetched(was_there: bool) {
    let result = if was_there { "cached" } else { "fetched" };
    let result = [KeyValue::new("result", result)];
    INSTRUMENTS.source_fetches.add(1, &result);
}

/// encoder: a file came from the object store.
pub fn object_in(bytes: u64, took: Duration) {
    object("in", bytes, took);
}

/// encoder: a file went to the object store.
pub fn object_out(bytes: u64, took: Duration) {
    object("out", bytes, took);
}

fn object(direction: &'static str, bytes: u64, took: Duration) {
    let direction = [KeyValue::new("direction", direction)];
    INSTRUMENTS.object_bytes.add(bytes, &direction);
    let seconds = took.as_secs_f64();
    INSTRUMENTS.object_seconds.record(seconds, &direction);
}

/// encoder: the broker took a renewal, or could not be reached.
pub fn renewed(sent: bool) {
    let result = if sent { "sent" } else { "failed" };
    INSTRUMENTS
        .renewals
        .add(1, &[KeyValue::new("result", result)]);
}

/// encoder: so many slots of a lane are free.
pub fn free_slots(lane: &str, free: u16) {
    INSTRUMENTS
        .free_slots
        .record(free.into(), &[KeyValue::new("lane", lane.to_owned())]);
}

#[cfg(test)]
mod tests;
