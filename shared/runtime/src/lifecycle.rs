//! The life of a process: a first signal asks it to stop in order, a second one ends it at once.
//!
//! Services get the tokens; only the executable makes a [`Lifecycle`] and waits for its end.

use std::{future::Future, time::Duration};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The two tokens and the tasks that an ordered stop waits for.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    stop: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
}

/// How a process came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything finished.
    InOrder,
    /// The grace was over before everything had finished.
    GraceOver,
    /// A second signal came.
    Forced,
}

impl Lifecycle {
    /// A life that nothing has asked to end.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled once the process should stop in order.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Cancelled once it should stop at once.
    pub fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Runs a part of the process that an ordered stop waits for. A part that ends takes the whole process with it:
    /// half a service is worse than none.
    pub fn run<F>(&self, name: &'static str, part: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            // Also when the part panics.
            let _guard = stop.drop_guard();
            part.await;
            tracing::debug!(part = name, "ended");
        });
    }

    /// Listens for SIGINT and SIGTERM: the first asks for an ordered stop, the second for the end at once.
    pub fn listen(&self) -> std::io::Result<()> {
        let mut int = signal(SignalKind::interrupt())?;
        let mut term = signal(SignalKind::terminate())?;
        let (stop, hard) = (self.stop.clone(), self.hard.clone());
        tokio::spawn(async move {
            for (token, words) in [
                (stop, "stopping; a second signal ends it at once"),
                (hard, "ending at once"),
            ] {
                tokio::select! {
                    _ = int.recv() => {}
                    _ = term.recv() => {}
                }
                tracing::info!("{words}");
                token.cancel();
            }
        });
        Ok(())
    }

    /// Waits until a stop is asked for, then until every part has ended: at most `grace`, or until a second signal.
    pub async fn ended(&self, grace: Duration) -> Ended {
        self.stop.cancelled().await;
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => Ended::InOrder,
            () = self.hard.cancelled() => Ended::Forced,
            () = tokio::time::sleep(grace) => Ended::GraceOver,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_stop_waits_for_every_part() {
        let life = Lifecycle::new();
        let (told, heard) = tokio::sync::oneshot::channel();
        let stop = life.stop().clone();
        life.run("part", async move {
            stop.cancelled().await;
            told.send(()).unwrap();
        });
        life.stop().cancel();
        assert_eq!(life.ended(LONG).await, Ended::InOrder);
        heard.await.unwrap();
    }

    #[tokio::test]
    async fn a_part_that_ends_or_panics_stops_the_others() {
        for panics in [false, true] {
            let life = Lifecycle::new();
            let stop = life.stop().clone();
            life.run("lasting", async move { stop.cancelled().await });
            life.run("short", async move { assert!(!panics, "meant to panic") });
            assert_eq!(life.ended(LONG).await, Ended::InOrder);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_grace_ends_and_a_second_signal_is_quicker() {
        let life = Lifecycle::new();
        life.run("stuck", std::future::pending());
        life.stop().cancel();
        assert_eq!(life.ended(Duration::from_secs(1)).await, Ended::GraceOver);
        life.hard().cancel();
        assert_eq!(life.ended(LONG).await, Ended::Forced);
    }
}
