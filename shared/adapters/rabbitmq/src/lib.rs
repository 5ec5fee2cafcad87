//! The Broker port over RabbitMQ, 3.10 and later, written for the rules of 4.3. It must never hold the truth: whatever the broker
//! loses, the database still knows.
//!
//! Two connections: one publishes, one consumes. RabbitMQ blocks a connection that publishes while it is short of memory or
//! disk; acknowledgements must still get through then.

mod body;
mod close;
mod config;
mod connect;
mod dead;
mod hand;
mod headless;
mod lane;
mod link;
mod listen;
mod publish;
mod told;
mod topology;

pub use config::RabbitConfig;

use async_trait::async_trait;
use body::Wire;
use config::Target;
use lane::{LaneConsumer, Seats};
use lapin::options::BasicQosOptions;
use link::{Link, within};
use listen::Listener;
use publish::{Fate, Publisher, Route};
use reelmill_broker::{Broker, BrokerError, DeadTask, Messages};
use reelmill_domain::{
    lane::Lane,
    wire::{Control, JobHint, Progress, TaskMessage, WorkerEvent},
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use told::Reader;

/// How long a service that starts waits for the broker before it goes on without.
const FIRST_WAIT: Duration = Duration::from_secs(2);

/// RabbitMQ as a broker. Dropping it ends its connections and every consumer.
pub struct RabbitBroker {
    publisher: Publisher,
    publishes: Arc<Link>,
    consumes: Arc<Link>,
    seats: Arc<Seats>,
}

impl RabbitBroker {
    /// Reads the configuration, begins to connect, and waits a little for that. A broker that is away is no error here: it
    /// is tried again until it is there, and [`Broker::check`] says how things are.
    ///
    /// # Errors
    /// [`BrokerError::Misconfigured`]: the URL makes no sense.
    pub async fn connect(config: RabbitConfig) -> Result<Arc<Self>, BrokerError> {
        let target = Target::parse(&config.url)?;
        let name = config.connection_name;
        let publishes = Link::keep(target.clone(), format!("{name} (publishes)"));
        let consumes = Link::keep(target, format!("{name} (consumes)"));
        let deadline = Instant::now() + FIRST_WAIT;
        for link in [&publishes, &consumes] {
            if let Err(error) = link.wait("connecting", deadline).await {
                tracing::warn!(%error, "going on without the broker for now");
                break;
            }
        }
        let (publishes, consumes) = (Arc::new(publishes), Arc::new(consumes));
        Ok(Arc::new(Self {
            publisher: Publisher::new(publishes.clone()),
            publishes,
            consumes,
            seats: Arc::default(),
        }))
    }

    /// Sends what is for status; makes its queue again if somebody deleted it.
    async fn tell<T: Wire>(
        &self,
        attempt: &'static str,
        queue: &'static str,
        message: &T,
    ) -> Result<(), BrokerError> {
        let route = Route::to(queue);
        for _ in 0..2 {
            if self.publisher.keep(attempt, &route, message, None).await? == Fate::Kept {
                return Ok(());
            }
            self.publisher.mend(attempt).await?;
        }
        Err(link::unreachable(
            attempt,
            "its queue is deleted again and again",
        ))
    }
}

impl Drop for RabbitBroker {
    fn drop(&mut self) {
        self.publishes.end();
        self.consumes.end();
    }
}

#[async_trait]
impl Broker for RabbitBroker {
    async fn publish_task(&self, message: &TaskMessage, ttl: Duration) -> Result<(), BrokerError> {
        let attempt = "publishing a task";
        topology::fits(attempt, &message.lane)?;
        let route = Route {
            exchange: topology::TASKS,
            key: message.lane.0.clone(),
        };
        match self
            .publisher
            .keep(attempt, &route, message, Some(ttl))
            .await?
        {
            Fate::Kept => Ok(()),
            Fate::Returned => Err(BrokerError::Unroutable {
                lane: message.lane.to_string(),
            }),
        }
    }

    async fn consume_tasks(&self, lane: &Lane) -> Result<Messages<TaskMessage>, BrokerError> {
        topology::fits("opening a lane", lane)?;
        let opening = LaneConsumer::open(self.consumes.clone(), self.seats.clone(), lane);
        Ok(Box::new(opening.await?))
    }

    async fn consume_dead(&self) -> Result<Messages<DeadTask>, BrokerError> {
        Ok(Box::new(
            Reader::open(&self.consumes, topology::DEAD).await?,
        ))
    }

    async fn publish_event(&self, event: &WorkerEvent) -> Result<(), BrokerError> {
        self.tell("publishing an event", topology::EVENTS, event)
            .await
    }

    async fn consume_events(&self) -> Result<Messages<WorkerEvent>, BrokerError> {
        Ok(Box::new(
            Reader::open(&self.consumes, topology::EVENTS).await?,
        ))
    }

    async fn publish_job(&self, hint: &JobHint) -> Result<(), BrokerError> {
        self.tell("publishing a hint", topology::JOBS, hint).await
    }

    async fn consume_jobs(&self) -> Result<Messages<JobHint>, BrokerError> {
        Ok(Box::new(
            Reader::open(&self.consumes, topology::JOBS).await?,
        ))
    }

    async fn publish_progress(&self, progress: &Progress) -> Result<(), BrokerError> {
        let attempt = "publishing progress";
        self.publisher
            .say(attempt, topology::PROGRESS, progress)
            .await
    }

    async fn listen_progress(&self) -> Result<Messages<Progress>, BrokerError> {
        Ok(Box::new(
            Listener::open(&self.consumes, topology::PROGRESS).await?,
        ))
    }

    async fn publish_control(&self, control: &Control) -> Result<(), BrokerError> {
        let attempt = "publishing an order";
        self.publisher
            .say(attempt, topology::CONTROL, control)
            .await
    }

    async fn listen_control(&self) -> Result<Messages<Control>, BrokerError> {
        Ok(Box::new(
            Listener::open(&self.consumes, topology::CONTROL).await?,
        ))
    }

    async fn check(&self) -> Result<(), BrokerError> {
        let attempt = "looking at the broker";
        self.publisher.check(attempt)?;
        let live = self.consumes.now(attempt)?;
        let channel = live.channel(attempt).await?;
        let options = BasicQosOptions { global: false };
        within(attempt, channel.basic_qos(1, options)).await
    }

    async fn unreadable(&self) -> Result<u64, BrokerError> {
        let attempt = "counting what can't be read";
        let channel = self.consumes.now(attempt)?.channel(attempt).await?;
        within(attempt, topology::kept_apart(&channel)).await
    }
}
