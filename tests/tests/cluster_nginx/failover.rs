//! Several replicas behind the front: one that is gone is passed over, and no upload is ever sent twice.

use crate::stands::{Service, Store};
use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::{StreamExt, stream};
use reelmill_tests::cluster::Front;
use reelmill_tests::port;
use reelmill_tests::wait::{secs, until_true};
use reqwest::{Body, Method};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::SeqCst;

#[tokio::test]
async fn replicas_share_the_work_and_cover_for_each_other() -> Result<()> {
    let store = Store::start().await?;
    let webapp = Service::start("webapp", &store).await?;
    let replicas = [
        Service::start("one", &store).await?,
        Service::start("two", &store).await?,
    ];
    let ports = [replicas[0].port, replicas[1].port];
    let front = Front::start(&[webapp.port], &ports).await?;
    let api = front.api();
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        seen.insert(api.get("/api/v1/jobs").await?["service"].to_string());
    }
    ensure!(seen.len() == 2, "only {seen:?} answered");
    replicas[0].die();
    for _ in 0..20 {
        let told = api.get("/api/v1/jobs").await?;
        ensure!(told["service"] == "two", "{told}");
    }
    Ok(())
}

#[tokio::test]
async fn a_write_passes_over_a_replica_that_refuses() -> Result<()> {
    let store = Store::start().await?;
    let webapp = Service::start("webapp", &store).await?;
    let front = Front::start(&[port::free()?, webapp.port], &[webapp.port]).await?;
    for _ in 0..6 {
        let api = front.api();
        let answer = api.raw(Method::POST, "/api/v1/jobs", &[], "{}").await?;
        ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
        let answer = api
            .raw(Method::PATCH, "/api/v1/uploads/x", &[], "abc")
            .await?;
        ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
    }
    ensure!(webapp.told.requests.load(SeqCst) == 12);
    Ok(())
}

#[tokio::test]
async fn an_upload_whose_replica_dies_is_not_sent_again() -> Result<()> {
    let store = Store::start().await?;
    for method in [Method::PUT, Method::PATCH, Method::POST] {
        let replicas = [
            Service::start("one", &store).await?,
            Service::start("two", &store).await?,
        ];
        let ports = [replicas[0].port, replicas[1].port];
        let front = Front::start(&ports, &ports).await?;
        let api = front.api();
        // Three pieces, then silence: the body stands open when its replica dies.
        let piece = Bytes::from(vec![7_u8; 64 * 1024]);
        let pieces =
            stream::iter(0..3).map(move |_| Ok::<_, std::convert::Infallible>(piece.clone()));
        let body = Body::wrap_stream(pieces.chain(stream::pending()));
        let sending =
            tokio::spawn(async move { api.raw(method, "/api/v1/uploads/x", &[], body).await });
        let bytes = |n: usize| replicas[n].told.bytes.load(SeqCst);
        until_true("the upload to arrive", secs(5), || {
            bytes(0) + bytes(1) == 3 * 64 * 1024
        })
        .await?;
        let (hit, other) = if bytes(0) > 0 { (0, 1) } else { (1, 0) };
        replicas[hit].die();
        let answer = sending.await?;
        let refused = answer.as_ref().map_or(true, |a| a.status >= 500);
        ensure!(refused, "{answer:?}");
        let again = replicas[other].told.requests.load(SeqCst);
        ensure!(again == 0, "the other replica got {again} requests");
    }
    Ok(())
}

#[tokio::test]
async fn without_any_replica_the_front_says_so() -> Result<()> {
    let front = Front::start(&[port::free()?], &[port::free()?]).await?;
    let api = front.api();
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/api/v1/jobs"),
        (Method::POST, "/api/v1/jobs"),
        (Method::PUT, "/api/v1/uploads"),
        (Method::GET, "/api/v1/events"),
        (Method::GET, "/media/a/b/c.mkv"),
    ] {
        let answer = api.raw(method, path, &[], "").await?;
        answer.problem(503, "unavailable")?;
    }
    Ok(())
}
