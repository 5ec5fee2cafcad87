//! Publishers and consumers that go on through every failure, as the services do, and keep account.

use reelmill_broker::{Broker, suite::samples};
use reelmill_domain::{
    id::{EventId, TaskId},
    lane::Lane,
};
use reelmill_rabbitmq::RabbitBroker;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const LONG: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_millis(50);

/// What was confirmed, what came, and what went wrong on the way.
#[derive(Default)]
pub struct Books {
    pub tasks_sent: Mutex<BTreeSet<TaskId>>,
    pub tasks_seen: Mutex<BTreeSet<TaskId>>,
    pub events_sent: Mutex<BTreeSet<EventId>>,
    pub events_seen: Mutex<BTreeSet<EventId>>,
    /// Publishes that failed.
    pub refused: AtomicUsize,
    /// Consumers that ended, and acknowledgements that came too late.
    pub ended: AtomicUsize,
}

impl Books {
    /// Confirmed, and not seen yet.
    pub fn missing(&self) -> usize {
        let tasks = self.tasks_sent.lock().unwrap();
        let events = self.events_sent.lock().unwrap();
        tasks.difference(&self.tasks_seen.lock().unwrap()).count()
            + events.difference(&self.events_seen.lock().unwrap()).count()
    }

    pub fn sent(&self) -> usize {
        self.tasks_sent.lock().unwrap().len() + self.events_sent.lock().unwrap().len()
    }
}

/// They work until dropped.
pub struct Crowd {
    pub books: Arc<Books>,
    publishing: CancellationToken,
    publishers: JoinSet<()>,
    _consumers: JoinSet<()>,
}

impl Crowd {
    /// `each` publishers of tasks and as many of events, four workers and two readers.
    pub async fn gather(broker: &Arc<RabbitBroker>, each: usize) -> Self {
        let lane = Lane::encode();
        drop(broker.consume_tasks(&lane).await.unwrap());
        let books = Arc::<Books>::default();
        let publishing = CancellationToken::new();
        let (mut publishers, mut consumers) = (JoinSet::new(), JoinSet::new());
        for _ in 0..each {
            let (b, k, p) = (broker.clone(), books.clone(), publishing.clone());
            publishers.spawn(publish_tasks(b, lane.clone(), k, p));
            let (b, k, p) = (broker.clone(), books.clone(), publishing.clone());
            publishers.spawn(publish_events(b, k, p));
        }
        for _ in 0..4 {
            consumers.spawn(work(broker.clone(), lane.clone(), books.clone()));
        }
        for _ in 0..2 {
            consumers.spawn(read(broker.clone(), books.clone()));
        }
        Self {
            books,
            publishing,
            publishers,
            _consumers: consumers,
        }
    }

    /// Waits until so many more messages are confirmed.
    pub async fn send_more(&self, more: usize) {
        let goal = self.books.sent() + more;
        crate::common::until("more messages are confirmed", || async {
            self.books.sent() >= goal
        })
        .await;
    }

    /// No more is published; everything that was confirmed must come.
    pub async fn settle(&mut self) {
        self.publishing.cancel();
        while let Some(ended) = self.publishers.join_next().await {
            ended.unwrap();
        }
        crate::common::until("everything that was confirmed came", || async {
            self.books.missing() == 0
        })
        .await;
    }
}

async fn publish_tasks(
    broker: Arc<RabbitBroker>,
    lane: Lane,
    books: Arc<Books>,
    end: CancellationToken,
) {
    while !end.is_cancelled() {
        let task = samples::task(&lane);
        match broker.publish_task(&task, LONG).await {
            Ok(()) => drop(books.tasks_sent.lock().unwrap().insert(task.task)),
            Err(_) => pause(&books.refused).await,
        }
    }
}

async fn publish_events(broker: Arc<RabbitBroker>, books: Arc<Books>, end: CancellationToken) {
    let worker = samples::worker();
    while !end.is_cancelled() {
        let event = samples::event(worker, 1);
        match broker.publish_event(&event).await {
            Ok(()) => drop(books.events_sent.lock().unwrap().insert(event.id)),
            Err(_) => pause(&books.refused).await,
        }
    }
}

async fn work(broker: Arc<RabbitBroker>, lane: Lane, books: Arc<Books>) {
    loop {
        let Ok(mut consumer) = broker.consume_tasks(&lane).await else {
            pause(&books.ended).await;
            continue;
        };
        let Some(delivery) = consumer.next().await else {
            pause(&books.ended).await;
            continue;
        };
        // Also when the acknowledgement fails: the broker may have it all the same, and never send it again.
        books
            .tasks_seen
            .lock()
            .unwrap()
            .insert(delivery.message.task);
        if delivery.ack().await.is_err() {
            books.ended.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn read(broker: Arc<RabbitBroker>, books: Arc<Books>) {
    loop {
        if let Ok(mut reader) = broker.consume_events().await {
            while let Some(delivery) = reader.next().await {
                books
                    .events_seen
                    .lock()
                    .unwrap()
                    .insert(delivery.message.id);
                if delivery.ack().await.is_err() {
                    break;
                }
            }
        }
        pause(&books.ended).await;
    }
}

async fn pause(count: &AtomicUsize) {
    count.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(PAUSE).await;
}
