//! `reelmill serve`: webapp, status and encoder in one process, until a signal.

use crate::{commands::doctor, outcome::Outcome, service, setup, show};
use anyhow::{Context, bail};
use clap::Args;
use reelmill_runtime::{
    config::{Config, DatabaseUrl, Flag, Role, World, world},
    http::{HttpSettings, with_manners},
    lifecycle::{Ended, Lifecycle},
    lock::DataLock,
    telemetry,
};
use std::{
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What an ordered stop may take beyond the encoder's own grace.
const BEYOND_GRACE: Duration = Duration::from_secs(10);
/// How long requests may go on once nothing is encoded any more.
const LAST_REQUESTS: Duration = Duration::from_secs(3);

/// Run the whole service in one process, embedded by default.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen [default: `webapp.listen` of the configuration: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The data folder [default: `data.dir` of the configuration: ~/.local/share/reelmill].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Serves.
pub fn run(file: Option<PathBuf>, args: ServeArgs) -> anyhow::Result<Outcome> {
    let config = setup::configuration(file, flags(args)?)?.config;
    telemetry::init(&config.log);
    // Before anything is touched: what can't work says so in one line.
    let chosen = world(Role::All, &config)?;
    crate::wire::usable(&chosen)?;
    service::tools(&config)?;
    let _lock = DataLock::take(&config.data.dir)?;
    let _database = lock_database(&chosen, &config.data.dir)?;
    let ended = setup::run_services(&config.clone(), serve(config))?;
    if ended == Ended::GraceOver {
        tracing::warn!("some work did not end in time; it will go on at the next start");
    }
    Ok(match ended {
        Ended::InOrder | Ended::GraceOver => Outcome::Done,
        Ended::Forced => Outcome::Interrupted,
    })
}

/// A database that lies elsewhere is locked there too: two processes on it would each take the other for dead.
fn lock_database(chosen: &World, data: &Path) -> anyhow::Result<Option<DataLock>> {
    let folder = match &chosen.database {
        Some(DatabaseUrl::Sqlite(path)) => path.parent(),
        _ => None,
    };
    let elsewhere = folder.filter(|folder| *folder != data);
    Ok(elsewhere.map(DataLock::take).transpose()?)
}

fn flags(args: ServeArgs) -> anyhow::Result<Vec<Flag>> {
    let mut flags = Vec::new();
    if let Some(value) = args.listen {
        flags.push(Flag {
            key: "webapp.listen",
            flag: "--listen",
            value,
        });
    }
    if let Some(dir) = args.data {
        flags.push(Flag {
            key: "data.dir",
            flag: "--data",
            value: dir
                .to_str()
                .context("the name of the data folder must be UTF-8")?
                .to_owned(),
        });
    }
    Ok(flags)
}

async fn serve(mut config: Config) -> anyhow::Result<Ended> {
    let life = Lifecycle::new();
    life.listen()?;
    let listener = listen(config.webapp.listen).await?;
    config.webapp.listen = listener.local_addr()?;
    let service = service::start(&config, &life).await?;
    let router = with_manners(
        service.router.clone(),
        &HttpSettings {
            public_url: config.http.public_url.clone(),
            cors_origins: config.http.cors_origins.clone(),
            listen: config.webapp.listen,
        },
    );
    let (stop, idle) = (life.stop().clone(), service.idle.clone());
    life.run("http", async move {
        let serving = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
        tokio::select! {
            ended = serving => if let Err(e) = ended {
                tracing::error!(error = %e, "the listener broke");
            },
            // A download or a stream that never ends must not keep the process.
            () = last_requests(idle) => {}
        }
    });
    let address = doctor::reachable(config.webapp.listen);
    show::line(format!("Reelmill is ready: http://{address}"));
    if !config.webapp.listen.ip().to_canonical().is_loopback() {
        tracing::warn!(
            listen = %config.webapp.listen,
            "there are no keys yet: whoever reaches this address can upload, see and delete everything"
        );
    }
    let grace = Duration::from_secs(config.encoder.drain_grace_s) + BEYOND_GRACE;
    let ended = life.ended(grace).await;
    service.close().await?;
    Ok(ended)
}

async fn last_requests(idle: CancellationToken) {
    idle.cancelled().await;
    tokio::time::sleep(LAST_REQUESTS).await;
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(e) if e.kind() == ErrorKind::AddrInUse => bail!(
            "{address} is taken by another program: stop it, or choose another address with --listen (like 127.0.0.1:0)"
        ),
        Err(e) => bail!("can't listen on {address} ({e}): choose another address with --listen"),
    }
}
