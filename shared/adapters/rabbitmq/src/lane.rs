//! Taking tasks from a lane. It asks the broker for a task only while somebody asks here, and for no more than one: what is
//! in the lane belongs to whoever is free.
//!
//! First it gets (`basic.get`: one round trip); only from an empty lane does it consume, with a prefetch of one, and
//! cancels when the task has come, before that can be acknowledged: so the broker has nothing more to send. The cancel
//! waits for no answer, and the channel goes back to be used again. In a full lane a task costs one round trip, and in an empty one
//! it comes as soon as it is published.

use crate::{
    body,
    close::close,
    hand::{Ended, InHand},
    link::{Link, Live, PATIENCE, lock, within},
    topology,
};
use async_trait::async_trait;
use futures::StreamExt;
use lapin::{
    Channel, Consumer,
    message::Delivery as Message,
    options::{
        BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicQosOptions,
        BasicRejectOptions,
    },
    types::FieldTable,
};
use reelmill_broker::{BrokerError, Delivery, Source};
use reelmill_domain::{lane::Lane, wire::TaskMessage};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

const TAKING: &str = "taking a task";

/// Channels that nobody uses now, by lane. The lane of each was there when it was last used.
#[derive(Default)]
pub struct Seats(Mutex<HashMap<Lane, Vec<Free>>>);

struct Free {
    live: Arc<Live>,
    channel: Channel,
}

/// A channel in use by one consumer and what it has in hand.
struct Seat {
    free: Option<Free>,
    lane: Lane,
    seats: Weak<Seats>,
    /// There may be a consumer on it, or a message that nobody has.
    unclean: AtomicBool,
}

impl Seats {
    async fn take(self: &Arc<Self>, link: &Link, lane: &Lane) -> Result<Arc<Seat>, BrokerError> {
        let free = match self.take_free(lane) {
            Some(free) => free,
            None => {
                let live = link.wait(TAKING, Instant::now() + PATIENCE).await?;
                let channel = live.channel(TAKING).await?;
                within(TAKING, topology::declare_lane(&channel, lane)).await?;
                let options = BasicQosOptions { global: false };
                within(TAKING, channel.basic_qos(1, options)).await?;
                Free { live, channel }
            }
        };
        Ok(Arc::new(Seat {
            free: Some(free),
            lane: lane.clone(),
            seats: Arc::downgrade(self),
            unclean: AtomicBool::new(false),
        }))
    }

    fn take_free(&self, lane: &Lane) -> Option<Free> {
        let mut seats = lock(&self.0);
        let free = seats.get_mut(lane)?;
        free.retain(Free::is_good);
        free.pop()
    }
}

impl Free {
    fn is_good(&self) -> bool {
        self.live.is_up() && self.channel.status().connected()
    }
}

impl Seat {
    fn spoil(&self) {
        self.unclean.store(true, Ordering::Release);
    }

    fn channel(&self) -> Option<&Channel> {
        self.free.as_ref().map(|free| &free.channel)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Else its channel closes by itself, and the broker takes everything back.
        let clean = !self.unclean.load(Ordering::Acquire);
        if let (Some(free), Some(seats)) = (self.free.take(), self.seats.upgrade())
            && clean
            && free.is_good()
        {
            let lane = std::mem::replace(&mut self.lane, Lane(String::new()));
            lock(&seats.0).entry(lane).or_default().push(free);
        }
    }
}

/// Closes a seat's channel at once, whoever still holds it.
fn give_up(seat: Arc<Seat>, consumer: Option<Consumer>, runtime: &Handle) {
    seat.spoil();
    if let Some(channel) = seat.channel().cloned() {
        close(runtime, channel, (seat, consumer));
    }
}

/// Takes tasks from one lane.
pub struct LaneConsumer {
    link: Arc<Link>,
    seats: Arc<Seats>,
    lane: Lane,
    seat: Option<Arc<Seat>>,
    /// One task in hand at a time.
    hand: Arc<Semaphore>,
    ended: Ended,
    runtime: Handle,
}

impl LaneConsumer {
    /// Opens the lane, which is made if need be.
    pub async fn open(
        link: Arc<Link>,
        seats: Arc<Seats>,
        lane: &Lane,
    ) -> Result<Self, BrokerError> {
        let seat = seats.take(&link, lane).await?;
        Ok(Self {
            link,
            seats,
            lane: lane.clone(),
            seat: Some(seat),
            hand: Arc::new(Semaphore::new(1)),
            ended: Ended::default(),
            runtime: Handle::current(),
        })
    }

    /// Asks for one message; `None` when that was ended from the other side. Dropped before it is through, it closes the seat.
    async fn ask(&mut self) -> Result<Option<(Arc<Seat>, Message)>, BrokerError> {
        let seat = match self.seat.take() {
            Some(seat) => seat,
            None => self.seats.take(&self.link, &self.lane).await?,
        };
        let mut asking = Asking {
            seat: Some(seat.clone()),
            consumer: None,
            runtime: self.runtime.clone(),
        };
        let message = match seat.channel() {
            Some(channel) => get_or_wait(channel, &self.lane, &mut asking.consumer).await?,
            None => None,
        };
        let Some(message) = message else {
            return Ok(None);
        };
        asking.seat = None;
        self.seat = Some(seat.clone());
        Ok(Some((seat, message)))
    }
}

/// Closes the channel of a seat on which somebody stopped asking.
struct Asking {
    seat: Option<Arc<Seat>>,
    /// Kept until the channel is closed: the library cancels it when it goes, and a cancel behind the close ends the whole
    /// connection.
    consumer: Option<Consumer>,
    runtime: Handle,
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(seat) = self.seat.take() {
            give_up(seat, self.consumer.take(), &self.runtime);
        }
    }
}

/// Gets a task, or waits for one with a consumer, which `kept` holds meanwhile.
async fn get_or_wait(
    channel: &Channel,
    lane: &Lane,
    kept: &mut Option<Consumer>,
) -> Result<Option<Message>, BrokerError> {
    let queue = topology::lane_queue(lane);
    let options = BasicGetOptions { no_ack: false };
    let got = within(TAKING, channel.basic_get(queue.clone(), options)).await?;
    if let Some(got) = got {
        return Ok(Some(got.delivery));
    }
    let options = BasicConsumeOptions::default();
    let consuming = channel.basic_consume(queue, "".into(), options, FieldTable::default());
    let consumer = kept.insert(within(TAKING, consuming).await?);
    let message = match consumer.next().await {
        Some(Ok(message)) => message,
        Some(Err(error)) => {
            tracing::debug!(%lane, %error, "the waiting for a task was ended");
            return Ok(None);
        }
        None => return Ok(None),
    };
    let options = BasicCancelOptions { nowait: true };
    within(TAKING, channel.basic_cancel(consumer.tag(), options)).await?;
    Ok(Some(message))
}

#[async_trait]
impl Source<TaskMessage> for LaneConsumer {
    async fn next(&mut self) -> Option<Delivery<TaskMessage>> {
        loop {
            // The semaphore is never closed; were it, the consumer would be over.
            let permit = self.hand.clone().acquire_owned().await.ok()?;
            let (seat, message) = match self.ask().await {
                Ok(Some(came)) => came,
                Ok(None) => return None,
                Err(error) => {
                    tracing::debug!(lane = %self.lane, %error, "no task can be taken");
                    return None;
                }
            };
            match body::read::<TaskMessage>(TAKING, &message.data, &message.properties) {
                Ok(task) => {
                    let hold: (OwnedSemaphorePermit, Arc<Seat>) = (permit, seat);
                    let held = InHand::new(message.acker, self.ended.clone(), hold);
                    return Some(Delivery::new(task, message.redelivered, Box::new(held)));
                }
                Err(error) => {
                    tracing::error!(lane = %self.lane, %error, "a task can't be read; it goes to the dead");
                    let options = BasicRejectOptions { requeue: false };
                    if timeout(PATIENCE, message.acker.reject(options))
                        .await
                        .is_err()
                    {
                        seat.spoil();
                    }
                }
            }
        }
    }
}

impl Drop for LaneConsumer {
    fn drop(&mut self) {
        self.ended.set();
        if self.hand.available_permits() == 0
            && let Some(seat) = self.seat.take()
        {
            give_up(seat, None, &self.runtime);
        }
    }
}
