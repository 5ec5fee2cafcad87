//! The services of one process: wired together, started; their routes merged.

mod gate;
mod health;
mod misdirected;
mod open;
mod routes;
mod settings;
mod sole;

pub use gate::Gate;
pub use misdirected::name;
pub use open::{Waiting, open};
pub use routes::waiting;
pub use settings::{cores, http, listen, tools};

use crate::wire::{Backends, Wiring};
use anyhow::Context;
use axum::Router;
use reelmill_domain::worker::Abilities;
use reelmill_ffmpeg::{Tools, capabilities::abilities};
use reelmill_runtime::{
    config::{Config, Role},
    lifecycle::Lifecycle,
};
use reelmill_status::Status;
use reelmill_store::Store;
use reelmill_webapp::Webapp;
use sole::Sole;
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Closing the database waits for every query, and one may wait for a lock, or for a server that stands still.
const CLOSING: Duration = Duration::from_secs(5);

/// Why a process ended whose queue is within itself.
const LOST: &str = "another process has taken this database over, because this one did not renew its claim for too long: \
    run one `reelmill serve` for a database, or set broker.url to an amqp: URL for all";

/// The services of this process, running.
pub struct Service {
    /// Every route of theirs; without manners.
    pub router: Router,
    /// The database, if they have one.
    pub store: Option<Store>,
    /// Cancelled once nothing is encoded any more: what only listens may end.
    pub idle: CancellationToken,
    sole: Option<Sole>,
    broke: Broke,
}

/// ffmpeg of this machine, where a process encodes.
#[derive(Clone)]
pub struct Ffmpeg {
    /// The programs.
    pub tools: Tools,
    /// What they can do.
    pub abilities: Abilities,
}

impl Ffmpeg {
    /// Looks at the programs.
    pub async fn look(config: &Config) -> anyhow::Result<Self> {
        let tools = tools(config)?;
        let abilities = abilities(&tools, cores()).await?;
        Ok(Self { tools, abilities })
    }
}

/// How a process is to run.
pub struct Plan<'a> {
    /// Which services.
    pub role: Role,
    /// Their settings.
    pub config: &'a Config,
    /// What they lean on.
    pub wiring: &'a Wiring,
    /// Where they listen.
    pub listen: SocketAddr,
    /// What they encode with; needed by a role that encodes.
    pub ffmpeg: Option<Ffmpeg>,
}

/// Starts the services, and gives their routes. They end with `life`.
pub async fn start(
    plan: Plan<'_>,
    backends: Backends,
    life: &Lifecycle,
) -> anyhow::Result<Service> {
    let (idle, broke) = (CancellationToken::new(), Broke::default());
    let own_broker = plan.wiring.has_own_broker();
    let sole = match &backends.store {
        Some(store) if own_broker && !plan.wiring.has_own_database() => {
            let (data, name) = (&plan.config.data.dir, plan.wiring.name());
            let (life, idle, broke) = (life.clone(), idle.clone(), broke.clone());
            let lost = move || {
                broke.say(LOST.to_owned());
                // Not in order: what it releases or ends from now on is the other's.
                idle.cancel();
                life.stop().cancel();
                life.hard().cancel();
            };
            Some(sole::take(store, data, name, lost).await?)
        }
        Some(store) if !own_broker => {
            sole::refuse(store).await?;
            None
        }
        _ => None,
    };
    let health = health::of(plan.role, &backends);
    let (broker, objects) = (backends.broker, backends.objects);
    let parts = match &backends.store {
        None => None,
        Some(store) => {
            let webapp = settings::webapp(plan.config, plan.wiring, plan.listen);
            let status = settings::status(plan.config, plan.wiring);
            let (store, broker, objects) = (store.clone(), broker.clone(), objects.clone());
            Some(routes::Parts {
                status: Status::new(status, store.clone(), broker.clone(), objects.clone()),
                webapp: Webapp::new(webapp, store, broker, objects).await?,
            })
        }
    };
    let router = routes::ready(plan.role, parts.as_ref(), health)?;

    let encodes = matches!(plan.role, Role::All | Role::Encoder);
    if encodes {
        // The encoder ends first: what it gives back, status must still hear.
        let Ffmpeg { tools, abilities } = plan.ffmpeg.context("no ffmpeg was looked for")?;
        let worker = settings::encoder(plan.role, plan.config, plan.wiring, tools, abilities);
        let (stop, idle, broke) = (life.stop().clone(), idle.clone(), broke.clone());
        life.run("encoder", async move {
            let _idle = idle.drop_guard();
            broke.note(reelmill_encoder::run(worker, broker, objects, stop).await);
        });
    } else {
        let (stop, idle) = (life.stop().clone(), idle.clone());
        tokio::spawn(async move {
            stop.cancelled().await;
            idle.cancel();
        });
    }
    if let Some(routes::Parts { webapp, status }) = parts {
        if matches!(plan.role, Role::All | Role::Status) {
            let (idle, broke) = (idle.clone(), broke.clone());
            life.run("status", async move { broke.note(status.run(idle).await) });
        }
        if matches!(plan.role, Role::All | Role::Webapp) {
            let stop = life.stop().clone();
            life.run("webapp", async move { webapp.run(stop).await });
        }
    }
    Ok(Service {
        router,
        store: backends.store,
        idle,
        sole,
        broke,
    })
}

impl Service {
    /// Closes the database, once everything has ended; tells what broke, if something did.
    pub async fn close(self) -> anyhow::Result<()> {
        if let Some(store) = self.store {
            if let Some(sole) = self.sole {
                sole.give_back(&store).await;
            }
            match tokio::time::timeout(CLOSING, store.close()).await {
                Ok(closed) => closed?,
                Err(_) => tracing::warn!(
                    "a query still waits for the database and is given up; the database undoes it"
                ),
            }
        }
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
            self.say(e.to_string());
        }
    }

    fn say(&self, what: String) {
        self.0.get_or_init(|| what);
    }
}
