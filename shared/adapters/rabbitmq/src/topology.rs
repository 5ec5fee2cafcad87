//! The names on the broker and how each is made. All of it is made again by whoever needs it, so that nothing an administrator
//! deletes stays away. Arguments of a queue can't be changed later: another version must find them as they are here.

use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, LongString, ShortString},
};
use reelmill_broker::BrokerError;
use reelmill_domain::lane::Lane;

/// Direct exchange: routes a task by its lane.
pub const TASKS: &str = "reelmill.tasks";
/// Where tasks go that expired or were delivered too often.
pub const DEAD: &str = "reelmill.tasks.dead";
/// What workers say, for status.
pub const EVENTS: &str = "reelmill.events";
/// Hints of webapp, for status.
pub const JOBS: &str = "reelmill.jobs";
/// Fan-out of progress.
pub const PROGRESS: &str = "reelmill.progress";
/// Fan-out of orders.
pub const CONTROL: &str = "reelmill.control";
/// Where messages are kept that this version can't read, or that were delivered to status far too often.
pub const UNREADABLE: &str = "reelmill.unreadable";

/// The queues that don't depend on who is there.
pub const FIXED: [&str; 4] = [UNREADABLE, DEAD, EVENTS, JOBS];

/// A task that was handed out and came back so often is given up.
const TASK_DELIVERIES: i32 = 20;
/// What status is told is given up only when something is very wrong with it: every end of a status process gives back all
/// that it had been sent.
const TOLD_DELIVERIES: i32 = 1_000;
/// Messages a queue may hold; more are refused to their publisher.
const BOUND: i32 = 1_000_000;
/// Unreadable messages that are kept; the oldest go.
const UNREADABLE_BOUND: i32 = 10_000;
/// Messages that a listener may lag behind; the oldest go.
const LISTENER_BOUND: i32 = 1_024;

/// Longer names of lanes don't fit into AMQP's 255 bytes with what comes before them.
const LANE_NAME: usize = 200;

/// Whether a lane can have a queue; the library would end the process over a name that is too long.
pub fn fits(attempt: &'static str, lane: &Lane) -> Result<(), BrokerError> {
    if lane.0.len() <= LANE_NAME {
        return Ok(());
    }
    Err(BrokerError::Malformed {
        attempt,
        cause: format!("the lane's name is longer than {LANE_NAME} bytes"),
    })
}

/// The queue of a lane.
pub fn lane_queue(lane: &Lane) -> ShortString {
    format!("{TASKS}.{lane}").into()
}

/// Makes everything that doesn't depend on who is there.
pub async fn declare(channel: &Channel) -> lapin::Result<()> {
    let fan = ExchangeKind::Fanout;
    for (name, kind) in [
        (TASKS, ExchangeKind::Direct),
        (PROGRESS, fan.clone()),
        (CONTROL, fan),
    ] {
        let options = ExchangeDeclareOptions {
            durable: true,
            ..Default::default()
        };
        let none = FieldTable::default();
        channel
            .exchange_declare(name.into(), kind, options, none)
            .await?;
    }
    queue(channel, UNREADABLE.into(), &unreadable()).await?;
    for name in [DEAD, EVENTS, JOBS] {
        queue(channel, name.into(), &kept(UNREADABLE, TOLD_DELIVERIES)).await?;
    }
    Ok(())
}

/// Makes a lane.
pub async fn declare_lane(channel: &Channel, lane: &Lane) -> lapin::Result<()> {
    let name = lane_queue(lane);
    queue(channel, name.clone(), &kept(DEAD, TASK_DELIVERIES)).await?;
    let (key, none) = (lane.0.as_str().into(), FieldTable::default());
    let options = QueueBindOptions::default();
    channel
        .queue_bind(name, TASKS.into(), key, options, none)
        .await
}

/// Makes a queue of the caller's own on a fan-out exchange. It goes with the connection.
pub async fn declare_listener(channel: &Channel, exchange: &str) -> lapin::Result<ShortString> {
    let options = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..Default::default()
    };
    let arguments = table(&[
        ("x-queue-type", text("classic")),
        ("x-max-length", number(LISTENER_BOUND)),
        ("x-overflow", text("drop-head")),
    ]);
    let queue = channel.queue_declare("".into(), options, arguments).await?;
    let name = queue.name().clone();
    let (options, none) = (QueueBindOptions::default(), FieldTable::default());
    channel
        .queue_bind(name.clone(), exchange.into(), "".into(), options, none)
        .await?;
    Ok(name)
}

/// How many messages are kept apart.
pub async fn kept_apart(channel: &Channel) -> lapin::Result<u64> {
    queue(channel, UNREADABLE.into(), &unreadable()).await
}

/// Makes a queue, if it isn't there; how many messages lie in it.
async fn queue(channel: &Channel, name: ShortString, arguments: &FieldTable) -> lapin::Result<u64> {
    let options = QueueDeclareOptions {
        durable: true,
        ..Default::default()
    };
    let queue = channel.queue_declare(name, options, arguments.clone());
    Ok(queue.await?.message_count().into())
}

/// A durable queue that loses nothing: what it gives up goes to `dead`, and stays until it has arrived there
/// (<https://www.rabbitmq.com/docs/quorum-queues#dead-lettering>; needs `reject-publish`).
fn kept(dead: &str, deliveries: i32) -> FieldTable {
    table(&[
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", number(deliveries)),
        ("x-max-length", number(BOUND)),
        ("x-overflow", text("reject-publish")),
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text(dead)),
        ("x-dead-letter-strategy", text("at-least-once")),
    ])
}

fn unreadable() -> FieldTable {
    table(&[
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", number(TOLD_DELIVERIES)),
        ("x-max-length", number(UNREADABLE_BOUND)),
        ("x-overflow", text("drop-head")),
    ])
}

fn table(entries: &[(&str, AMQPValue)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in entries {
        table.insert((*key).into(), value.clone());
    }
    table
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

fn number(value: i32) -> AMQPValue {
    AMQPValue::LongInt(value)
}
