//! The listener: connections in, requests to the router. A client that doesn't get its request's head out in time is let go;
//! what comes after the head (uploads, streams of events) may take as long as it takes.

use axum::{Router, serve::Listener};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{pin::pin, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a request's head may take, and how long a connection may rest between two requests. More than the 60 s for which
/// nginx keeps its connections to us: it must not send into one that we are about to close.
pub(super) const HEAD: Duration = Duration::from_secs(75);

/// Serves until `stop`; then no connection is taken any more, resting ones are closed, and it returns when the requests that
/// are under way have been answered.
pub async fn serve(mut listener: TcpListener, router: Router, stop: CancellationToken) {
    let open = TaskTracker::new();
    loop {
        // axum's own accept waits out what passes, such as too many open files.
        let (stream, _) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = Listener::accept(&mut listener) => accepted,
        };
        open.spawn(connection(stream, router.clone(), stop.clone(), HEAD));
    }
    drop(listener);
    open.close();
    open.wait().await;
}

/// Most that is read ahead of a request, and so the largest piece of a body. By default it grows to 400 KiB on each of the
/// connections that are busy.
const READ_BYTES: usize = 64 * 1024;

/// One connection, from its first request to its last.
pub(super) async fn connection(
    stream: TcpStream,
    router: Router,
    stop: CancellationToken,
    head: Duration,
) {
    // Events are small and must not wait for more to come.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(READ_BYTES);
    let service = TowerToHyperService::new(router);
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, routing::post};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        time::Instant,
    };

    const SHORT: Duration = Duration::from_millis(200);

    /// A connection with a short patience, and the other end of it.
    async fn connected(stop: &CancellationToken) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap());
        let (there, here) = tokio::join!(there, listener.accept());
        let router = Router::new().route("/", post(async |body: Body| body));
        tokio::spawn(connection(here.unwrap().0, router, stop.clone(), SHORT));
        there.unwrap()
    }

    #[tokio::test]
    async fn a_head_that_trickles_in_is_cut_off() {
        let mut client = connected(&CancellationToken::new()).await;
        let begun = Instant::now();
        client
            .write_all(b"POST / HTTP/1.1\r\nHost: a\r\n")
            .await
            .unwrap();
        let mut trickle = tokio::time::interval(SHORT / 8);
        loop {
            let mut answer = [0; 1024];
            tokio::select! {
                _ = trickle.tick() => if client.write_all(b"X-A: b\r\n").await.is_err() { break },
                read = client.read(&mut answer) => match read {
                    Ok(0) | Err(_) => break,
                    Ok(n) => assert!(answer[..n].starts_with(b"HTTP/1.1 408"), "{answer:?}"),
                },
            }
        }
        assert!(begun.elapsed() >= SHORT, "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_body_may_take_longer_than_a_head() {
        let mut client = connected(&CancellationToken::new()).await;
        client
            .write_all(
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\nConnection: close\r\n\r\n",
            )
            .await
            .unwrap();
        for byte in b"slowness" {
            tokio::time::sleep(SHORT / 4).await;
            client.write_all(&[*byte]).await.unwrap();
        }
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("slowness"), "{answer}");
    }

    #[tokio::test]
    async fn a_stop_answers_what_is_under_way_and_closes_what_rests() {
        let stop = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (begun, mut begins) = tokio::sync::mpsc::channel(1);
        let (go, goes) = tokio::sync::watch::channel(false);
        let answer = move || {
            let (begun, mut goes) = (begun.clone(), goes.clone());
            async move {
                begun.send(()).await.unwrap();
                goes.wait_for(|go| *go).await.unwrap();
                "done"
            }
        };
        let router = Router::new().route("/", post(answer));
        let served = tokio::spawn(serve(listener, router, stop.clone()));
        let mut resting = TcpStream::connect(address).await.unwrap();
        let mut busy = TcpStream::connect(address).await.unwrap();
        busy.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            .await
            .unwrap();
        begins.recv().await.unwrap();
        stop.cancel();
        assert_eq!(resting.read(&mut [0; 8]).await.unwrap(), 0);
        assert!(!served.is_finished());
        go.send(true).unwrap();
        let mut answer = String::new();
        busy.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("done"), "{answer}");
        served.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
