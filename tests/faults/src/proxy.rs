//! The proxy: accepts, asks the rules, and passes on or breaks.

use crate::{
    dice::Dice,
    head::Head,
    pump::{End, Limits, drain, pump},
    rule::{Fault, Hits, Rule},
};
use std::{
    future,
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    io::{AsyncWriteExt, copy, sink},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// A proxy before one server. Connections end when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    is_http: bool,
    book: Mutex<Book>,
    /// Counts the calls of [`Proxy::cut`]; every connection watches it.
    cuts: watch::Sender<u64>,
}

#[derive(Debug)]
struct Book {
    rules: Vec<Rule>,
    dice: Dice,
    seen: u64,
    is_down: bool,
}

impl Proxy {
    /// Before a server that speaks HTTP/1: rules see requests. One request per connection.
    pub async fn http(upstream: &str) -> io::Result<Self> {
        Self::start(upstream, true).await
    }

    /// Before any server: rules see connections.
    pub async fn tcp(upstream: &str) -> io::Result<Self> {
        Self::start(upstream, false).await
    }

    async fn start(upstream: &str, is_http: bool) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let book = Book {
            rules: Vec::new(),
            dice: Dice::new(1),
            seen: 0,
            is_down: false,
        };
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            is_http,
            book: Mutex::new(book),
            cuts: watch::Sender::new(0),
        });
        Ok(Self {
            address: listener.local_addr()?,
            accepting: tokio::spawn(accept(listener, shared.clone())),
            shared,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, for HTTP.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What chance begins with. Print it, so that a failure can be repeated.
    pub fn seed(&self, seed: u64) {
        self.book().dice = Dice::new(seed);
    }

    /// Adds a rule behind the others.
    pub fn add(&self, rule: Rule) -> Hits {
        let hits = rule.hits.clone();
        self.book().rules.push(rule);
        hits
    }

    /// Everything passes again.
    pub fn clear(&self) {
        self.book().rules.clear();
    }

    /// Requests, or connections, that came.
    pub fn seen(&self) -> u64 {
        self.book().seen
    }

    /// Whether the server is there at all: a proxy that is down resets what is open and whatever comes.
    pub fn set_down(&self, is_down: bool) {
        self.book().is_down = is_down;
        if is_down {
            self.cut();
        }
    }

    /// Resets every connection that is open now.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.shared.book()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn strike(&self, head: Option<&Head>) -> Option<Fault> {
        let book = &mut *self.book();
        book.seen += 1;
        let dice = &mut book.dice;
        book.rules.iter_mut().find_map(|r| r.strike(head, dice))
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((client, _)) = listener.accept() => {
                connections.spawn(connection(client, shared.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(mut client: TcpStream, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    let broken = tokio::select! {
        ended = serve(&mut client, &shared) => ended.is_err(),
        _ = cuts.changed() => true,
    };
    if broken && let Err(error) = client.set_zero_linger() {
        // It was closed by the other side already.
        drop(error);
    }
}

/// One exchange. An error: the client's connection is to be reset.
async fn serve(client: &mut TcpStream, shared: &Shared) -> io::Result<()> {
    if shared.book().is_down {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    let head = match shared.is_http {
        false => None,
        true => match Head::read(client).await? {
            Some(head) => Some(head),
            None => return Ok(()),
        },
    };
    let fault = shared.strike(head.as_ref());
    if let Some(Fault::Delay(time)) = fault {
        tokio::time::sleep(time).await;
    }
    if let (Some(Fault::Answer(status)), Some(head)) = (&fault, &head) {
        let left = head
            .length
            .unwrap_or(0)
            .saturating_sub(head.rest.len() as u64);
        drain(client, left).await?;
        return answer(client, *status).await;
    }
    let mut server = TcpStream::connect(&shared.upstream).await?;
    let ended = exchange(client, &mut server, head, fault).await;
    if ended.is_err() {
        server.set_zero_linger()?;
    }
    ended
}

async fn exchange(
    client: &mut TcpStream,
    server: &mut TcpStream,
    head: Option<Head>,
    fault: Option<Fault>,
) -> io::Result<()> {
    let is_http = head.is_some();
    let mut already = Vec::new();
    if let Some(head) = head {
        server.write_all(&head.closing()).await?;
        already = head.rest;
    }
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let there = async {
        let limits = match fault {
            Some(Fault::ResetRequest { after } | Fault::StallRequest { after }) => Limits {
                bytes: Some(after),
                bytes_per_s: None,
            },
            Some(Fault::Slow { bytes_per_s }) => Limits {
                bytes: None,
                bytes_per_s: Some(bytes_per_s),
            },
            _ => Limits::default(),
        };
        match pump(&mut from_client, &mut to_server, &already, limits).await? {
            End::Limit if matches!(fault, Some(Fault::StallRequest { .. })) => {
                future::pending().await
            }
            End::Limit => Err(ErrorKind::ConnectionReset.into()),
            // A client may have said all and still wait for its answer.
            End::Whole => match is_http {
                true => future::pending::<io::Result<()>>().await,
                false => {
                    to_server.shutdown().await?;
                    future::pending().await
                }
            },
        }
    };
    let back = async {
        if let Some(Fault::AnswerAfter(status)) = fault {
            copy(&mut from_server, &mut sink()).await?;
            return answer(&mut to_client, status).await;
        }
        let limit = match fault {
            Some(
                Fault::ResetResponse { after }
                | Fault::Truncate { after }
                | Fault::StallResponse { after },
            ) => Some(after),
            _ => None,
        };
        let mut already = Vec::new();
        if is_http {
            if limit == Some(0) {
                // The server has done it when its answer begins.
                Head::read(&mut from_server).await?;
            } else {
                already = answer_head(&mut from_server, &mut to_client).await?;
            }
        }
        let limits = Limits {
            bytes: limit,
            bytes_per_s: None,
        };
        let end = pump(&mut from_server, &mut to_client, &already, limits).await?;
        match (end, &fault) {
            (End::Limit, Some(Fault::StallResponse { .. })) => future::pending().await,
            (End::Limit, Some(Fault::ResetResponse { .. })) => {
                Err(ErrorKind::ConnectionReset.into())
            }
            _ => to_client.shutdown().await,
        }
    };
    tokio::select! {
        broken = there => broken,
        ended = back => ended,
    }
}

/// Passes on the head of the answer, and says what came behind it.
async fn answer_head(
    from: &mut (impl tokio::io::AsyncRead + Unpin),
    to: &mut (impl tokio::io::AsyncWrite + Unpin),
) -> io::Result<Vec<u8>> {
    let mut already = Vec::new();
    loop {
        let Some(head) = Head::read_behind(from, already).await? else {
            return Err(ErrorKind::UnexpectedEof.into());
        };
        if !head.is_interim() {
            to.write_all(&head.closing()).await?;
            return Ok(head.rest);
        }
        to.write_all(head.raw()).await?;
        already = head.rest;
    }
}

async fn answer(to: &mut (impl tokio::io::AsyncWrite + Unpin), status: u16) -> io::Result<()> {
    let head =
        format!("HTTP/1.1 {status} Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    to.write_all(head.as_bytes()).await?;
    to.shutdown().await
}
