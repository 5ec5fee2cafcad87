//! Pages, presets, workers, figures.

use crate::{
    fake::Fake,
    world::{World, in_both_worlds, until},
};
use reelmill_domain::{event::JobEvent, lane::Lane};
use serde_json::Value;

in_both_worlds!(jobs_come_in_pages_and_bad_queries_are_refused);

async fn jobs_come_in_pages_and_bad_queries_are_refused(world: World) {
    let status = world.status().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, world.submit(&["mkv"]).await.id.to_string());
    }
    let (mut seen, mut next) = (Vec::new(), String::from("/api/v1/jobs?limit=2"));
    loop {
        let page = status.json(&next).await;
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|j| j["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        next = format!("/api/v1/jobs?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, made);
    assert_eq!(
        status.json("/api/v1/jobs?state=failed").await["items"],
        Value::Array(Vec::new())
    );
    for query in [
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=x",
        "state=x",
        "colour=red",
    ] {
        let response = status.get(&format!("/api/v1/jobs?{query}")).await;
        assert_eq!(response.status(), 422, "{query}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["code"], "invalid_query");
    }
    let unknown = status
        .get(&format!("/api/v1/jobs/{}", uuid::Uuid::now_v7()))
        .await;
    assert_eq!(unknown.status(), 404);
    assert_eq!(status.get("/api/v1/jobs/nonsense").await.status(), 404);
}

in_both_worlds!(presets_say_what_no_worker_can_make);

async fn presets_say_what_no_worker_can_make(world: World) {
    let status = world.status().await;
    let preset = async |name: &str| {
        let page = status.json("/api/v1/presets").await;
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|p| p["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(
        preset("mkv").await["unavailable_reason"],
        "No worker is running."
    );
    let _worker = Fake::start(&world, 1).await;
    until("the worker is heard", async || {
        (preset("mkv").await["available"] == true).then_some(())
    })
    .await;
    let av1 = preset("mp4-av1").await;
    assert_eq!(av1["available"], false);
    assert!(
        av1["unavailable_reason"]
            .as_str()
            .unwrap()
            .contains("libsvtav1"),
        "{av1}"
    );
    assert_eq!(av1["extension"], "mp4");
}

in_both_worlds!(workers_and_figures_show_what_runs);

async fn workers_and_figures_show_what_runs(world: World) {
    let status = world.status().await;
    let mut worker = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv"]).await;
    worker.work_off(&world, 1).await;
    let run = worker.take(&Lane::encode()).await;
    status.until_state(job.id, "encoding").await;
    worker.progress(&run, 0.25, 1).await;
    let busy = async || {
        let page = status.json("/api/v1/workers").await;
        let shown = page["items"][0].clone();
        (shown["tasks"][0]["progress"] == 0.25).then_some(shown)
    };
    let shown = until("the worker shows its task", busy).await;
    assert_eq!(shown["state"], "live");
    assert_eq!(shown["lanes"], serde_json::json!(["light", "encode"]));
    assert_eq!(
        (shown["slots"].as_u64(), shown["busy"].as_u64()),
        (Some(2), Some(1))
    );
    assert_eq!(shown["tasks"][0]["job"], job.id.to_string());
    let stats = status.json("/api/v1/stats").await;
    assert_eq!(stats["jobs"], serde_json::json!({"encoding": 1}));
    assert_eq!(
        stats["tasks"],
        serde_json::json!({"running": 1, "waiting": 1})
    );
    assert_eq!(stats["workers"], 1);
    drop(worker);
    let lost = async || {
        (status.json("/api/v1/workers").await["items"][0]["state"] == "lost").then_some(())
    };
    until("the worker is lost", lost).await;
    assert_eq!(status.json("/api/v1/stats").await["workers"], 0);
    // Its task waits for another worker, and the job says so; once held back, it says that.
    let waits =
        async |words: &str| (status.job(job.id).await["waiting_for"] == words).then_some(());
    until("the job says what it waits for", async || {
        waits("no live worker takes lane encode").await
    })
    .await;
    world.wish(job.id, JobEvent::SetPaused(true)).await;
    until("the job says that it is paused", async || {
        waits("it is paused").await
    })
    .await;
}
