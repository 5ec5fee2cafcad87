//! What each service is told, from the configuration.

use crate::wire::Wiring;
use reelmill_domain::{lane::Lane, spec::SourceLimits, worker::Abilities};
use reelmill_encoder::EncoderConfig;
use reelmill_ffmpeg::Tools;
use reelmill_runtime::{
    config::{Config, Role},
    http::HttpSettings,
};
use reelmill_status::StatusConfig;
use reelmill_store::{Policy, claim::ClaimTimes};
use reelmill_webapp::WebappConfig;
use std::{net::SocketAddr, num::NonZero, path::Path, time::Duration};

/// A release that nobody starts for so long is ready again; with long leases, later. One for all services.
const DISPATCH: Duration = Duration::from_secs(60);

/// ffmpeg and ffprobe as configured.
pub fn tools(config: &Config) -> anyhow::Result<Tools> {
    let program = |path: &Path| path.to_string_lossy().into_owned();
    Ok(Tools::locate(
        &program(&config.encoder.ffmpeg),
        &program(&config.encoder.ffprobe),
    )?)
}

/// Processors that one encode may use.
pub fn cores() -> u16 {
    let found = std::thread::available_parallelism().map_or(1, NonZero::get);
    u16::try_from(found).unwrap_or(u16::MAX)
}

/// Where a process of this role listens.
pub fn listen(role: Role, config: &Config) -> SocketAddr {
    match role {
        Role::All | Role::Webapp => config.webapp.listen,
        Role::Status => config.status.listen,
        Role::Encoder => config.encoder.listen,
    }
}

/// The manners of a listener.
pub fn http(config: &Config, listen: SocketAddr) -> HttpSettings {
    HttpSettings {
        public_url: config.http.public_url.clone(),
        cors_origins: config.http.cors_origins.clone(),
        listen,
    }
}

/// webapp's.
pub fn webapp(config: &Config, wiring: &Wiring, listen: SocketAddr) -> WebappConfig {
    let lease = Duration::from_secs(config.tasks.lease_s);
    WebappConfig {
        http: http(config, listen),
        upload_bytes: config.limits.upload_bytes,
        upload_expiry_s: config.uploads.expire_s,
        policy: policy(config),
        lease,
        times: ClaimTimes::new(DISPATCH, lease),
        alone: wiring.has_own_database(),
    }
}

/// status's.
pub fn status(config: &Config, wiring: &Wiring) -> StatusConfig {
    let policy = policy(config);
    let lease = Duration::from_secs(config.tasks.lease_s);
    StatusConfig {
        public_url: config.http.public_url.clone(),
        lease,
        dispatch: DISPATCH,
        max_attempts: policy.max_attempts,
        retention_output_s: policy.expire_after_s,
        retention_source_s: config.retention.source_s,
        retention_job_s: config.retention.job_s,
        accel_redirect: config.http.accel_redirect,
        require_enable: config.workers.require_enable,
        alone: wiring.has_own_database() && wiring.has_own_broker(),
        ..StatusConfig::new(policy.limits)
    }
}

/// The encoder's.
pub fn encoder(
    role: Role,
    config: &Config,
    wiring: &Wiring,
    tools: Tools,
    abilities: Abilities,
) -> EncoderConfig {
    let encoder = &config.encoder;
    let alone = role == Role::Encoder;
    EncoderConfig {
        lanes: encoder.lanes.iter().cloned().map(Lane).collect(),
        stall: Duration::from_secs(encoder.stall_s),
        drain_grace: Duration::from_secs(encoder.drain_grace_s),
        min_free_scratch: encoder.min_free_bytes,
        cache_bytes: encoder.cache_bytes,
        lease: (!wiring.has_own_broker()).then(|| Duration::from_secs(config.tasks.lease_s)),
        exit_when_idle: encoder
            .exit_when_idle_s
            .filter(|_| alone)
            .map(Duration::from_secs),
        ..EncoderConfig::new(
            encoder.name.clone(),
            encoder.slots,
            encoder.scratch.clone(),
            tools,
            abilities,
        )
    }
}

fn policy(config: &Config) -> Policy {
    Policy {
        max_attempts: config.tasks.max_attempts,
        limits: SourceLimits {
            duration_s: config.limits.duration_s,
            pixels: config.limits.pixels,
            streams: config.limits.streams,
        },
        cores: cores(),
        expire_after_s: config.retention.output_s,
    }
}
