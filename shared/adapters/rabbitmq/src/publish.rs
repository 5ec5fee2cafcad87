//! Publishing, with the broker's confirmation. Every route has one channel that all callers share: many messages are on their
//! way at once, and a message that the broker returns can't be taken for one of another route.

use crate::{
    body::{self, Wire},
    link::{Link, Live, PATIENCE, lock, unreachable, within},
    topology,
};
use lapin::{
    BasicProperties, Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use reelmill_broker::BrokerError;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, timeout_at};

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// The exchange; empty for the broker's own, which takes a queue's name for a key.
    pub exchange: &'static str,
    /// The routing key.
    pub key: String,
}

impl Route {
    /// Straight to a queue.
    pub fn to(queue: &'static str) -> Self {
        Self {
            exchange: "",
            key: queue.into(),
        }
    }
}

/// What became of a durable message.
#[derive(Debug, PartialEq, Eq)]
pub enum Fate {
    /// The broker has it.
    Kept,
    /// No queue is there for it.
    Returned,
}

/// Publishes over one connection.
pub struct Publisher {
    link: Arc<Link>,
    ways: Mutex<HashMap<Route, Arc<Way>>>,
}

/// A route's channel, once opened.
#[derive(Default)]
struct Way(tokio::sync::Mutex<Option<Arc<Open>>>);

struct Open {
    live: Arc<Live>,
    channel: Channel,
    /// Something was left half done on it.
    spent: AtomicBool,
}

impl Open {
    fn is_good(&self) -> bool {
        self.channel.status().connected()
            && self.live.is_up()
            && !self.spent.load(Ordering::Relaxed)
    }
}

impl Publisher {
    /// Publishes over this connection.
    pub fn new(link: Arc<Link>) -> Self {
        Self {
            link,
            ways: Mutex::default(),
        }
    }

    /// Sends a durable message and waits until the broker has it, at most [`PATIENCE`].
    pub async fn keep<T: Wire>(
        &self,
        attempt: &'static str,
        route: &Route,
        message: &T,
        ttl: Option<Duration>,
    ) -> Result<Fate, BrokerError> {
        let body = body::write(attempt, message)?;
        let properties = body::properties(message, ttl);
        let whole = async {
            let open = self.open(attempt, route, true).await?;
            // A confirmation that nobody awaits any more keeps its place on the channel for ever: leave the channel then.
            let mut unfinished = Unfinished(Some(&open));
            let confirmation = send(&open, route, &body, properties, true).await;
            unfinished.0 = None;
            judge(
                attempt,
                confirmation.map_err(|error| unreachable(attempt, error))?,
            )
        };
        match timeout_at(Instant::now() + PATIENCE, whole).await {
            Ok(fate) => fate,
            Err(_) => Err(self.late(attempt)),
        }
    }

    /// Sends a transient message, if that can be done now.
    pub async fn say<T: Wire>(
        &self,
        attempt: &'static str,
        exchange: &'static str,
        message: &T,
    ) -> Result<(), BrokerError> {
        self.check(attempt)?;
        let route = Route {
            exchange,
            key: String::new(),
        };
        let body = body::write(attempt, message)?;
        let properties = body::properties(message, None);
        let whole = async {
            let open = self.open(attempt, &route, false).await?;
            let sent = send(&open, &route, &body, properties, false).await;
            sent.map_err(|error| unreachable(attempt, error))
        };
        match timeout_at(Instant::now() + PATIENCE, whole).await {
            Ok(sent) => sent.map(drop),
            Err(_) => Err(self.late(attempt)),
        }
    }

    /// Makes the queues again that somebody deleted.
    pub async fn mend(&self, attempt: &'static str) -> Result<(), BrokerError> {
        let live = self.link.now(attempt)?;
        let channel = live.channel(attempt).await?;
        within(attempt, topology::declare(&channel)).await
    }

    /// Whether messages can be sent now.
    pub fn check(&self, attempt: &'static str) -> Result<(), BrokerError> {
        match self.link.now(attempt)?.blocked() {
            Some(reason) => Err(unreachable(attempt, blocked(&reason))),
            None => Ok(()),
        }
    }

    /// Why something took too long.
    fn late(&self, attempt: &'static str) -> BrokerError {
        let not_confirmed = || {
            unreachable(
                attempt,
                format!("not confirmed within {} s", PATIENCE.as_secs()),
            )
        };
        self.check(attempt).err().unwrap_or_else(not_confirmed)
    }

    /// The channel of a route. Waits for the connection, and until the broker takes messages from it: what is handed to the
    /// library before that piles up there, and goes out long after the caller has given up.
    async fn open(
        &self,
        attempt: &'static str,
        route: &Route,
        confirms: bool,
    ) -> Result<Arc<Open>, BrokerError> {
        let way = lock(&self.ways).entry(route.clone()).or_default().clone();
        let mut open = way.0.lock().await;
        if let Some(good) = open.as_ref().filter(|open| open.is_good()) {
            let good = good.clone();
            drop(open);
            good.live.unblocked().await;
            return Ok(good);
        }
        // Callers in flight may hold it still; it closes with the last of them.
        *open = None;
        let live = self.link.wait(attempt, Instant::now() + PATIENCE).await?;
        live.unblocked().await;
        let channel = live.channel(attempt).await?;
        if confirms {
            let options = ConfirmSelectOptions::default();
            within(attempt, channel.confirm_select(options)).await?;
        }
        let fresh = Arc::new(Open {
            live,
            channel,
            spent: AtomicBool::new(false),
        });
        *open = Some(fresh.clone());
        Ok(fresh)
    }
}

async fn send(
    open: &Open,
    route: &Route,
    body: &[u8],
    properties: BasicProperties,
    mandatory: bool,
) -> lapin::Result<Confirmation> {
    let options = BasicPublishOptions {
        mandatory,
        ..Default::default()
    };
    let (exchange, key) = (route.exchange.into(), route.key.as_str().into());
    open.channel
        .basic_publish(exchange, key, options, body, properties)
        .await?
        .await
}

fn judge(attempt: &'static str, confirmation: Confirmation) -> Result<Fate, BrokerError> {
    match confirmation {
        Confirmation::Ack(None) => Ok(Fate::Kept),
        Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Ok(Fate::Returned),
        Confirmation::Nack(None) => Err(unreachable(
            attempt,
            "the broker refused the message; its queue is full or has lost its majority",
        )),
        Confirmation::NotRequested => Err(unreachable(
            attempt,
            "the channel does not confirm what is sent",
        )),
    }
}

fn blocked(reason: &str) -> String {
    format!("it takes no messages now: {reason}")
}

/// Marks a channel as spent, unless the message was confirmed.
struct Unfinished<'a>(Option<&'a Open>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(open) = self.0 {
            open.spent.store(true, Ordering::Relaxed);
        }
    }
}
