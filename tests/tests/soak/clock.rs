//! How long, how many, and how far it is.

use anyhow::{Context, Result};
use reelmill_tests::wait::secs;
use std::cell::Cell;
use std::time::Duration;
use tokio::sync::RwLock;
use tokio::time::Instant;

/// What the environment asks for.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub seed: u64,
    /// How long things are broken.
    pub length: Duration,
    /// How many jobs there must be at least.
    pub jobs: usize,
}

impl Plan {
    pub fn read() -> Result<Self> {
        let number = |name: &str, unless: u64| match std::env::var(name) {
            Ok(text) if !text.is_empty() => text.parse().with_context(|| format!("{name}={text}")),
            _ => Ok(unless),
        };
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        Ok(Self {
            seed: number("SOAK_SEED", now.as_secs())?,
            length: secs(number("SOAK_SECONDS", 600)?),
            jobs: usize::try_from(number("SOAK_JOBS", 200)?)?,
        })
    }

    /// How often each fault must hit: ten times, fewer in a run that is shorter than ten minutes.
    pub fn floor(&self) -> u64 {
        (self.length.as_secs() / 60).clamp(1, 10)
    }

    /// The time for a round of each group: some more rounds than are needed.
    pub fn round(&self) -> Duration {
        let rounds = (self.length.as_secs() / 50).max(2);
        self.length / u32::try_from(rounds).unwrap_or(u32::MAX)
    }
}

/// How far the soak is.
pub struct Clock {
    pub plan: Plan,
    pub begun: Instant,
    /// Groups of faults that have not finished.
    groups: Cell<usize>,
    /// Held for writing by a fault that needs everything else to work, for reading by all others.
    pub quiet: RwLock<()>,
}

impl Clock {
    /// Begins now, with so many groups of faults.
    pub fn start(plan: Plan, groups: usize) -> Self {
        Self {
            plan,
            begun: Instant::now(),
            groups: Cell::new(groups),
            quiet: RwLock::new(()),
        }
    }

    /// Whether faults still come.
    pub fn runs(&self) -> bool {
        self.groups.get() > 0
    }

    pub fn is_over(&self) -> bool {
        self.begun.elapsed() >= self.plan.length
    }

    /// A group of faults, counted off when it has finished, however.
    pub async fn ends(&self, group: impl Future<Output = Result<()>>) -> Result<()> {
        let ended = group.await;
        if let Err(error) = &ended {
            eprintln!("a group of faults ended: {error:#}");
        }
        self.groups.set(self.groups.get() - 1);
        ended
    }

    /// Longer than this nobody tries to hit what has not been hit often enough.
    pub fn is_hopeless(&self) -> bool {
        self.begun.elapsed() >= self.plan.length * 2
    }
}
