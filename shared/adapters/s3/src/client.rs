//! The SDK's client, set for stores that are not Amazon's as well: checksums only where the protocol wants one, patience
//! with failures, and time limits that grow with what is sent.

use crate::{S3Config, classify::Patience, clock::Clock};
use aws_config::BehaviorVersion;
use aws_sdk_s3::{
    Client,
    config::{
        Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
        StalledStreamProtectionConfig,
        retry::{RetryConfig, RetryPartition, TokenBucket},
        timeout::TimeoutConfig,
    },
};
use std::time::Duration;
use url::Url;

/// Attempts in all: with the waits between them, about a quarter of a minute when they fail at once.
const ATTEMPTS: u32 = 10;
/// The first wait, doubled each time up to the longest; each is shortened at random.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an attempt may take besides its body.
const ATTEMPT: Duration = Duration::from_secs(30);
/// How long all attempts may take besides one body: a store that takes requests and never answers holds nobody longer.
const IN_ALL: Duration = Duration::from_secs(150);
/// The slowest body that is still waited for, in bytes per second.
const SLOWEST: u64 = 256 * 1024;

/// A client for requests, and one whose URLs others can reach.
pub async fn open(config: &S3Config, clock: &Clock) -> (Client, Client) {
    let base = base(config, clock).await;
    let reach = |endpoint: &Option<Url>| {
        let mut conf = base.clone();
        conf.set_endpoint_url(endpoint.as_ref().map(|url| url.to_string()));
        Client::from_conf(conf.build())
    };
    let public = config.public_endpoint.as_ref().or(config.endpoint.as_ref());
    (reach(&config.endpoint), reach(&public.cloned()))
}

async fn base(config: &S3Config, clock: &Clock) -> Builder {
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).region(Region::new(config.region.clone()));
    if let (Some(key), Some(secret)) = (&config.access_key, &config.secret_key) {
        let given = Credentials::new(key, secret, None, None, "storage.access_key");
        loader = loader.credentials_provider(given);
    }
    let shared = loader.load().await;
    let partition = RetryPartition::custom("reelmill")
        // Every request has its own bounded attempts; a quota shared by all would give up in the middle of an outage.
        .token_bucket(TokenBucket::unlimited())
        .build();
    Builder::from(&shared)
        .force_path_style(config.path_style)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        // It judges a slow store as a stalled one; our own limits know the size of a body.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .retry_partition(partition)
        .retry_config(patient(ATTEMPTS))
        .retry_classifier(Patience)
        .timeout_config(limits(ATTEMPT))
        .interceptor(clock.clone())
}

fn patient(attempts: u32) -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(attempts)
        .with_initial_backoff(FIRST_WAIT)
        .with_max_backoff(LONGEST_WAIT)
}

/// Settings of a request that sends so many bytes.
pub fn sending(bytes: u64) -> Builder {
    lasting(lasting_for(bytes))
}

/// How long an attempt may take that sends so many bytes.
fn lasting_for(bytes: u64) -> Duration {
    ATTEMPT + Duration::from_secs(bytes / SLOWEST)
}

/// Settings of a request whose attempts may take so long.
pub fn lasting(time: Duration) -> Builder {
    Builder::new().timeout_config(limits(time))
}

/// The limits of a request whose attempts may take so long.
fn limits(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(IN_ALL + attempt.saturating_sub(ATTEMPT))
        .build()
}

/// Settings of a request whose answer somebody waits for.
pub fn impatient() -> Builder {
    Builder::new().retry_config(patient(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stalled_store_holds_a_part_for_minutes_and_no_longer() {
        let of = |bytes| {
            let all = limits(lasting_for(bytes));
            let seconds = |limit: Option<Duration>| limit.map(|limit| limit.as_secs());
            (
                seconds(all.operation_attempt_timeout()),
                seconds(all.operation_timeout()),
            )
        };
        assert_eq!(of(0), (Some(30), Some(150)));
        assert_eq!(of(8 << 20), (Some(62), Some(182)));
        // As slow as may be, the largest part gets through at once.
        let largest = 5 << 30;
        assert!(of(largest).0 >= Some(largest / SLOWEST));
    }
}
