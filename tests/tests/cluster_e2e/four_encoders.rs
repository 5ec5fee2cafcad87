//! One job list and one story, whichever replica is asked; the work is shared between all encoders.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::{self, Api};
use reelmill_tests::cluster::Cluster;
use reelmill_tests::sse::{Event, Events};
use reelmill_tests::wait::{secs, until};
use reelmill_tests::{clips, look};
use serde_json::Value;
use std::collections::BTreeSet;

const FOUR: [(&str, u64); 4] = [("avi", 132), ("mkv", 132), ("ogg", 132), ("webm", 132)];

fn is_end(event: &Event) -> bool {
    event.name == "job" && api::ended(&event.data)
}

/// The lasting events, in full.
fn story(events: &[Event]) -> Vec<(String, String, Value)> {
    let lasting = events.iter();
    lasting
        .filter_map(|e| Some((e.id.clone()?, e.name.clone(), e.data.clone())))
        .collect()
}

async fn listen(api: Api, job: String) -> Result<Vec<Event>> {
    let mut events = Events::open(&api, &format!("/api/v1/jobs/{job}/events"), None).await?;
    events.until(secs(180), is_end).await
}

#[tokio::test]
async fn four_encoders_share_one_job_and_every_replica_tells_the_same() -> Result<()> {
    let mut cluster = Cluster::builder()
        .webapps(2)
        .statuses(2)
        .encoders(4)
        .start()
        .await?;
    let api = cluster.api();
    let replicas = [cluster.status(0).api(), cluster.status(1).api()];
    let presets: Vec<&str> = FOUR.iter().map(|(preset, _)| *preset).collect();
    let job = api.make(&clips::bunny(), &presets).await?;

    let stories = [
        tokio::spawn(listen(replicas[0].clone(), job.clone())),
        tokio::spawn(listen(replicas[1].clone(), job.clone())),
        tokio::spawn(listen(api.clone(), job.clone())),
    ];
    // Four encodes of one slot each: every worker has one at the same time.
    until("all encoders to work at once", secs(60), || {
        let at_once = cluster
            .processes()
            .iter()
            .filter(|p| !p.media_tools().is_empty())
            .count();
        async move { Ok((at_once == 4).then_some(())) }
    })
    .await?;

    let done = api.ends(&job, "completed", secs(180)).await?;
    let mut told = Vec::new();
    for story_of in stories {
        told.push(story(&story_of.await??));
    }
    ensure!(told[0].len() >= 10, "{:?}", told[0]);
    ensure!(told[0] == told[1], "{:?}\n{:?}", told[0], told[1]);
    ensure!(told[0] == told[2], "{:?}\n{:?}", told[0], told[2]);

    for path in [
        format!("/api/v1/jobs/{job}"),
        "/api/v1/jobs".into(),
        "/api/v1/stats".into(),
    ] {
        let (one, two) = (replicas[0].get(&path).await?, replicas[1].get(&path).await?);
        ensure!(one == two, "{path}: {one:#}\n{two:#}");
    }
    let dir = tempfile::tempdir()?;
    for (preset, frames) in FOUR {
        let output = api::output(&done, preset)?;
        let url = output["url"].as_str().context("no URL")?;
        let file = look::file(dir.path(), preset, &api.download(url).await?)?;
        look::decodes(&file).await?;
        ensure!(
            look::frames(&look::probe(&file).await?)? == frames,
            "{preset}"
        );
    }
    cluster.finish().await
}

#[tokio::test]
async fn an_upload_goes_on_at_any_webapp() -> Result<()> {
    let mut cluster = Cluster::builder().webapps(2).encoders(1).start().await?;
    let bytes = tokio::fs::read(clips::bunny()).await?;
    let replicas = [cluster.webapp(0).api(), cluster.webapp(1).api()];
    let upload =
        reelmill_tests::tus::Tus::create(&replicas[0], "film.mp4", bytes.len() as u64).await?;
    let id = upload.id().to_owned();
    let mut offset = 0;
    for (n, piece) in bytes.chunks(bytes.len() / 5).enumerate() {
        let at = upload.at(&replicas[(n + 1) % 2]);
        ensure!(
            at.offset().await? == offset,
            "the other replica knows of another offset"
        );
        let answer = at.patch(offset, piece.to_vec()).await?;
        ensure!(answer.status == 204, "{} {}", answer.status, answer.text);
        offset += piece.len() as u64;
    }
    let api = cluster.api();
    let job = api::id(&api.submit(&id, &["audio-mp3"]).await?)?;
    let done = api.ends(&job, "completed", secs(60)).await?;
    let mut hash = sha2::Sha256::default();
    sha2::Digest::update(&mut hash, &bytes);
    let sum: String = sha2::Digest::finalize(hash)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    ensure!(
        done["source"]["sha256"] == sum.as_str(),
        "{}",
        done["source"]
    );
    cluster.finish().await
}

#[tokio::test]
async fn every_worker_is_known_to_every_replica() -> Result<()> {
    let mut cluster = Cluster::builder().statuses(2).encoders(2).start().await?;
    cluster.add_encoder(&[("encoder.slots", "3")]).await?;
    cluster.workers(3).await?;
    for n in 0..2 {
        let workers = cluster.status(n).api().get("/api/v1/workers").await?;
        let items = workers["items"].as_array().context("no items")?;
        let names: BTreeSet<&str> = items.iter().filter_map(|w| w["name"].as_str()).collect();
        ensure!(
            names == BTreeSet::from(["encoder-0", "encoder-1", "encoder-2"]),
            "{workers:#}"
        );
    }
    cluster.finish().await
}
