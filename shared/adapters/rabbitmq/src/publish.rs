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

/// A route's channel.
#[derive(Default)]
struct Way {
    open: tokio::sync::Mutex<Option<Arc<Open>>>,
}

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
        let deadline = Instant::now() + PATIENCE;
        let open = self.open(attempt, route, deadline, true).await?;
        // A channel on which a confirmation was never awaited keeps its place for ever: leave it.
        let mut unfinished = Unfinished(Some(&open));
        let sent = timeout_at(deadline, send(&open, route, &body, properties, true)).await;
        match sent {
            Ok(Ok(confirmation)) => {
                unfinished.0 = None;
                judge(attempt, confirmation)
            }
            Ok(Err(error)) => Err(unreachable(attempt, error)),
            Err(_) => Err(unreachable(attempt, late(&open.live))),
        }
    }

    /// Sends a transient message, if that can be done now.
    pub async fn say<T: Wire>(
        &self,
        attempt: &'static str,
        exchange: &'static str,
        message: &T,
    ) -> Result<(), BrokerError> {
        let live = self.link.now(attempt)?;
        if let Some(reason) = live.blocked() {
            return Err(unreachable(attempt, blocked(&reason)));
        }
        let route = Route {
            exchange,
            key: String::new(),
        };
        let body = body::write(attempt, message)?;
        let properties = body::properties(message, None);
        let deadline = Instant::now() + PATIENCE;
        let open = self.open(attempt, &route, deadline, false).await?;
        match timeout_at(deadline, send(&open, &route, &body, properties, false)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(unreachable(attempt, error)),
            Err(_) => Err(unreachable(attempt, late(&open.live))),
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

    /// The channel of a route.
    async fn open(
        &self,
        attempt: &'static str,
        route: &Route,
        deadline: Instant,
        confirms: bool,
    ) -> Result<Arc<Open>, BrokerError> {
        let way = lock(&self.ways).entry(route.clone()).or_default().clone();
        let mut open = timeout_at(deadline, way.open.lock())
            .await
            .map_err(|_| unreachable(attempt, "no channel could be opened in time"))?;
        let good = match open.take().filter(|open| open.is_good()) {
            Some(good) => good,
            None => {
                let live = self.link.wait(attempt, deadline).await?;
                let channel = live.channel(attempt).await?;
                if confirms {
                    let options = ConfirmSelectOptions::default();
                    within(attempt, channel.confirm_select(options)).await?;
                }
                Arc::new(Open {
                    live,
                    channel,
                    spent: AtomicBool::new(false),
                })
            }
        };
        *open = Some(good.clone());
        drop(open);
        // What is handed to the library while the broker is blocked piles up there, and goes out long after we gave up.
        if timeout_at(deadline, good.live.unblocked()).await.is_err() {
            return Err(unreachable(attempt, late(&good.live)));
        }
        Ok(good)
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

fn late(live: &Live) -> String {
    match live.blocked() {
        Some(reason) => blocked(&reason),
        None => format!("not confirmed within {} s", PATIENCE.as_secs()),
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
