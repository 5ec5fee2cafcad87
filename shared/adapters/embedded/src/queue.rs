//! One durable queue (for as long as the process lives): bounded, first in first out, with redelivery at its old
//! place. The lock is held for map operations only, never across an await.

use reelmill_broker::BrokerError;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

/// How long a publisher waits for room before it is told that the broker can't take more.
const WAIT_FOR_ROOM: Duration = Duration::from_secs(5);

/// How often a task may be handed out before it goes to the dead, as an AMQP broker's delivery limit does it.
const DELIVERY_LIMIT: u32 = 20;

/// A queue.
pub struct Queue<T> {
    state: Mutex<State<T>>,
    bound: usize,
    /// Something became ready.
    ready: Notify,
    /// Something was removed.
    room: Notify,
    /// The earliest deadline may have changed, or something was handed out too often.
    pub changed: Notify,
    /// The broker is gone.
    pub closed: CancellationToken,
}

struct State<T> {
    /// Ready messages by their place in the queue.
    ready: BTreeMap<u64, Entry<T>>,
    /// Deadlines of the ready ones.
    deadlines: BTreeSet<(Instant, u64)>,
    /// Handed out, by delivery.
    held: HashMap<u64, Held<T>>,
    /// Handed out too often.
    spent: Vec<T>,
    next_place: u64,
    next_delivery: u64,
}

struct Entry<T> {
    message: T,
    deliveries: u32,
    deadline: Option<Instant>,
}

struct Held<T> {
    consumer: u64,
    place: u64,
    entry: Entry<T>,
}

/// A message handed out.
pub struct Handed<T> {
    /// Names this delivery.
    pub delivery: u64,
    /// The message.
    pub message: T,
    /// Handed out before.
    pub redelivered: bool,
}

impl<T: Clone> Queue<T> {
    /// An empty queue that holds `bound` messages and ends with `closed`.
    pub fn new(bound: usize, closed: &CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                ready: BTreeMap::new(),
                deadlines: BTreeSet::new(),
                held: HashMap::new(),
                spent: Vec::new(),
                next_place: 0,
                next_delivery: 0,
            }),
            bound,
            ready: Notify::new(),
            room: Notify::new(),
            changed: Notify::new(),
            closed: closed.clone(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing panics while the lock is held; the state is whole either way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends, waiting a while for room.
    pub async fn push(
        &self,
        attempt: &'static str,
        message: T,
        deadline: Option<Instant>,
    ) -> Result<(), BrokerError> {
        let entry = Entry {
            message,
            deliveries: 0,
            deadline,
        };
        let Some(mut entry) = self.try_push(entry) else {
            return Ok(());
        };
        let wait = async {
            loop {
                let room = self.room.notified();
                match self.try_push(entry) {
                    None => return,
                    Some(back) => entry = back,
                }
                room.await;
            }
        };
        timeout(WAIT_FOR_ROOM, wait)
            .await
            .map_err(|_| BrokerError::Unreachable {
                attempt,
                cause: format!("its queue is full ({} messages)", self.bound),
            })
    }

    /// Appends, dropping the oldest ready message when full.
    pub fn push_over(&self, message: T) {
        let mut state = self.state();
        if state.len() >= self.bound {
            state.ready.pop_first();
        }
        state.append(Entry {
            message,
            deliveries: 0,
            deadline: None,
        });
        drop(state);
        self.ready.notify_one();
    }

    fn try_push(&self, entry: Entry<T>) -> Option<Entry<T>> {
        let mut state = self.state();
        if state.len() >= self.bound {
            return Some(entry);
        }
        let timed = entry.deadline.is_some();
        state.append(entry);
        let more_room = state.len() < self.bound;
        drop(state);
        self.ready.notify_one();
        if timed {
            self.changed.notify_one();
        }
        if more_room {
            self.room.notify_one();
        }
        None
    }

    /// Takes the first message; waits for one. `None` when the broker is gone.
    pub async fn take(&self, consumer: u64) -> Option<Handed<T>> {
        loop {
            let ready = self.ready.notified();
            if let Some(handed) = self.try_take(consumer) {
                return Some(handed);
            }
            tokio::select! {
                () = ready => {}
                () = self.closed.cancelled() => return None,
            }
        }
    }

    fn try_take(&self, consumer: u64) -> Option<Handed<T>> {
        let mut state = self.state();
        let (&place, first) = state.ready.first_key_value()?;
        if first.deadline.is_some_and(|d| d <= Instant::now()) {
            // Late by a hair: the expiry is about to take it, and tells the consumers when it has.
            return None;
        }
        let (_, mut entry) = state.ready.pop_first()?;
        if let Some(deadline) = entry.deadline {
            state.deadlines.remove(&(deadline, place));
        }
        entry.deliveries += 1;
        let delivery = state.next_delivery;
        state.next_delivery += 1;
        let handed = Handed {
            delivery,
            message: entry.message.clone(),
            redelivered: entry.deliveries > 1,
        };
        let held = Held {
            consumer,
            place,
            entry,
        };
        state.held.insert(delivery, held);
        let more = !state.ready.is_empty();
        drop(state);
        if more {
            // One notification may stand for several messages: pass it on.
            self.ready.notify_one();
        }
        Some(handed)
    }

    /// Removes what was handed out. False when it was given back before.
    pub fn settle(&self, delivery: u64) -> bool {
        let known = self.state().held.remove(&delivery).is_some();
        if known {
            self.room.notify_one();
        }
        known
    }

    /// Gives one delivery back.
    pub fn give_back(&self, delivery: u64) {
        let mut state = self.state();
        if let Some(held) = state.held.remove(&delivery) {
            state.restore(held);
        }
        drop(state);
        self.ready.notify_one();
        self.changed.notify_one();
    }

    /// Gives back everything that a consumer holds.
    pub fn end_consumer(&self, consumer: u64) {
        let mut state = self.state();
        let ended: Vec<Held<T>> = state
            .held
            .extract_if(|_, held| held.consumer == consumer)
            .map(|(_, held)| held)
            .collect();
        if ended.is_empty() {
            return;
        }
        for held in ended {
            state.restore(held);
        }
        drop(state);
        self.ready.notify_one();
        self.changed.notify_one();
    }

    /// Takes out what has expired by `now` and what was handed out too often (`true`: expired), and says when to look again.
    pub fn reap(&self, now: Instant) -> (Vec<(T, bool)>, Option<Instant>) {
        let mut state = self.state();
        let mut gone: Vec<(T, bool)> = state.spent.drain(..).map(|t| (t, false)).collect();
        while let Some(&(deadline, place)) = state.deadlines.first() {
            if deadline > now {
                break;
            }
            state.deadlines.pop_first();
            if let Some(entry) = state.ready.remove(&place) {
                gone.push((entry.message, true));
            }
        }
        let next = state.deadlines.first().map(|&(deadline, _)| deadline);
        drop(state);
        if !gone.is_empty() {
            self.room.notify_one();
            self.ready.notify_one();
        }
        (gone, next)
    }
}

impl<T> State<T> {
    fn len(&self) -> usize {
        self.ready.len() + self.held.len() + self.spent.len()
    }

    fn append(&mut self, entry: Entry<T>) {
        let place = self.next_place;
        self.next_place += 1;
        self.place(place, entry);
    }

    fn restore(&mut self, held: Held<T>) {
        // Only messages with a time to live are tasks; events and hints may come as often as it takes.
        if held.entry.deadline.is_some() && held.entry.deliveries >= DELIVERY_LIMIT {
            self.spent.push(held.entry.message);
        } else {
            self.place(held.place, held.entry);
        }
    }

    fn place(&mut self, place: u64, entry: Entry<T>) {
        if let Some(deadline) = entry.deadline {
            self.deadlines.insert((deadline, place));
        }
        self.ready.insert(place, entry);
    }
}
