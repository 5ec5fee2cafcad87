//! Opening what a service leans on, in whatever order the machines come up: what is away is waited for, what is wrong is said.

use crate::wire::{Backends, NotOpen, Wiring};
use reelmill_runtime::health::{Health, Unready};
use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Between the first tries.
const SOON: Duration = Duration::from_millis(200);
/// Between tries, at most.
const LATER: Duration = Duration::from_secs(3);
/// What is still away is told again this often.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// What it says of what is open, or not tried yet, while others are waited for.
const OPENING: &str = "opening";

/// What is being waited for, and what it says of itself: by name.
#[derive(Clone, Default)]
pub struct Waiting(Arc<Mutex<BTreeMap<&'static str, &'static str>>>);

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, &'static str>> {
        // Nothing that panics runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A health that is never ready, and names what is missing.
    pub fn health(&self) -> Health {
        ["database", "objects", "broker"]
            .into_iter()
            .fold(Health::new(), |health, name| {
                let waiting = self.clone();
                health.with(name, move || {
                    let code = waiting.lock().get(name).copied().unwrap_or(OPENING);
                    // Why is told when it is tried.
                    async move { Err(Unready { code, cause: None }) }
                })
            })
    }
}

/// Opens everything. `None`: asked to stop before it was there.
pub async fn open(
    wiring: &Wiring,
    waiting: &Waiting,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Backends>> {
    let all = async {
        let (store, objects, broker) = tokio::try_join!(
            wait_for("database", waiting, || wiring.open_store()),
            wait_for("objects", waiting, || wiring.open_objects()),
            wait_for("broker", waiting, || wiring.open_broker()),
        )?;
        let (objects, folder) = objects;
        Ok(Backends {
            store,
            broker,
            objects,
            folder,
        })
    };
    tokio::select! {
        opened = all => opened.map(Some),
        () = stop.cancelled() => Ok(None),
    }
}

/// Tries until it opens, or can never open.
async fn wait_for<T, F>(
    name: &'static str,
    waiting: &Waiting,
    open: impl Fn() -> F,
) -> anyhow::Result<T>
where
    F: Future<Output = Result<T, NotOpen>>,
{
    let (mut pause, mut told) = (SOON, None::<Instant>);
    loop {
        let error = match open().await {
            Ok(opened) => {
                if told.is_some() {
                    tracing::info!(name, "it is there");
                }
                waiting.lock().insert(name, OPENING);
                return Ok(opened);
            }
            Err(NotOpen::Wrong(error)) => return Err(error),
            Err(NotOpen::Away(error)) => format!("{error:#}"),
        };
        if told.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
            tracing::warn!(name, error, "it can't be opened yet; trying again");
            told = Some(Instant::now());
        }
        waiting.lock().insert(name, "unreachable");
        sleep(pause).await;
        pause = (pause * 2).min(LATER);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests speak by panicking")]
mod tests {
    use super::*;
    use anyhow::anyhow;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test(start_paused = true)]
    async fn what_is_away_is_waited_for_and_what_is_wrong_is_not() {
        let (waiting, tries) = (Waiting::default(), AtomicU32::new(0));
        let opened = wait_for("database", &waiting, || async {
            match tries.fetch_add(1, Ordering::SeqCst) {
                5 => Ok("open"),
                _ => Err(NotOpen::Away(anyhow!("refused"))),
            }
        });
        assert_eq!(opened.await.unwrap(), "open");
        assert_eq!(tries.load(Ordering::SeqCst), 6);

        let wrong = wait_for("database", &waiting, || async {
            Err::<(), _>(NotOpen::Wrong(anyhow!("no such scheme")))
        });
        assert_eq!(wrong.await.unwrap_err().to_string(), "no such scheme");
    }

    #[tokio::test(start_paused = true)]
    async fn while_it_waits_it_says_for_what() {
        let waiting = Waiting::default();
        let away = wait_for("broker", &waiting, || async {
            Err::<(), _>(NotOpen::Away(anyhow!("refused").context("can't reach mq")))
        });
        let waited = tokio::time::timeout(Duration::from_secs(9), away).await;
        assert!(waited.is_err());
        let (ready, view) = waiting.health().look().await;
        assert!(!ready);
        assert_eq!(view.checks["broker"], "unreachable");
        assert_eq!(view.checks["objects"], "opening");
    }
}
