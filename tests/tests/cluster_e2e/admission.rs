//! A farm whose workers an operator admits, on the real executable: a new one gets nothing until he enables it.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::Api;
use reelmill_tests::clips;
use reelmill_tests::cluster::Cluster;
use reelmill_tests::setup::executable;
use reelmill_tests::wait::{secs, until};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

/// The worker of this name that was heard last, once it is in this state.
async fn worker(api: &Api, name: &str, state: &str) -> Result<Value> {
    until(&format!("{name} to be {state}"), secs(30), || async {
        let workers = api.get("/api/v1/workers").await?;
        let mut items = workers["items"].as_array().context("no items")?.iter();
        let newest = items.find(|w| w["name"] == name);
        Ok(newest.filter(|w| w["state"] == state).cloned())
    })
    .await
}

fn id(worker: &Value) -> Result<&str> {
    worker["id"].as_str().context("a worker without an id")
}

/// `reelmill workers ID ORDER`
async fn order(api: &Api, id: &str, order: &str) -> Result<()> {
    let done = Command::new(executable()?)
        .args(["workers", id, order, "--server", &api.url("")])
        .output()
        .await?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "workers {order}: {said}");
    Ok(())
}

/// How many tasks there are, and how often the one was released that was released most.
async fn releases(cluster: &Cluster) -> Result<(i64, i64)> {
    let count = async |what| {
        let sql = format!("SELECT CAST({what} AS SIGNED) FROM tasks");
        cluster.database().count(&sql).await
    };
    Ok((count("COUNT(*)").await?, count("MAX(attempt)").await?))
}

#[tokio::test]
async fn a_new_worker_gets_no_work_until_it_is_enabled() -> Result<()> {
    let mut cluster = Cluster::builder()
        .encoders(0)
        .set("workers.require_enable", "true")
        .start()
        .await?;
    for _ in 0..2 {
        cluster.add_encoder(&[]).await?;
    }
    let api = cluster.api();
    let first = worker(&api, "encoder-0", "disabled").await?;
    worker(&api, "encoder-1", "disabled").await?;

    let job = api.make(&clips::bunny(), &["avi", "audio-mp3"]).await?;
    let waits = "every worker of lane light is disabled; an operator must enable one";
    until("the job to say what it waits for", secs(30), || async {
        let job = api.job(&job).await?;
        Ok((job["waiting_for"] == waits).then_some(()))
    })
    .await?;
    ensure!(releases(&cluster).await? == (1, 0), "it was released");

    order(&api, id(&first)?, "enable").await?;
    let done = api.ends(&job, "completed", secs(120)).await?;
    ensure!(done["outputs"][0]["failures"] == 0, "{done:#}");
    let (tasks, most) = releases(&cluster).await?;
    ensure!(tasks > 2 && most == 1, "{tasks} tasks, {most} releases");
    let second = worker(&api, "encoder-1", "disabled").await?;
    ensure!(second["busy"] == 0, "{second:#}");

    // Once admitted, a name is: also after a restart of its process.
    cluster.encoder(0).kill().await?;
    cluster.encoder(0).launch().await?;
    let again = worker(&api, "encoder-0", "live").await?;
    ensure!(again["id"] != first["id"], "{again:#}");

    // The other way round, through the API.
    for (worker, wanted) in [(&again, "disabled"), (&second, "live")] {
        let path = format!("/api/v1/workers/{}", id(worker)?);
        api.ok(Method::PATCH, &path, Some(json!({ "state": wanted })))
            .await?;
    }
    worker(&api, "encoder-0", "disabled").await?;
    worker(&api, "encoder-1", "live").await?;
    let job = api.make(&clips::bunny(), &["audio-mp3"]).await?;
    api.ends(&job, "completed", secs(120)).await?;
    cluster.finish().await
}
