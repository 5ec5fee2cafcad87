//! Patience with an object store: what fails is tried again for a while, so that a store that is away for a minute
//! fails no task. The lease is renewed meanwhile.

use crate::backoff::Backoff;
use reelmill_objects::ObjectError;
use std::time::{Duration, Instant};

/// The tries of one call.
pub struct Retry {
    at_most: Duration,
    began: Instant,
    backoff: Backoff,
}

impl Retry {
    /// Tries for so long.
    pub fn within(at_most: Duration) -> Self {
        Self {
            at_most,
            began: Instant::now(),
            backoff: Backoff::new(),
        }
    }

    /// Whether to try again after this; pauses first.
    pub async fn after(&mut self, error: &ObjectError) -> bool {
        if !may_pass(error) || self.began.elapsed() >= self.at_most {
            return false;
        }
        tracing::warn!(%error, "trying the object store again");
        self.backoff.wait().await;
        true
    }
}

/// A missing object stays missing, a full store full, for longer than a slot should wait.
fn may_pass(error: &ObjectError) -> bool {
    matches!(
        error,
        ObjectError::Failed { .. } | ObjectError::Incoming { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::Retry;
    use reelmill_objects::ObjectError;
    use std::time::Duration;

    const MINUTE: Duration = Duration::from_secs(60);

    fn failed() -> ObjectError {
        ObjectError::Failed {
            attempt: "storing",
            key: "k".into(),
            cause: "503".into(),
        }
    }

    #[tokio::test]
    async fn what_may_pass_is_tried_again_but_not_for_ever() {
        let mut retry = Retry::within(MINUTE);
        assert!(retry.after(&failed()).await);
        assert!(retry.after(&failed()).await);
        assert!(!Retry::within(Duration::ZERO).after(&failed()).await);
    }

    #[tokio::test]
    async fn what_time_does_not_mend_is_not() {
        let key = || "k".to_owned();
        let attempt = "storing";
        for error in [
            ObjectError::NotFound { key: key() },
            ObjectError::BadKey { key: key() },
            ObjectError::Full {
                attempt,
                key: key(),
            },
        ] {
            assert!(!Retry::within(MINUTE).after(&error).await, "{error}");
        }
    }
}
