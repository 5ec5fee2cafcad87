//! Opens one connection, within a bounded time. It must leave nothing behind when it fails.

use crate::config::Target;
use async_compat::{Compat, CompatExt};
use futures::Stream;
use lapin::{
    AsyncTcpStream, Connection, ConnectionProperties, Event,
    runtime::default_runtime,
    tcp::{RustlsConnector, RustlsConnectorConfig},
    types::LongString,
    uri::{AMQPScheme, AMQPUri},
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::{
    io,
    net::{Shutdown, TcpStream as Socket},
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};

/// For all of it: name, TCP, TLS, login.
const WITHIN: Duration = Duration::from_secs(5);

/// A connection that has just been opened.
pub struct Opened {
    /// The connection.
    pub connection: Connection,
    /// What happens to it, from its beginning on.
    pub events: Pin<Box<dyn Stream<Item = Event> + Send>>,
    /// Its socket, to end it by force.
    pub plug: Plug,
}

/// Ends a socket by force: the library writes nothing on a connection that the broker has blocked, not even its end.
#[derive(Clone, Default)]
pub struct Plug(Arc<Mutex<Option<Socket>>>);

impl Plug {
    /// Ends the socket; its reader sees the end.
    pub fn pull(&self) {
        let socket = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(error)) = socket.map(|s| s.shutdown(Shutdown::Both)) {
            tracing::trace!(%error, "the socket had ended already");
        }
    }
}

/// Opens a connection under a name.
pub async fn open(target: &Target, name: &str) -> Result<Opened, String> {
    let plug = Plug::default();
    match timeout(WITHIN, handshake(target, name, plug.clone())).await {
        Ok(Ok(connection)) => Ok(Opened {
            events: Box::pin(connection.events_listener()),
            connection,
            plug,
        }),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => {
            // Else the library's thread would wait for an answer as long as the peer keeps the socket open.
            plug.pull();
            Err(format!("no answer within {} s", WITHIN.as_secs()))
        }
    }
}

async fn handshake(target: &Target, name: &str, plug: Plug) -> lapin::Result<Connection> {
    let properties = ConnectionProperties::default()
        .with_connection_name(LongString::from(name))
        .with_client_property("product".into(), LongString::from("reelmill"))
        .with_client_property(
            "version".into(),
            LongString::from(env!("CARGO_PKG_VERSION")),
        );
    let authority = target.authority.clone();
    let connect = async move |uri: AMQPUri, _| Ok(socket(uri, &authority, &plug).await?);
    Connection::connector(target.uri.clone(), default_runtime()?, connect, properties).await
}

async fn socket(
    uri: AMQPUri,
    authority: &Option<PathBuf>,
    plug: &Plug,
) -> io::Result<AsyncTcpStream<Compat<TcpStream>>> {
    let host = uri.authority.host.as_str();
    let all = async {
        let stream = TcpStream::connect((host, uri.authority.port)).await?;
        stream.set_nodelay(true)?;
        let stream = stream.into_std()?;
        *plug.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream.try_clone()?);
        let stream = AsyncTcpStream::Plain(TcpStream::from_std(stream)?.compat());
        match uri.scheme {
            AMQPScheme::AMQP => Ok(stream),
            AMQPScheme::AMQPS => stream.into_rustls(&trust(authority)?, host).await,
        }
    };
    // The caller's time limit can't reach in here: the library runs this on a thread of its own.
    match timeout(WITHIN, all).await {
        Ok(done) => done,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Whose certificates are taken.
fn trust(authority: &Option<PathBuf>) -> io::Result<RustlsConnector> {
    let Some(file) = authority else {
        return RustlsConnectorConfig::new_with_native_certs()?.connector_with_no_client_auth();
    };
    let unfit = |cause: String| {
        io::Error::other(format!(
            "`cacertfile` {} can't be used: {cause}",
            file.display()
        ))
    };
    let read = CertificateDer::pem_file_iter(file).map_err(|e| unfit(e.to_string()))?;
    let certificates: Vec<_> = read
        .collect::<Result<_, _>>()
        .map_err(|e| unfit(e.to_string()))?;
    if certificates.is_empty() {
        return Err(unfit("it holds no certificate".into()));
    }
    RustlsConnectorConfig::default()
        .with_parsable_certificates(certificates)
        .connector_with_no_client_auth()
}
