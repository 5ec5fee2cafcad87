//! The store's clock, as its answers tell it: ages are counted by it, since ours may be wrong.

use aws_sdk_s3::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::BeforeDeserializationInterceptorContextRef,
    },
    error::BoxError,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// How far the store's clock is ahead of ours.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead_s: Arc<AtomicI64>,
}

impl Clock {
    /// Now by the store's clock, in seconds since 1970; by ours before its first answer.
    pub fn now_s(&self) -> i64 {
        seconds(SystemTime::now()) + self.ahead_s.load(Ordering::Relaxed)
    }

    /// Seconds since `then_s`; 0 for what lies ahead.
    pub fn age_s(&self, then_s: i64) -> u64 {
        u64::try_from(self.now_s() - then_s).unwrap_or(0)
    }
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "Clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        if let Some(theirs) = date.and_then(|d| httpdate::parse_http_date(d).ok()) {
            let ahead = seconds(theirs) - seconds(SystemTime::now());
            self.ahead_s.store(ahead, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(_) => 0,
    }
}
