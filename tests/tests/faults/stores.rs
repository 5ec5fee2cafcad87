//! An object store that answers 500 and 503, breaks off in the middle of a part, and parts that nobody ends.

use super::support::{LONG, padded, plays, ran_once, short, source_is, sum};
use anyhow::{Context, Result, ensure};
use reelmill_faults::{Fault, Hits, Proxy, Rule};
use reelmill_tests::api::id;
use reelmill_tests::clips;
use reelmill_tests::cluster::{Cluster, Process, Servers};
use reelmill_tests::tus::Tus;
use reelmill_tests::wait::{secs, until};
use std::time::Duration;

/// Bytes of an upload of five parts (8 MiB each, the last one shorter).
const FIVE_PARTS: usize = 36 * 1024 * 1024;

/// A proxy before the S3 API of the shared Swift.
async fn proxy() -> Result<Proxy> {
    let servers = Servers::shared();
    let upstream = servers.get("SWIFT_S3")?;
    let upstream = upstream.trim_start_matches("http://").trim_end_matches('/');
    Ok(Proxy::http(upstream).await?)
}

/// What breaks while parts are stored: before the store sees them, in their middle, and after it has taken them. Between two
/// faults a request goes well, so that no part meets all of them.
fn broken_parts(proxy: &Proxy) -> Vec<(&'static str, Hits)> {
    let faults = [
        ("500", Fault::Answer(500)),
        (
            "reset in the middle of a part",
            Fault::ResetRequest { after: 3_000_000 },
        ),
        ("503", Fault::Answer(503)),
        ("503 although it is stored", Fault::AnswerAfter(503)),
        ("answer lost", Fault::ResetResponse { after: 0 }),
    ];
    let part = |fault| Rule::new(fault).method("PUT").target("partNumber=");
    let numbered = (0..).zip(faults);
    numbered
        .map(|(n, (name, fault))| (name, proxy.add(part(fault).skip(n).times(1))))
        .collect()
}

fn all_hit(hits: &[(&str, Hits)]) -> Result<()> {
    for (name, hits) in hits {
        ensure!(hits.count() > 0, "never happened: {name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_store_that_breaks_in_the_middle_of_parts_gets_every_byte_once() -> Result<()> {
    let proxy = proxy().await?;
    let cluster = Cluster::builder()
        .set("storage.endpoint", proxy.url())
        .start()
        .await?;
    let api = cluster.api();
    let dir = tempfile::tempdir()?;
    let film = short(&dir, "film.mp4").await?;

    // In one request.
    let bytes = padded(&film, FIVE_PARTS, 1).await?;
    let hits = broken_parts(&proxy);
    let upload = api.upload("put.mp4", bytes.clone()).await?;
    all_hit(&hits).context("PUT")?;
    let put = id(&api.submit(&upload, &["mkv"]).await?)?;
    source_is(&api.ends(&put, "completed", LONG).await?, &bytes)?;

    // By tus, the tail in an object of its own.
    let bytes = padded(&film, FIVE_PARTS, 2).await?;
    let hits = broken_parts(&proxy);
    let tail = proxy.add(
        Rule::new(Fault::Answer(503))
            .method("PUT")
            .target("/.tails/")
            .times(1),
    );
    let upload = Tus::create(&api, "tus.mp4", bytes.len() as u64).await?;
    let mut offset = 0;
    for size in [5_000_000, 9_000_000, FIVE_PARTS] {
        let to = bytes.len().min(offset + size);
        let answer = upload
            .patch(offset as u64, bytes[offset..to].to_vec())
            .await?;
        ensure!(answer.status == 204, "{} {}", answer.status, answer.text);
        offset = to;
    }
    all_hit(&hits).context("tus")?;
    ensure!(tail.count() > 0, "no tail was stored");
    let tus = id(&api.submit(upload.id(), &["mkv"]).await?)?;
    source_is(&api.ends(&tus, "completed", LONG).await?, &bytes)?;

    // While an encoder fetches its source and stores what it made, in parts.
    proxy.clear();
    let heavy = clips::heavy(dir.path(), "640x360", 6).await?;
    let upload = api.upload_file(&heavy).await?;
    let fetch = |fault| Rule::new(fault).method("GET").target("/sources/").times(1);
    let mut hits = broken_parts(&proxy);
    hits.push(("fetch 503", proxy.add(fetch(Fault::Answer(503)))));
    let reset = Fault::ResetResponse { after: 1_000_000 };
    hits.push(("fetch broken off", proxy.add(fetch(reset))));
    let short_read = Fault::Truncate { after: 500_000 };
    hits.push(("fetch cut short", proxy.add(fetch(short_read))));
    let job = id(&api.submit(&upload, &["avi"]).await?)?;
    let made = api.ends(&job, "completed", LONG).await?;
    all_hit(&hits).context("encoder")?;
    plays(&api, &made, "avi").await?;
    for job in [&put, &tus, &job] {
        ran_once(&cluster, job).await?;
    }
    cluster.finish().await
}

/// What a process counts under a name, over all its labels that contain `label`.
async fn counted(process: &Process, name: &str, label: &str) -> Result<f64> {
    let page = process.api().download("/metrics").await?;
    let page = String::from_utf8(page)?;
    let lines = page
        .lines()
        .filter(|line| line.starts_with(name) && line.contains(label));
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    Ok(values.sum())
}

#[tokio::test]
async fn what_a_killed_webapp_or_encoder_left_half_stored_is_aborted() -> Result<()> {
    let proxy = proxy().await?;
    let mut cluster = Cluster::builder()
        .webapps(2)
        .encoders(2)
        .set("storage.endpoint", proxy.url())
        .set("uploads.expire_s", 60)
        .set("tasks.lease_s", 3)
        .start()
        .await?;
    let api = cluster.api();
    let dir = tempfile::tempdir()?;
    let heavy = clips::heavy(dir.path(), "640x360", 6).await?;

    // webapp dies while a part is on its way; the client never returns.
    let stalled = Fault::StallRequest { after: 1_000_000 };
    let hit = proxy.add(
        Rule::new(stalled.clone())
            .method("PUT")
            .target("partNumber=")
            .skip(1)
            .times(1),
    );
    let bytes = clips::noise(3, FIVE_PARTS);
    let begun = Tus::create(&cluster.webapp(0).api(), "half.mp4", bytes.len() as u64).await?;
    let sending = {
        let begun = begun.clone();
        tokio::spawn(async move { begun.patch(0, bytes).await })
    };
    until("a part to be on its way", secs(60), || async {
        Ok((hit.count() > 0).then_some(()))
    })
    .await?;
    cluster.webapp(0).kill().await?;
    ensure!(
        sending.await?.is_err(),
        "the client got an answer from a dead server"
    );
    let left = cluster.objects().unfinished().await?;
    ensure!(left.len() == 1, "nothing was left half done: {left:?}");

    // So does an encoder.
    let upload = cluster.webapp(1).api().upload_file(&heavy).await?;
    let hit = proxy.add(
        Rule::new(stalled)
            .method("PUT")
            .target("partNumber=")
            .skip(1)
            .times(1),
    );
    let job = id(&api.submit(&upload, &["avi"]).await?)?;
    until("an encoder to store its part", LONG, || async {
        Ok((hit.count() > 0).then_some(()))
    })
    .await?;
    let victim = super::support::worker(&cluster, &job).await?;
    cluster.encoder(victim).kill().await?;
    let left = cluster.objects().unfinished().await?;
    ensure!(
        left.iter().any(|what| what.contains("work/")),
        "the encoder left nothing: {left:?}"
    );
    let made = api.ends(&job, "completed", LONG).await?;
    plays(&api, &made, "avi").await?;
    ensure!(
        sum(&cluster, &job, "losses").await? == 1,
        "its lease lapsed once"
    );
    cluster.encoder(victim).launch().await?;

    until("both to be aborted", secs(150), || async {
        let none = cluster.objects().unfinished().await?.is_empty();
        if !none {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Ok(none.then_some(()))
    })
    .await?;
    let swept = "reelmill_swept_total";
    let parts = counted(cluster.status(0), swept, "\"unfinished\"").await?;
    ensure!(parts == 1.0, "{parts} aborted by status");
    let uploads = counted(cluster.webapp(1), swept, "\"upload\"").await?;
    // The film itself may have had its minute, too.
    ensure!(uploads >= 1.0, "{uploads} swept by webapp");
    let answer = begun.at(&cluster.webapp(1).api()).patch(0, "x").await?;
    ensure!(answer.status == 410, "{} {}", answer.status, answer.text);
    cluster.webapp(0).launch().await?;
    cluster.finish().await
}
