//! A process that serves, from its first moment to its last: refuse what can't work, listen, wait for what it leans on,
//! work, stop in order.

use crate::{
    commands::doctor,
    outcome::Outcome,
    service::{self, Ffmpeg, Gate, Waiting},
    setup, show,
    wire::{self, Backends, Wiring},
};
use anyhow::bail;
use reelmill_runtime::{
    config::{Config, Flag, Role},
    http::{self, with_manners},
    lifecycle::{Ended, Lifecycle},
    lock::DataLock,
    telemetry,
};
use std::{io::ErrorKind, net::SocketAddr, path::PathBuf, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What an ordered stop may take beyond the encoder's own grace.
const BEYOND_GRACE: Duration = Duration::from_secs(10);
/// How long requests may go on once nothing is encoded any more.
const LAST_REQUESTS: Duration = Duration::from_secs(3);

/// `--listen` as the setting of the service that it is for.
pub fn listen_flag(role: Role, value: Option<String>) -> Vec<Flag> {
    let key = match role {
        Role::All | Role::Webapp => "webapp.listen",
        Role::Status => "status.listen",
        Role::Encoder => "encoder.listen",
    };
    let flag = |value| Flag {
        key,
        flag: "--listen",
        value,
    };
    value.map(flag).into_iter().collect()
}

/// Runs services until a signal.
pub fn run(role: Role, file: Option<PathBuf>, flags: Vec<Flag>) -> anyhow::Result<Outcome> {
    let config = setup::configuration(file, flags)?.config;
    // Dropped last, however this ends: then it sends what is left.
    let name = match role {
        Role::All => "serve",
        _ => service::name(role),
    };
    let _telemetry = telemetry::start(&config.log, &config.otel, name)?;
    let done = run_configured(role, &config);
    if let Err(error) = &done {
        telemetry::last_words(&show::one_line(&format!("{error:#}")));
    }
    done
}

fn run_configured(role: Role, config: &Config) -> anyhow::Result<Outcome> {
    // Before anything is touched: what can't work says so in one line.
    let wiring = wire::plan(role, config)?;
    if encodes(role) {
        service::tools(config)?;
    }
    let _locks = locks(role, config, &wiring)?;
    let ended = setup::run_services(config, serve(role, config, &wiring))?;
    if ended == Ended::GraceOver {
        tracing::warn!("some work did not end in time; it will go on at the next start");
    }
    Ok(match ended {
        Ended::InOrder | Ended::GraceOver => Outcome::Done,
        Ended::Forced => Outcome::Interrupted,
    })
}

fn encodes(role: Role) -> bool {
    matches!(role, Role::All | Role::Encoder)
}

/// Two processes on one embedded database would each take the other for dead. A service alone shares what it has.
fn locks(role: Role, config: &Config, wiring: &Wiring) -> anyhow::Result<Vec<DataLock>> {
    if role != Role::All {
        return Ok(Vec::new());
    }
    let data = &config.data.dir;
    let mut locks = vec![DataLock::take(data)?];
    let elsewhere = wiring.database_file().and_then(|file| file.parent());
    if let Some(folder) = elsewhere.filter(|folder| folder != data) {
        locks.push(DataLock::take(folder)?);
    }
    Ok(locks)
}

async fn serve(role: Role, config: &Config, wiring: &Wiring) -> anyhow::Result<Ended> {
    let life = Lifecycle::new();
    life.listen()?;
    let listener = listen(service::listen(role, config)).await?;
    let address = listener.local_addr()?;
    let ffmpeg = match encodes(role) {
        true => Some(Ffmpeg::look(config).await?),
        false => None,
    };
    let manners = service::http(config, address);
    let waiting = Waiting::default();
    let gate = Gate::new(with_manners(service::waiting(role, &waiting), &manners));
    let idle = CancellationToken::new();
    let (stop, last) = (life.stop().clone(), idle.clone());
    let router = gate.clone().router();
    life.run("http", async move {
        tokio::select! {
            () = http::serve(listener, router, stop) => {}
            // A download or a stream that never ends must not keep the process.
            () = last_requests(last) => {}
        }
    });

    let begun = match open(wiring, &waiting, &life).await {
        Ok(Some(backends)) => {
            let plan = service::Plan {
                role,
                config,
                wiring,
                listen: address,
                ffmpeg,
            };
            service::start(plan, backends, &life).await.map(Some)
        }
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    let service = match begun {
        Ok(service) => service,
        Err(error) => {
            life.stop().cancel();
            return Err(error);
        }
    };
    match &service {
        Some(service) => {
            let (from, to) = (service.idle.clone(), idle);
            tokio::spawn(async move {
                from.cancelled().await;
                to.cancel();
            });
            gate.open(with_manners(service.router.clone(), &manners));
            tell_ready(role, address);
        }
        None => idle.cancel(),
    }
    let grace = Duration::from_secs(config.encoder.drain_grace_s) + BEYOND_GRACE;
    let ended = life.ended(grace).await;
    if let Some(service) = service {
        service.close().await?;
    }
    Ok(ended)
}

/// `None`: asked to stop before it was there.
async fn open(
    wiring: &Wiring,
    waiting: &Waiting,
    life: &Lifecycle,
) -> anyhow::Result<Option<Backends>> {
    if wiring.is_local() {
        return Ok(Some(wiring.open().await?));
    }
    service::open(wiring, waiting, life.stop()).await
}

fn tell_ready(role: Role, address: SocketAddr) {
    let reached = doctor::reachable(address);
    match role {
        Role::All => show::line(format!("Reelmill is ready: http://{reached}")),
        _ => show::line(format!(
            "Reelmill {} is ready: http://{reached}",
            service::name(role)
        )),
    }
    if role != Role::Encoder && !address.ip().to_canonical().is_loopback() {
        tracing::warn!(
            listen = %address,
            "there are no keys yet: whoever reaches this address can upload, see and delete everything"
        );
    }
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
