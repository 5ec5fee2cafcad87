//! Waiting for a condition. Never a fixed sleep: the time given is how long it may take, not how long it takes.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const EVERY: Duration = Duration::from_millis(25);

/// Waits until `look` finds something. Fails after `within`, naming what was waited for.
pub async fn until<T, F>(what: &str, within: Duration, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            bail!("waited {within:?} in vain for: {what}");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// [`until`] for a condition that is looked at without waiting.
pub async fn until_true(
    what: &str,
    within: Duration,
    mut look: impl FnMut() -> bool,
) -> Result<()> {
    until(what, within, || {
        let found = look().then_some(());
        async move { Ok(found) }
    })
    .await
}

/// Seconds, shorter to write.
pub fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}
