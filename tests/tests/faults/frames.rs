//! A broker's proxy that understands just enough of AMQP 0-9-1 to swallow the acknowledgement of a task and cut the connection:
//! what a worker loses when its channel breaks between `started` and ack.

use anyhow::{Context, Result};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// Class and method of what is looked at (AMQP 0-9-1, section 1.8).
const CONSUME: [u8; 4] = [0, 60, 0, 20];
const GET: [u8; 4] = [0, 60, 0, 70];
const ACK: [u8; 4] = [0, 60, 0, 80];
/// A frame's type.
const METHOD: u8 = 1;

/// The proxy. Gone when dropped.
pub struct Swallower {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    /// The queue whose next acknowledgement is swallowed.
    armed: Option<String>,
    swallowed: u64,
}

impl Swallower {
    /// Before the broker of an AMQP URL.
    pub async fn before(amqp: &str) -> Result<Self> {
        let url = Url::parse(amqp)?;
        let host = url.host_str().context("no host")?;
        let upstream = format!("{host}:{}", url.port().unwrap_or(5672));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (upstream, shared) = (upstream.clone(), shared.clone());
                tokio::spawn(async move {
                    // An error is what this is for; whoever is connected sees it.
                    connection(client, &upstream, &shared).await.ok();
                });
            }
        });
        Ok(Self {
            address,
            state,
            accepting,
        })
    }

    /// The URL of the broker as it is reached through this.
    pub fn url(&self, amqp: &str) -> Result<String> {
        let mut url = Url::parse(amqp)?;
        url.set_ip_host(self.address.ip())
            .ok()
            .context("no host to be set")?;
        url.set_port(Some(self.address.port()))
            .ok()
            .context("no port to be set")?;
        Ok(url.into())
    }

    /// Swallows the next acknowledgement of what came from this queue, and cuts that connection.
    pub fn arm(&self, queue: &str) {
        lock(&self.state).armed = Some(queue.to_owned());
    }

    /// How many were swallowed.
    pub fn swallowed(&self) -> u64 {
        lock(&self.state).swallowed
    }
}

impl Drop for Swallower {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn connection(mut client: TcpStream, upstream: &str, state: &Mutex<State>) -> io::Result<()> {
    let mut server = TcpStream::connect(upstream).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let ended = tokio::select! {
        ended = watch(&mut from_client, &mut to_server, state) => ended,
        ended = copy(&mut from_server, &mut to_client) => ended.map(drop),
    };
    client.set_zero_linger()?;
    server.set_zero_linger()?;
    ended
}

/// Passes a client's frames on until one is to be swallowed.
async fn watch(
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    state: &Mutex<State>,
) -> io::Result<()> {
    let mut protocol = [0; 8];
    from.read_exact(&mut protocol).await?;
    to.write_all(&protocol).await?;
    let mut queues: HashMap<[u8; 2], String> = HashMap::new();
    loop {
        // Type, channel, size; then so many bytes and the frame's end.
        let mut head = [0; 7];
        from.read_exact(&mut head).await?;
        let size = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
        let mut body = vec![0; size as usize + 1];
        from.read_exact(&mut body).await?;
        let channel = [head[1], head[2]];
        if head[0] == METHOD {
            if body.starts_with(&GET) || body.starts_with(&CONSUME) {
                // A reserved short, then the queue as a short string.
                let name = body.get(7..7 + usize::from(body[6])).unwrap_or_default();
                queues.insert(channel, String::from_utf8_lossy(name).into_owned());
            }
            if body.starts_with(&ACK) {
                let mut state = lock(state);
                let queue = queues.get(&channel);
                if queue.is_some() && queue == state.armed.as_ref() {
                    state.armed = None;
                    state.swallowed += 1;
                    return Err(io::ErrorKind::ConnectionReset.into());
                }
            }
        }
        to.write_all(&head).await?;
        to.write_all(&body).await?;
    }
}
