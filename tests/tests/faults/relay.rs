//! Carries every message between services that each have a vhost of their own: as often and in whatever order a test wants.
//! Webapp's hints go to status; the tasks of both and status's orders to the encoders; their events, progress and dead tasks
//! back to status.

use anyhow::{Context, Result, bail};
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions,
    ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use reelmill_tests::cluster::{Rabbit, Servers};
use reelmill_tests::wait::{secs, until};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

const TASKS: &str = "reelmill.tasks";
const LANES: [&str; 2] = ["light", "encode"];
/// How long anything is held back at most: well below the minute after which a release lapses that nobody has started.
const HOLD: Duration = Duration::from_secs(20);

/// What it does to messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Each arrives so many times.
    Copies(u32),
    /// That a run has begun arrives after its result (or 20 s late); every third renewal after the two that follow it.
    Reversed,
}

/// What it did.
#[derive(Debug, Default)]
pub struct Done {
    /// Messages that came.
    pub came: AtomicU64,
    /// Messages that were sent on.
    pub sent: AtomicU64,
    /// Messages that were sent on after one that came later.
    pub overtaken: AtomicU64,
    /// Of these, beginnings of runs.
    pub late_starts: AtomicU64,
}

/// The three vhosts and what carries between them. Gone when dropped.
pub struct Relay {
    carriers: JoinSet<Result<()>>,
    done: Arc<Done>,
    /// The vhosts of webapp, status and encoders.
    pub vhosts: [Rabbit; 3],
}

impl Relay {
    /// Makes the vhosts on the shared broker and begins.
    pub async fn start(manner: Manner) -> Result<Self> {
        let servers = Servers::shared();
        let vhost =
            || async { Rabbit::create(servers.get("AMQP")?, servers.get("AMQP_API")?).await };
        let vhosts = [vhost().await?, vhost().await?, vhost().await?];
        let [webapp, status, encoders] = vhosts.each_ref().map(Rabbit::url);
        let done = Arc::new(Done::default());
        let mut carriers = JoinSet::new();
        let mut carry = |from: &str, to: &str, way: Way| {
            let carried = carry(from.to_owned(), to.to_owned(), way, manner, done.clone());
            carriers.spawn(async move {
                let ended = carried.await;
                eprintln!("nothing is carried any more from {way:?}: {ended:?}");
                ended
            });
        };
        for lane in LANES {
            carry(&status, &encoders, Way::Lane(lane));
            carry(&webapp, &encoders, Way::Lane(lane));
        }
        carry(&webapp, &status, Way::Queue("reelmill.jobs"));
        carry(&encoders, &status, Way::Queue("reelmill.events"));
        carry(&encoders, &status, Way::Queue("reelmill.tasks.dead"));
        carry(&status, &encoders, Way::Fan("reelmill.control"));
        carry(&encoders, &status, Way::Fan("reelmill.progress"));
        Ok(Self {
            carriers,
            done,
            vhosts,
        })
    }

    /// What it did until now. Fails when it has stopped carrying.
    pub fn done(&mut self) -> Result<&Done> {
        if let Some(ended) = self.carriers.try_join_next() {
            ended??;
            bail!("a carrier ended");
        }
        Ok(&self.done)
    }
}

/// From where to where, within the vhosts.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// A queue to the queue of the same name.
    Queue(&'static str),
    /// What is routed to a lane, to that lane.
    Lane(&'static str),
    /// A fan-out exchange to the one of the same name.
    Fan(&'static str),
}

async fn carry(from: String, to: String, way: Way, manner: Manner, done: Arc<Done>) -> Result<()> {
    let from = Connection::connect(&from, ConnectionProperties::default()).await?;
    let to = Connection::connect(&to, ConnectionProperties::default()).await?;
    let queue = match way {
        Way::Queue(name) => {
            appears(&from, name).await?;
            appears(&to, name).await?;
            name.to_owned()
        }
        Way::Lane(lane) => {
            let name = format!("{TASKS}.{lane}");
            appears(&to, &name).await?;
            let channel = from.create_channel().await?;
            exchange(&channel, TASKS, ExchangeKind::Direct).await?;
            own_queue(&channel, &name, TASKS, lane).await?;
            name
        }
        Way::Fan(name) => {
            for side in [&to, &from] {
                exchange(&side.create_channel().await?, name, ExchangeKind::Fanout).await?;
            }
            let queue = format!("test.{name}");
            own_queue(&from.create_channel().await?, &queue, name, "").await?;
            queue
        }
    };
    let (reads, channel) = (from.create_channel().await?, to.create_channel().await?);
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    let mut sender = Sender {
        channel,
        way,
        manner,
        done,
    };
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    let mut consumer = reads
        .basic_consume(queue.into(), "".into(), options, none)
        .await?;
    let mut held: Vec<Held> = Vec::new();
    while let Some(delivery) = consumer.next().await {
        sender.pass(delivery?, &mut held).await?;
    }
    bail!("the broker ended a consumer")
}

/// Waits until somebody has made a queue.
async fn appears(connection: &Connection, queue: &str) -> Result<()> {
    until(queue, secs(60), || async {
        let channel = connection.create_channel().await?;
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let asked = channel.queue_declare(queue.into(), options, FieldTable::default());
        Ok(asked.await.ok().map(drop))
    })
    .await
}

async fn exchange(channel: &Channel, name: &str, kind: ExchangeKind) -> Result<()> {
    let options = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let declared = channel.exchange_declare(name.into(), kind, options, FieldTable::default());
    Ok(declared.await?)
}

async fn own_queue(channel: &Channel, name: &str, exchange: &str, key: &str) -> Result<()> {
    let (options, none) = (QueueDeclareOptions::default(), FieldTable::default());
    channel.queue_declare(name.into(), options, none).await?;
    let (options, none) = (QueueBindOptions::default(), FieldTable::default());
    let bound = channel.queue_bind(name.into(), exchange.into(), key.into(), options, none);
    Ok(bound.await?)
}

/// What is held back, and since when. It is acknowledged already: the broker's consumer timeout is short in tests.
struct Held {
    delivery: Delivery,
    since: Instant,
}

struct Sender {
    channel: Channel,
    way: Way,
    manner: Manner,
    done: Arc<Done>,
}

impl Sender {
    async fn pass(&mut self, delivery: Delivery, held: &mut Vec<Held>) -> Result<()> {
        let came = self.done.came.fetch_add(1, Ordering::SeqCst);
        delivery.acker.ack(BasicAckOptions::default()).await?;
        match self.manner {
            Manner::Copies(times) => {
                for _ in 0..times {
                    self.publish(&delivery).await?;
                }
            }
            Manner::Reversed if !matches!(self.way, Way::Queue("reelmill.events")) => {
                self.publish(&delivery).await?;
            }
            Manner::Reversed => {
                let (kind, run) = event(&delivery)?;
                if kind == "started" || (kind == "renewal" && came.is_multiple_of(3)) {
                    let since = Instant::now();
                    held.push(Held { delivery, since });
                    return Ok(());
                }
                self.publish(&delivery).await?;
                self.let_go(&kind, &run, held).await?;
            }
        }
        Ok(())
    }

    /// What was held back for this, or for too long.
    async fn let_go(&self, kind: &str, run: &Value, held: &mut Vec<Held>) -> Result<()> {
        let mut still = Vec::new();
        for held in held.drain(..) {
            let (of, its) = event(&held.delivery)?;
            let is_late = of == "started" && its == *run;
            let overtaken = is_late || (of == "renewal" && kind == "renewal");
            if !overtaken && held.since.elapsed() < HOLD {
                still.push(held);
                continue;
            }
            self.publish(&held.delivery).await?;
            self.done.overtaken.fetch_add(1, Ordering::SeqCst);
            self.done
                .late_starts
                .fetch_add(u64::from(is_late), Ordering::SeqCst);
        }
        *held = still;
        Ok(())
    }

    async fn publish(&self, delivery: &Delivery) -> Result<()> {
        let (exchange, key) = match self.way {
            Way::Queue(name) => ("", name),
            Way::Lane(lane) => (TASKS, lane),
            Way::Fan(name) => (name, ""),
        };
        let options = BasicPublishOptions {
            mandatory: !matches!(self.way, Way::Fan(_)),
            ..BasicPublishOptions::default()
        };
        let properties = delivery.properties.clone();
        let sent = self
            .channel
            .basic_publish(
                exchange.into(),
                key.into(),
                options,
                &delivery.data,
                properties,
            )
            .await?
            .await?;
        anyhow::ensure!(sent.is_ack(), "the broker refused a message: {sent:?}");
        self.done.sent.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// What an event says, and of which run.
fn event(delivery: &Delivery) -> Result<(String, Value)> {
    let message: Value = serde_json::from_slice(&delivery.data)?;
    let kind = message["body"]["event"].as_str().context("no event")?;
    Ok((kind.to_owned(), message["body"]["run"]["run"].clone()))
}
