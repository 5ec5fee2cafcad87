//! Queues that are there and have nobody behind them. A broker that was killed may come back with quorum queues whose process
//! can't be started again (`could not be restarted {error,enoent}`, seen with RabbitMQ 3.10): it goes on to declare and to
//! route to them, and ends every connection that wants something of them. What they held is lost already, and the database
//! knows what was in them: they are deleted, to be made anew. Never one that answers, nor one that was silent for a moment.

use crate::topology;
use lapin::{
    Channel,
    options::{BasicGetOptions, BasicNackOptions, QueueDeleteOptions},
};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// So long a queue must have been without a process: replicas that choose a leader need less.
const PATIENCE: Duration = Duration::from_secs(15);

/// What one kept connection knows of such queues.
#[derive(Default)]
pub struct Headless {
    /// Since when, by name, for those that ended the last connection or one shortly before.
    since: BTreeMap<String, Instant>,
    /// The one that ended the last connection.
    last: Option<String>,
    /// The broker broke over one of our queues, and didn't say over which.
    looking: bool,
}

impl Headless {
    /// Learns from why a connection ended.
    pub fn note(&mut self, cause: &str) {
        self.last = named(cause).map(str::to_owned);
        if let Some(queue) = &self.last {
            self.since.entry(queue.clone()).or_insert_with(Instant::now);
        } else if cause.contains("INTERNAL") {
            self.looking = true;
        }
    }

    /// A connection was good: nobody is missing.
    pub fn all_is_well(&mut self) {
        *self = Self::default();
    }

    /// Deletes the queue that ended the last connection, if it has been without a process for long.
    pub async fn delete(&mut self, channel: &Channel) -> lapin::Result<()> {
        let last = self.last.take();
        let long = |queue: &String| {
            self.since
                .get(queue)
                .is_some_and(|at| at.elapsed() >= PATIENCE)
        };
        let Some(queue) = last.filter(long) else {
            return Ok(());
        };
        tracing::error!(
            queue,
            "the broker lost the process of a queue; the queue is made anew, and what was in it is released again"
        );
        self.since.remove(&queue);
        let all = QueueDeleteOptions::default();
        channel.queue_delete(queue.into(), all).await.map(|_| ())
    }

    /// Asks each of the queues that everybody has for a message, which goes back at once, when one of them must be without
    /// a process: the broker ends the connection over it then, and names it.
    pub async fn look(&mut self, channel: &Channel) -> lapin::Result<()> {
        if !self.looking {
            return Ok(());
        }
        for queue in topology::FIXED {
            let options = BasicGetOptions { no_ack: false };
            if let Some(got) = channel.basic_get(queue.into(), options).await? {
                let back = BasicNackOptions {
                    multiple: false,
                    requeue: true,
                };
                got.delivery.acker.nack(back).await?;
            }
        }
        self.looking = false;
        Ok(())
    }
}

/// The queue in `Cannot get a message from queue 'queue 'NAME' in vhost 'V'': noproc`.
fn named(cause: &str) -> Option<&str> {
    let (_, rest) = cause.split_once("from queue 'queue '")?;
    let (name, rest) = rest.split_once("' in vhost '")?;
    rest.contains("noproc").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "protocol error: AMQP hard error: INTERNAL-ERROR: INTERNAL_ERROR - Cannot get a message from queue \
                        'queue 'reelmill.tasks.encode' in vhost 'farm'': noproc";

    #[test]
    fn the_broker_s_words_are_understood() {
        assert_eq!(named(SAID), Some("reelmill.tasks.encode"));
        assert_eq!(named(&SAID.replace("noproc", "timeout")), None);
        assert_eq!(
            named("protocol error: AMQP hard error: INTERNAL-ERROR: INTERNAL_ERROR"),
            None
        );
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_was_missing_for_long_and_still_is_counts() {
        let mut known = Headless::default();
        known.note(SAID);
        tokio::time::advance(PATIENCE).await;
        known.note("connection reset");
        assert_eq!(known.last, None, "something else ended the last connection");
        known.note(SAID);
        assert!(known.since["reelmill.tasks.encode"].elapsed() >= PATIENCE);
        known.all_is_well();
        assert!(known.since.is_empty());
    }
}
