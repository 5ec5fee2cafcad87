//! Several webapps and statuses, one of which dies in the middle of what it does.

use super::support::{LONG, encoding, film, padded, plays, ran_once, short, source_is, sum};
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures::channel::mpsc;
use reelmill_tests::api::{Answer, Api, ended, id};
use reelmill_tests::cluster::Cluster;
use reelmill_tests::sse::{Event, Events};
use reelmill_tests::tus::Tus;
use reelmill_tests::wait::{secs, until};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Bytes of a part.
const PART: usize = 8 * 1024 * 1024;

/// A PATCH that goes on for as long as its sender says more.
fn patch_slowly(
    at: &Tus,
    offset: u64,
) -> (mpsc::UnboundedSender<Bytes>, JoinHandle<Result<Answer>>) {
    let (say, pieces) = mpsc::unbounded();
    let pieces = futures::StreamExt::map(pieces, Ok::<_, std::io::Error>);
    let at = at.clone();
    let body = reqwest::Body::wrap_stream(pieces);
    (
        say,
        tokio::spawn(async move { at.patch(offset, body).await }),
    )
}

/// Goes on as a client does until every byte is taken; the answers that were no 204.
async fn rest(at: &Tus, bytes: &[u8]) -> Result<Vec<u16>> {
    let begun = Instant::now();
    let mut refused = Vec::new();
    loop {
        let offset = at.offset().await?;
        let from = usize::try_from(offset)?;
        if from == bytes.len() {
            return Ok(refused);
        }
        let answer = at.patch(offset, bytes[from..].to_vec()).await?;
        if answer.status != 204 {
            refused.push(answer.status);
        }
        ensure!(begun.elapsed() < secs(60), "never whole: {refused:?}");
    }
}

#[tokio::test]
async fn an_upload_outlives_every_webapp_that_took_a_part_of_it() -> Result<()> {
    let mut cluster = Cluster::builder().webapps(2).start().await?;
    let dir = tempfile::tempdir()?;
    let film = short(&dir, "film.mp4").await?;
    let bytes = padded(&film, 3 * PART + 77, 1).await?;

    // Killed after every 204, at odd places around the ends of parts.
    let sizes = [1, PART - 2, 2, PART + 3, 5_000_001, usize::MAX];
    let upload = Tus::create(&cluster.webapp(0).api(), "a.mp4", bytes.len() as u64).await?;
    let mut from: usize = 0;
    for (n, size) in sizes.into_iter().enumerate() {
        let (here, there) = (n % 2, (n + 1) % 2);
        let webapp = cluster.webapp(here);
        webapp.ready().await?;
        let at = upload.at(&webapp.api());
        let offset = at.offset().await?;
        ensure!(
            offset == from as u64,
            "{offset} is known, {from} were taken"
        );
        let to = bytes.len().min(from.saturating_add(size));
        let answer = at.patch(offset, bytes[from..to].to_vec()).await?;
        ensure!(answer.status == 204, "{} {}", answer.status, answer.text);
        cluster.webapp(here).kill().await?;
        cluster.webapp(here).spawn()?;
        cluster.webapp(there).ready().await?;
        from = to;
    }
    ensure!(from == bytes.len());
    for n in 0..2 {
        cluster.webapp(n).ready().await?;
    }
    let api = cluster.api();
    let first = id(&api.submit(upload.id(), &["mkv"]).await?)?;
    source_is(&api.ends(&first, "completed", LONG).await?, &bytes)?;

    // Killed in the middle of a PATCH, once it has stored a part.
    let bytes = padded(&film, 2 * PART + 5, 2).await?;
    let upload = Tus::create(&cluster.webapp(0).api(), "b.mp4", bytes.len() as u64).await?;
    let (say, answer) = patch_slowly(&upload, 0);
    say.unbounded_send(Bytes::copy_from_slice(&bytes[..PART + 4321]))?;
    let stored =
        "SELECT CAST(COALESCE(MAX(`offset`), 0) AS SIGNED) FROM uploads WHERE complete = 0";
    until("what came to count", secs(60), || async {
        Ok((cluster.database().count(stored).await? > 0).then_some(()))
    })
    .await?;
    cluster.webapp(0).kill().await?;
    ensure!(answer.await?.is_err(), "a dead server answered");
    drop(say);
    let at = upload.at(&cluster.webapp(1).api());
    let offset = at.offset().await?;
    ensure!(offset > 0 && offset <= PART as u64 + 4321, "{offset}");
    rest(&at, &bytes).await?;
    let second = id(&api.submit(upload.id(), &["mkv"]).await?)?;
    source_is(&api.ends(&second, "completed", LONG).await?, &bytes)?;
    cluster.webapp(0).launch().await?;

    // Two at once: one of them is refused, and no byte is taken twice.
    let bytes = padded(&film, 2 * PART + 9, 3).await?;
    let upload = Tus::create(&cluster.webapp(0).api(), "c.mp4", bytes.len() as u64).await?;
    let replicas = [
        upload.at(&cluster.webapp(0).api()),
        upload.at(&cluster.webapp(1).api()),
    ];
    let (say, slow) = patch_slowly(&replicas[0], 0);
    say.unbounded_send(Bytes::copy_from_slice(&bytes[..100_000]))?;
    let locked = "SELECT COUNT(*) FROM uploads WHERE complete = 0 AND lock_token IS NOT NULL";
    until("the first to hold it", secs(30), || async {
        Ok((cluster.database().count(locked).await? == 1).then_some(()))
    })
    .await?;
    let quick = replicas[1].patch(0, bytes.clone()).await?;
    say.unbounded_send(Bytes::copy_from_slice(&bytes[100_000..200_000]))
        .ok();
    drop(say);
    // The first is refused in the middle of its body, which it may not live to read.
    let slow = slow.await?.map_or(0, |answer| answer.status);
    ensure!(slow != 204, "both were taken: {slow} {}", quick.status);
    ensure!(
        matches!(quick.status, 204 | 409 | 423),
        "{} {}",
        quick.status,
        quick.text
    );
    // And both at full speed, each wherever the other has left it.
    let (left, right) = tokio::join!(rest(&replicas[0], &bytes), rest(&replicas[1], &bytes));
    let refused: Vec<u16> = left?.into_iter().chain(right?).collect();
    ensure!(
        refused.iter().all(|status| matches!(status, 409 | 423)),
        "{refused:?}"
    );
    let third = id(&api.submit(upload.id(), &["mkv"]).await?)?;
    source_is(&api.ends(&third, "completed", LONG).await?, &bytes)?;
    cluster.finish().await
}

#[tokio::test]
async fn a_job_outlives_every_status() -> Result<()> {
    let mut cluster = Cluster::builder()
        .statuses(2)
        .set("tasks.lease_s", 4)
        .start()
        .await?;
    let api = cluster.api();
    let (_dir, film) = film(6).await?;
    let upload = api.upload_file(&film).await?;

    // One of two: the other goes on, and tells the story to its end.
    let job = id(&api.submit(&upload, &["mkv"]).await?)?;
    encoding(&cluster, &job).await?;
    let told = tell(cluster.status(1).api(), job.clone());
    cluster.status(0).kill().await?;
    let told = told.await??;
    let made = api.ends(&job, "completed", LONG).await?;
    plays(&api, &made, "mkv").await?;
    ran_once(&cluster, &job).await?;
    let whole: Vec<String> = told.into_iter().map(|(id, ..)| id).collect();
    let gaps = format!(
        "SELECT COUNT(*) FROM job_events WHERE job_id = UNHEX('{}')",
        job.replace('-', "")
    );
    let rows = cluster.database().count(&gaps).await?;
    ensure!(
        whole.len() == usize::try_from(rows)?,
        "{rows} told, {whole:?} heard"
    );

    // Both: it goes on once one is back.
    let job = id(&api.submit(&upload, &["mkv"]).await?)?;
    let worker = encoding(&cluster, &job).await?;
    cluster.status(1).kill().await?;
    let encoder = cluster.encoder(worker);
    ensure!(
        !encoder.media_tools().is_empty(),
        "it was no longer encoding"
    );
    until("the encode to end unheard", LONG, || {
        let ended = encoder.media_tools().is_empty();
        async move { Ok(ended.then_some(())) }
    })
    .await?;
    cluster.status(0).launch().await?;
    cluster.status(1).launch().await?;
    let made = api.ends(&job, "completed", LONG).await?;
    plays(&api, &made, "mkv").await?;
    ran_once(&cluster, &job).await?;
    ensure!(
        sum(&cluster, &job, "losses").await? == 0,
        "a lease was judged"
    );
    cluster.finish().await
}

#[tokio::test]
async fn a_job_that_was_written_but_not_told_is_done_all_the_same() -> Result<()> {
    let mut cluster = Cluster::builder().webapps(2).start().await?;
    let dir = tempfile::tempdir()?;
    let film = short(&dir, "film.mp4").await?;
    let doomed = cluster.webapp(0);
    doomed.terminate().await?;
    doomed.env("REELMILL_FAILPOINT", "webapp.after-commit");
    doomed.launch().await?;
    let (doomed, other) = (doomed.api(), cluster.webapp(1).api());
    let upload = other.upload_file(&film).await?;
    let body = json!({"source": {"upload": upload}, "outputs": [{"preset": "mkv"}]}).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "once"),
    ];
    let post = |api: Api| {
        let body = body.clone();
        async move { api.raw(Method::POST, "/api/v1/jobs", &headers, body).await }
    };
    ensure!(post(doomed).await.is_err(), "it answered");
    until("it to be dead", secs(10), || {
        let dead = cluster.webapp(0).has_ended();
        async move { Ok(dead?.then_some(())) }
    })
    .await?;
    let jobs = cluster
        .database()
        .count("SELECT COUNT(*) FROM jobs")
        .await?;
    ensure!(jobs == 1, "{jobs} jobs were written");
    let again = post(other).await?;
    ensure!(again.status == 200, "{} {}", again.status, again.text);
    let job = id(&again.json()?)?;
    let made = cluster.api().ends(&job, "completed", LONG).await?;
    plays(&cluster.api(), &made, "mkv").await?;
    ran_once(&cluster, &job).await?;
    let jobs = cluster
        .database()
        .count("SELECT COUNT(*) FROM jobs")
        .await?;
    ensure!(jobs == 1, "{jobs} jobs of one key");
    cluster.webapp(0).env("REELMILL_FAILPOINT", "");
    cluster.webapp(0).launch().await?;
    cluster.finish().await
}

/// A job's lasting events, to its end.
fn tell(api: Api, job: String) -> JoinHandle<Result<Vec<(String, String, Value)>>> {
    tokio::spawn(async move {
        let path = format!("/api/v1/jobs/{job}/events");
        // From the beginning, whatever happened before.
        let mut events = Events::open(&api, &path, Some("0")).await?;
        let is_end = |event: &Event| event.name == "job" && ended(&event.data);
        let heard = events.until(LONG, is_end).await?.into_iter();
        let lasting = heard.filter_map(|e| Some((e.id?, e.name, e.data)));
        Ok(lasting.collect())
    })
}

#[tokio::test]
async fn two_statuses_release_no_task_twice_and_tell_the_same() -> Result<()> {
    let mut cluster = Cluster::builder()
        .webapps(2)
        .statuses(2)
        .encoders(2)
        .set("encoder.slots", 2)
        .start()
        .await?;
    let api = cluster.api();
    let dir = tempfile::tempdir()?;
    let film = short(&dir, "film.mp4").await?;
    let upload = api.upload_file(&film).await?;
    let jobs = (0..24).map(|_| api.submit(&upload, &["audio-mp3"]));
    let jobs = futures::future::try_join_all(jobs).await?;
    let jobs: Vec<String> = jobs.iter().map(id).collect::<Result<_>>()?;
    let listeners: Vec<_> = (0..2)
        .map(|n| tell(cluster.status(n).api(), jobs[jobs.len() - 1].clone()))
        .collect();
    for job in &jobs {
        api.ends(job, "completed", LONG).await?;
        ran_once(&cluster, job).await?;
    }
    let mut told = Vec::new();
    for listener in listeners {
        told.push(listener.await??);
    }
    ensure!(told[0].len() > 3, "{:?}", told[0]);
    ensure!(told[0] == told[1], "{:?}\n{:?}", told[0], told[1]);
    for n in 0..2 {
        let page = cluster.status(n).api().download("/metrics").await?;
        let page = String::from_utf8(page)?;
        let released = page
            .lines()
            .any(|line| line.starts_with("reelmill_task_releases_total{"));
        ensure!(released, "only one status released tasks");
    }

    // One source of many jobs: all but one go, and that one still plays.
    let (kept, gone) = jobs.split_first().context("no jobs")?;
    for job in gone {
        let path = format!("/api/v1/jobs/{job}");
        api.ok(Method::DELETE, &path, None).await?;
    }
    let path = format!("/api/v1/uploads/{upload}");
    let forgotten = api
        .raw(Method::DELETE, &path, &[("tus-resumable", "1.0.0")], "")
        .await?;
    ensure!(
        forgotten.status == 204,
        "{} {}",
        forgotten.status,
        forgotten.text
    );
    cluster.at_rest().await?;
    let job = api.job(kept).await?;
    plays(&api, &job, "audio-mp3").await?;
    let sources = async || -> Result<usize> {
        let all = cluster.objects().list().await?;
        Ok(all.iter().filter(|o| o.key.starts_with("sources/")).count())
    };
    ensure!(sources().await? == 1, "the source went with another job");
    api.ok(Method::DELETE, &format!("/api/v1/jobs/{kept}"), None)
        .await?;
    until("the source to go with its last job", secs(60), || async {
        Ok((sources().await? == 0).then_some(()))
    })
    .await?;
    cluster.finish().await
}
