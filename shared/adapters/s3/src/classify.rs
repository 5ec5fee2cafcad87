//! Which answers are tried again beyond what the SDK does by itself: stores that are not Amazon's ask for patience with a
//! bare status.

use aws_sdk_s3::config::{
    interceptors::InterceptorContext,
    retry::{ClassifyRetry, RetryAction},
};

/// Request timeout, too many requests, and Swift's own rate limit.
const PATIENCE: [u16; 3] = [408, 429, 498];

/// Tries again after a bare status that asks for it.
#[derive(Debug)]
pub struct Patience;

impl ClassifyRetry for Patience {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response) if PATIENCE.contains(&response.status().as_u16()) => {
                RetryAction::throttling_error()
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "patience"
    }
}
