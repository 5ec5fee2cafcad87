//! A TCP proxy that cuts a connection at a commit: before the server hears of it, or before its answer comes back.

use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The server never hears of the commit.
    Question,
    /// The server carries it out, and its answer gets lost.
    Answer,
}

pub struct Proxy {
    /// The database's URL through the proxy, without TLS.
    pub url: String,
    next: Arc<Mutex<Option<Cut>>>,
}

impl Proxy {
    pub async fn start(url: &str) -> Self {
        let (front, rest) = url.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let name = name.split('?').next().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let next = Arc::new(Mutex::new(None));
        let (server, cut) = (server.to_owned(), next.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(pass(client, server, cut.clone()));
            }
        });
        Self {
            url: format!("{front}@{here}/{name}?ssl-mode=DISABLED"),
            next,
        }
    }

    pub fn cut_next_commit(&self, cut: Cut) {
        *self.next.lock().unwrap() = Some(cut);
    }

    /// Whether it has done so.
    pub fn has_cut(&self) -> bool {
        self.next.lock().unwrap().is_none()
    }
}

async fn pass(client: TcpStream, server: TcpStream, next: Arc<Mutex<Option<Cut>>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut question, mut answer) = (vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            read = from_client.read(&mut question) => {
                let bytes = &question[..read.unwrap_or(0)];
                let commits = bytes.windows(6).any(|word| word == b"COMMIT");
                let cut = if commits { next.lock().unwrap().take() } else { None };
                if bytes.is_empty() || cut == Some(Cut::Question) {
                    return;
                }
                to_server.write_all(bytes).await.unwrap();
                if cut == Some(Cut::Answer) {
                    // It has carried the commit out when it answers.
                    assert_ne!(from_server.read(&mut answer).await.unwrap(), 0);
                    return;
                }
            }
            read = from_server.read(&mut answer) => {
                let bytes = &answer[..read.unwrap_or(0)];
                if bytes.is_empty() || to_client.write_all(bytes).await.is_err() {
                    return;
                }
            }
        }
    }
}
