//! Gauges of what the database says: asked for when somebody scrapes, at most every few seconds, and shown only as long
//! as they are true.

use super::list::{JOBS, LANE_BUSY, LANE_SLOTS, Metric, QUEUE_DEPTH, TASKS, WORKERS};
use futures::future::BoxFuture;
use opentelemetry::{KeyValue, metrics::Meter};
use reelmill_domain::api::Stats;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout};

/// Figures are as new as this.
const FRESH: Duration = Duration::from_secs(3);
/// Where figures are sent without being asked for, they are asked for this often.
const UNASKED: Duration = Duration::from_secs(10);
/// A scrape waits so long for them.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks for the figures; `None` when they can't be had now.
pub type Ask = Arc<dyn Fn() -> BoxFuture<'static, Option<Stats>> + Send + Sync>;

/// The figures that are shown; none when they are not known.
static SHOWN: Mutex<Option<Stats>> = Mutex::new(None);

fn shown() -> MutexGuard<'static, Option<Stats>> {
    // Nothing that panics runs under the lock.
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the figures fresh.
#[derive(Clone)]
pub struct Figures {
    ask: Option<Ask>,
    asked: Arc<tokio::sync::Mutex<Option<Instant>>>,
}

impl Figures {
    /// Asked for by `ask`; without it there are none.
    pub fn new(ask: Option<Ask>) -> Self {
        Self {
            ask,
            asked: Arc::default(),
        }
    }

    /// Keeps them fresh without a scrape, as long as somebody might scrape. Needs a runtime.
    pub fn keep_fresh(&self) {
        if self.ask.is_none() {
            return;
        }
        let (ask, alive) = (self.ask.clone(), Arc::downgrade(&self.asked));
        tokio::spawn(async move {
            while let Some(asked) = alive.upgrade() {
                let ask = ask.clone();
                Self { ask, asked }.refresh().await;
                tokio::time::sleep(UNASKED).await;
            }
        });
    }

    /// Asks again unless that was done a moment ago. Two at once ask only once.
    pub async fn refresh(&self) {
        let Some(ask) = &self.ask else { return };
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        let answer = timeout(PATIENCE, ask()).await.ok().flatten();
        *shown() = answer;
        *asked = Some(Instant::now());
    }
}

/// Shows them in the gauges.
pub fn observe(meter: &Meter) {
    gauge(meter, WORKERS, |stats| vec![(String::new(), stats.workers)]);
    gauge(meter, QUEUE_DEPTH, |stats| lanes(stats, |lane| lane.ready));
    gauge(meter, LANE_BUSY, |stats| lanes(stats, |lane| lane.busy));
    gauge(meter, LANE_SLOTS, |stats| lanes(stats, |lane| lane.slots));
    gauge(meter, TASKS, |stats| by_state(&stats.tasks));
    gauge(meter, JOBS, |stats| by_state(&stats.jobs));
}

fn lanes(
    stats: &Stats,
    figure: impl Fn(&reelmill_domain::api::LaneStats) -> u64,
) -> Vec<(String, u64)> {
    let lanes = stats.lanes.iter();
    lanes
        .map(|lane| (lane.lane.clone(), figure(lane)))
        .collect()
}

fn by_state(counts: &std::collections::BTreeMap<String, u64>) -> Vec<(String, u64)> {
    counts.iter().map(|(s, n)| (s.clone(), *n)).collect()
}

fn gauge(meter: &Meter, metric: Metric, read: fn(&Stats) -> Vec<(String, u64)>) {
    meter
        .u64_observable_gauge(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.help)
        .with_callback(move |seen| {
            for (label, figure) in shown().as_ref().map(read).unwrap_or_default() {
                let labels: Vec<KeyValue> = metric
                    .labels
                    .first()
                    .map(|name| KeyValue::new(*name, label))
                    .into_iter()
                    .collect();
                seen.observe(figure, &labels);
            }
        })
        .build();
}
