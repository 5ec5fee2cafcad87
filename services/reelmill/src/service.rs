//! The three services in one process: opened, wired together, started; their routes merged.

use crate::{docs, wire};
use axum::Router;
use reelmill_broker::Broker;
use reelmill_domain::{lane::Lane, spec::SourceLimits, worker::Abilities};
use reelmill_encoder::EncoderConfig;
use reelmill_ffmpeg::{Tools, capabilities::abilities};
use reelmill_folder::FolderStore;
use reelmill_objects::ObjectStore;
use reelmill_runtime::{
    config::{Config, Role, world},
    health::Health,
    http::HttpSettings,
    lifecycle::Lifecycle,
};
use reelmill_status::{Status, StatusConfig};
use reelmill_store::{Policy, Store};
use reelmill_webapp::{Webapp, WebappConfig};
use std::{
    num::NonZero,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// The services of this process, running.
pub struct Service {
    /// Every route of all of them; without manners.
    pub router: Router,
    /// The database.
    pub store: Store,
    /// The object store.
    pub folder: Arc<FolderStore>,
    /// What the ffmpeg here can do.
    pub abilities: Abilities,
    /// Cancelled once nothing is encoded any more: what only listens may end.
    pub idle: CancellationToken,
    broke: Broke,
}

/// Opens everything, starts the services, and gives their routes. They end with `life`.
pub async fn start(config: &Config, life: &Lifecycle) -> anyhow::Result<Service> {
    let world = world(Role::All, config)?;
    let tools = tools(config)?;
    let abilities = abilities(&tools, cores()).await?;
    let opened = wire::open(&world).await?;
    let (store, folder) = (opened.store, opened.folder);
    let broker = opened.broker;
    let objects: Arc<dyn ObjectStore> = folder.clone();

    let http = HttpSettings {
        public_url: config.http.public_url.clone(),
        cors_origins: config.http.cors_origins.clone(),
        listen: config.webapp.listen,
    };
    let policy = policy(config);
    let webapp = webapp_config(config, &http, policy);
    let webapp = Webapp::new(webapp, store.clone(), broker.clone(), objects.clone()).await?;
    let status = status_config(config, policy);
    let status = Status::new(status, store.clone(), broker.clone(), objects.clone());

    let (router, description) = OpenApiRouter::with_openapi(docs::Description::openapi())
        .merge(webapp.router())
        .merge(status.router())
        .merge(health(&store, &broker, &objects).router())
        .split_for_parts();
    let service = Service {
        router: router.merge(docs::router(description)?),
        store,
        folder,
        abilities: abilities.clone(),
        idle: CancellationToken::new(),
        broke: Broke::default(),
    };

    // The encoder ends first: what it gives back, status must still hear.
    let worker = encoder_config(config, tools, abilities);
    let (stop, idle, broke) = (
        life.stop().clone(),
        service.idle.clone(),
        service.broke.clone(),
    );
    life.run("encoder", async move {
        let _idle = idle.drop_guard();
        broke.note(reelmill_encoder::run(worker, broker, objects, stop).await);
    });
    let (idle, broke) = (service.idle.clone(), service.broke.clone());
    life.run("status", async move { broke.note(status.run(idle).await) });
    let stop = life.stop().clone();
    life.run("webapp", async move { webapp.run(stop).await });
    Ok(service)
}

impl Service {
    /// Closes the database, once everything has ended; tells what broke, if something did.
    pub async fn close(self) -> anyhow::Result<()> {
        self.store.close().await?;
        match self.broke.0.get() {
            Some(what) => anyhow::bail!("{what}"),
            None => Ok(()),
        }
    }
}

/// What a part that ended before its time has said; the first is the one to tell.
#[derive(Clone, Default)]
struct Broke(Arc<OnceLock<String>>);

impl Broke {
    fn note<E: std::fmt::Display>(&self, end: Result<(), E>) {
        if let Err(e) = end {
            tracing::error!(error = %e, "a part of the service broke");
            self.0.get_or_init(|| e.to_string());
        }
    }
}

/// ffmpeg and ffprobe as configured.
pub fn tools(config: &Config) -> anyhow::Result<Tools> {
    let program = |path: &std::path::Path| path.to_string_lossy().into_owned();
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

fn webapp_config(config: &Config, http: &HttpSettings, policy: Policy) -> WebappConfig {
    WebappConfig {
        http: http.clone(),
        upload_bytes: config.limits.upload_bytes,
        upload_expiry_s: config.uploads.expire_s,
        policy,
        lease: Duration::from_secs(config.tasks.lease_s),
        alone: true,
    }
}

fn status_config(config: &Config, policy: Policy) -> StatusConfig {
    StatusConfig {
        public_url: config.http.public_url.clone(),
        lease: Duration::from_secs(config.tasks.lease_s),
        max_attempts: policy.max_attempts,
        retention_output_s: policy.expire_after_s,
        retention_source_s: config.retention.source_s,
        alone: true,
        ..StatusConfig::new(policy.limits)
    }
}

fn encoder_config(config: &Config, tools: Tools, abilities: Abilities) -> EncoderConfig {
    let encoder = &config.encoder;
    EncoderConfig {
        lanes: encoder.lanes.iter().cloned().map(Lane).collect(),
        stall: Duration::from_secs(encoder.stall_s),
        drain_grace: Duration::from_secs(encoder.drain_grace_s),
        min_free_scratch: encoder.min_free_bytes,
        ..EncoderConfig::new(
            encoder.name.clone(),
            encoder.slots,
            encoder.scratch.clone(),
            tools,
            abilities,
        )
    }
}

fn health(store: &Store, broker: &Arc<dyn Broker>, objects: &Arc<dyn ObjectStore>) -> Health {
    let (store, broker, objects) = (store.clone(), broker.clone(), objects.clone());
    Health::new()
        .with("database", move || {
            let store = store.clone();
            async move { store.check().await.map_err(|e| e.to_string()) }
        })
        .with("broker", move || {
            let broker = broker.clone();
            async move { broker.check().await.map_err(|e| e.to_string()) }
        })
        .with("objects", move || {
            let objects = objects.clone();
            async move { objects.check().await.map_err(|e| e.to_string()) }
        })
}
