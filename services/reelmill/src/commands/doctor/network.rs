//! The port to listen on, and the server that the client commands talk to.

use super::finding::Finding;
use crate::client::Client;
use reelmill_runtime::config::{self, Loaded};
use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    time::Duration,
};

/// Who has the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listens {
    /// Nobody.
    Nobody,
    /// A Reelmill server.
    Reelmill,
    /// Something else.
    Other,
    /// It can't be had for another reason.
    Forbidden(String),
}

/// Finds out who listens on an address.
pub async fn who_listens(address: SocketAddr, client: &config::Client) -> Listens {
    match TcpListener::bind(address) {
        Ok(_free) => Listens::Nobody,
        Err(e) if e.kind() == ErrorKind::AddrInUse => {
            let here = config::Client {
                server: format!("http://{}", reachable(address)),
                ..client.clone()
            };
            if is_reelmill(&here).await {
                Listens::Reelmill
            } else {
                Listens::Other
            }
        }
        Err(e) => Listens::Forbidden(e.to_string()),
    }
}

/// What that means.
pub fn port(address: SocketAddr, listens: &Listens) -> Finding {
    let mend = "stop what listens there, or choose another with --listen or webapp.listen";
    match listens {
        Listens::Nobody => Finding::good("port", format!("{address} is free")),
        Listens::Reelmill => {
            Finding::good("port", format!("a Reelmill server listens on {address}"))
        }
        Listens::Other => Finding::fault(
            "port",
            format!("{address} is taken by another program"),
            mend,
        ),
        Listens::Forbidden(why) => Finding::fault(
            "port",
            format!("{address} can't be listened on ({why})"),
            mend,
        ),
    }
}

/// Whether `submit`, `jobs` and their like have a server to talk to.
pub async fn server(loaded: &Loaded) -> Finding {
    let url = &loaded.config.client.server;
    if is_reelmill(&loaded.config.client).await {
        return Finding::good("server", format!("{url} answers"));
    }
    let found = format!("{url} does not answer as a Reelmill server");
    let set = loaded
        .settings
        .iter()
        .any(|s| s.key == "client.server" && s.from != "default");
    if set {
        Finding::fault(
            "server",
            found,
            "start it, or correct --server, REELMILL_SERVER or client.server",
        )
    } else {
        Finding::note(
            "server",
            found,
            "start it with `reelmill serve`; `reelmill encode` needs none",
        )
    }
}

/// Whether `/healthz` is answered as we answer it.
async fn is_reelmill(client: &config::Client) -> bool {
    let Ok(client) = Client::new(client) else {
        return false;
    };
    let look = client.get::<serde_json::Value>("/healthz");
    match tokio::time::timeout(Duration::from_secs(3), look).await {
        Ok(Ok(health)) => health["status"] == "ok" && health["checks"].is_object(),
        _ => false,
    }
}

/// An address that can be connected to: a listener on all addresses is reached by loopback.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
