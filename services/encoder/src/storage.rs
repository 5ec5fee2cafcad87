//! Patience with an object store: what fails is tried again for a while, so that a store that is away for a minute
//! fails no task. The lease is renewed meanwhile.

use reelmill_broker::Backoff;
use reelmill_objects::ObjectError;
use std::time::{Duration, Instant};

/// A store of many machines may not know of a fresh object on all of them yet; so long it is asked again.
const MISSING: Duration = Duration::from_secs(20);

/// A right that was given, or a key that was changed, takes a moment to arrive everywhere. Who has not begun yet gives its
/// task to another worker then, rather than wait.
const REFUSED: Duration = Duration::from_secs(5);

/// The tries of one call.
pub struct Retry {
    at_most: Duration,
    /// Something that cost work would be lost.
    costly: bool,
    began: Instant,
    backoff: Backoff,
    /// What it fails with, and since when.
    trouble: Option<(&'static str, Instant)>,
}

impl Retry {
    /// Tries for so long.
    pub fn within(at_most: Duration) -> Self {
        Self {
            at_most,
            costly: false,
            began: Instant::now(),
            backoff: Backoff::new(),
            trouble: None,
        }
    }

    /// Tries for so long to store what was made: a store that refuses it may be set right, and costs no work then.
    pub fn of_result(at_most: Duration) -> Self {
        Self {
            costly: true,
            ..Self::within(at_most)
        }
    }

    /// Whether to try again after this; pauses first.
    pub async fn after(&mut self, error: &ObjectError) -> bool {
        let Some(patience) = patience(error, self.costly) else {
            return false;
        };
        let since = match self.trouble {
            Some((code, since)) if code == error.code() => since,
            _ => {
                tracing::warn!(%error, "trying the object store again");
                let now = Instant::now();
                self.trouble = Some((error.code(), now));
                now
            }
        };
        if self.began.elapsed() >= self.at_most || since.elapsed() >= patience {
            return false;
        }
        tokio::time::sleep(self.backoff.pause()).await;
        true
    }
}

/// For how long it may pass; `None`: a full store stays full for longer than a slot should wait.
fn patience(error: &ObjectError, costly: bool) -> Option<Duration> {
    match error {
        ObjectError::Failed { .. } | ObjectError::Incoming { .. } => Some(Duration::MAX),
        ObjectError::NotFound { .. } | ObjectError::Misconfigured { .. } if costly => {
            Some(Duration::MAX)
        }
        ObjectError::NotFound { .. } => Some(MISSING),
        ObjectError::Misconfigured { .. } => Some(REFUSED),
        ObjectError::Full { .. } | ObjectError::BadKey { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{MISSING, REFUSED, Retry};
    use reelmill_objects::ObjectError;
    use std::time::{Duration, Instant};

    const MINUTE: Duration = Duration::from_secs(60);

    fn key() -> String {
        "k".to_owned()
    }

    fn failed() -> ObjectError {
        ObjectError::Failed {
            attempt: "storing",
            key: key(),
            cause: "503".into(),
        }
    }

    fn missing() -> ObjectError {
        ObjectError::NotFound { key: key() }
    }

    fn refused() -> ObjectError {
        ObjectError::Misconfigured {
            attempt: "storing",
            key: key(),
            cause: "403".into(),
        }
    }

    #[tokio::test]
    async fn what_may_pass_is_tried_again_but_not_for_ever() {
        for error in [failed(), missing(), refused()] {
            let mut retry = Retry::within(MINUTE);
            assert!(retry.after(&error).await);
            assert!(retry.after(&error).await);
            assert!(!Retry::within(Duration::ZERO).after(&error).await);
        }
    }

    #[tokio::test]
    async fn what_time_hardly_mends_is_not_tried_for_long() {
        for (error, patience) in [(missing(), MISSING), (refused(), REFUSED)] {
            let mut retry = Retry::within(MINUTE);
            retry.trouble = Instant::now()
                .checked_sub(patience)
                .map(|since| (error.code(), since));
            assert!(!retry.after(&error).await, "{error}");
            // It is counted from when it began, not from another trouble before.
            assert!(retry.after(&failed()).await);
            assert!(retry.after(&error).await, "{error}");
        }
    }

    #[tokio::test]
    async fn what_was_made_waits_for_a_store_that_refuses_it_as_for_one_that_is_away() {
        for error in [missing(), refused(), failed()] {
            let mut retry = Retry::of_result(MINUTE);
            let long_ago = Instant::now().checked_sub(MINUTE / 2);
            retry.trouble = long_ago.map(|since| (error.code(), since));
            assert!(retry.trouble.is_some() && retry.after(&error).await);
            retry.at_most = Duration::ZERO;
            assert!(!retry.after(&error).await, "{error}");
        }
    }

    #[tokio::test]
    async fn what_time_does_not_mend_is_not() {
        let attempt = "storing";
        for error in [
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
