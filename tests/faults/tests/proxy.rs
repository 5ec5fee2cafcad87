//! Every fault does what it says, and counts.
#![allow(clippy::unwrap_used, reason = "a test speaks by panicking")]

use axum::{Router, body::Bytes, extract::State, routing::any};
use reelmill_faults::{Fault, Proxy, Rule};
use reqwest::{Client, StatusCode};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const BYTES: usize = 1_000_000;

/// A server that counts whole requests and sends their bodies back.
async fn echo() -> (Proxy, Arc<AtomicU64>) {
    let whole = Arc::new(AtomicU64::new(0));
    let app = Router::new()
        .fallback(any(
            async |State(whole): State<Arc<AtomicU64>>, body: Bytes| {
                whole.fetch_add(1, Ordering::SeqCst);
                body
            },
        ))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(whole.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (Proxy::http(&address).await.unwrap(), whole)
}

async fn send(proxy: &Proxy) -> reqwest::Result<(StatusCode, usize)> {
    let url = format!("{}/a?b=c", proxy.url());
    let answer = Client::new().put(url).body(vec![7; BYTES]).send().await?;
    let status = answer.status();
    Ok((status, answer.bytes().await?.len()))
}

#[tokio::test]
async fn what_no_rule_fits_passes_whole() {
    let (proxy, whole) = echo().await;
    let other = proxy.add(Rule::new(Fault::Answer(500)).method("GET"));
    let another = proxy.add(Rule::new(Fault::Answer(500)).target("b=d"));
    for _ in 0..3 {
        assert_eq!(send(&proxy).await.unwrap(), (StatusCode::OK, BYTES));
    }
    assert_eq!((other.count(), another.count()), (0, 0));
    assert_eq!((proxy.seen(), whole.load(Ordering::SeqCst)), (3, 3));
}

#[tokio::test]
async fn a_rule_skips_and_ends() {
    let (proxy, whole) = echo().await;
    let rule = Rule::new(Fault::Answer(503)).method("PUT").target("?b=");
    let hits = proxy.add(rule.skip(1).times(2));
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(send(&proxy).await.unwrap().0.as_u16());
    }
    assert_eq!(answers, [200, 503, 503, 200]);
    assert_eq!((hits.count(), whole.load(Ordering::SeqCst)), (2, 2));
}

#[tokio::test]
async fn chance_can_be_repeated() {
    let mut runs = Vec::new();
    for seed in [4, 4, 5] {
        let (proxy, _) = echo().await;
        proxy.seed(seed);
        let hits = proxy.add(Rule::any_of([Fault::Answer(500), Fault::Answer(503)]).percent(50));
        let mut answers = Vec::new();
        for _ in 0..40 {
            answers.push(send(&proxy).await.unwrap().0.as_u16());
        }
        let broken = answers.iter().filter(|a| **a != 200).count();
        assert_eq!(hits.count(), broken as u64);
        assert!((5..36).contains(&broken), "{answers:?}");
        runs.push(answers);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn a_request_that_was_done_can_look_as_if_it_was_not() {
    for fault in [Fault::AnswerAfter(500), Fault::ResetResponse { after: 0 }] {
        let (proxy, whole) = echo().await;
        let hits = proxy.add(Rule::new(fault.clone()));
        let said = send(&proxy).await;
        assert!(
            said.as_ref().map_or(true, |(s, _)| s.as_u16() == 500),
            "{fault:?}: {said:?}"
        );
        assert_eq!((hits.count(), whole.load(Ordering::SeqCst)), (1, 1));
    }
}

#[tokio::test]
async fn a_request_can_break_in_the_middle() {
    let (proxy, whole) = echo().await;
    let hits = proxy.add(Rule::new(Fault::ResetRequest { after: 300_000 }));
    assert!(send(&proxy).await.is_err());
    assert_eq!((hits.count(), whole.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test]
async fn an_answer_can_break_in_the_middle() {
    for fault in [
        Fault::ResetResponse { after: 300_000 },
        Fault::Truncate { after: 300_000 },
    ] {
        let (proxy, whole) = echo().await;
        proxy.add(Rule::new(fault));
        let url = format!("{}/a", proxy.url());
        let answer = Client::new()
            .put(url)
            .body(vec![7; BYTES])
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.bytes().await.is_err());
        assert_eq!(whole.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn time_can_pass() {
    let (proxy, _) = echo().await;
    let third = Duration::from_millis(300);
    proxy.add(Rule::new(Fault::Delay(third)).times(1));
    proxy.add(
        Rule::new(Fault::Slow {
            bytes_per_s: 2_000_000,
        })
        .times(1),
    );
    for least in [third, third] {
        let begun = Instant::now();
        assert_eq!(send(&proxy).await.unwrap().1, BYTES);
        assert!(begun.elapsed() >= least);
    }
    for fault in [
        Fault::StallRequest { after: 9 },
        Fault::StallResponse { after: 9 },
    ] {
        let hits = proxy.add(Rule::new(fault).times(1));
        assert!(tokio::time::timeout(third, send(&proxy)).await.is_err());
        assert_eq!(hits.count(), 1);
    }
    assert_eq!(send(&proxy).await.unwrap().1, BYTES);
}

#[tokio::test]
async fn any_connection_can_be_cut_and_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::tcp(&listener.local_addr().unwrap().to_string())
        .await
        .unwrap();
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = peer.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    let greet = async || {
        let mut open = TcpStream::connect(proxy.address()).await?;
        open.write_all(b"hello").await?;
        let mut back = [0; 5];
        open.read_exact(&mut back).await?;
        assert_eq!(&back, b"hello");
        std::io::Result::Ok(open)
    };
    let mut open = greet().await.unwrap();
    proxy.cut();
    assert!(
        open.read(&mut [0; 1]).await.is_err(),
        "it is reset, not closed"
    );
    proxy.set_down(true);
    assert!(greet().await.is_err());
    proxy.set_down(false);
    greet().await.unwrap();
    let hits = proxy.add(Rule::new(Fault::ResetResponse { after: 3 }));
    assert!(greet().await.is_err());
    assert_eq!(hits.count(), 1);
}
