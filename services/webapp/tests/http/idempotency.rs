//! Two sends of one Idempotency-Key are one job.

use crate::{
    jobs::wish,
    service::{Service, problem},
};
use serde_json::Value;
use std::collections::BTreeSet;

async fn send(service: &Service, key: &str, body: &Value) -> reqwest::Response {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    service
        .send("POST", "/api/v1/jobs", &headers, body.to_string())
        .await
}

#[tokio::test]
async fn the_same_again_is_the_same_job() {
    let service = Service::start().await;
    let body = wish(&service.put("a.mp4", "data").await);
    let first = send(&service, "k", &body).await;
    assert_eq!(first.status(), 201);
    let first: Value = first.json().await.unwrap();
    let again = send(&service, "k", &body).await;
    assert_eq!(again.status(), 200);
    assert_eq!(again.json::<Value>().await.unwrap()["id"], first["id"]);
    let other = send(&service, "l", &body).await;
    assert_eq!(other.status(), 201);
    let mut changed = body.clone();
    changed["priority"] = 1.into();
    problem(
        send(&service, "k", &changed).await,
        422,
        "idempotency_key_reused",
    )
    .await;
    problem(
        send(&service, &"k".repeat(256), &body).await,
        400,
        "invalid_header",
    )
    .await;
    let path = format!("/api/v1/jobs/{}", first["id"].as_str().unwrap());
    assert_eq!(service.send("DELETE", &path, &[], "").await.status(), 204);
    problem(send(&service, "k", &body).await, 410, "job_deleted").await;
}

#[tokio::test]
async fn a_refused_wish_does_not_use_its_key_up() {
    let service = Service::start().await;
    let path = service.create(4).await;
    let body = wish(path.rsplit('/').next().unwrap());
    problem(send(&service, "k", &body).await, 409, "upload_incomplete").await;
    assert_eq!(service.patch(&path, 0, "data").await.status(), 204);
    assert_eq!(send(&service, "k", &body).await.status(), 201);
}

#[tokio::test]
async fn sends_at_the_same_time_are_one_job() {
    let service = Service::start().await;
    let body = wish(&service.put("a.mp4", "data").await);
    let sends = (0..16).map(|_| send(&service, "k", &body));
    let mut ids = BTreeSet::new();
    let mut made = 0;
    for answer in futures::future::join_all(sends).await {
        made += usize::from(answer.status() == 201);
        assert!(answer.status() == 201 || answer.status() == 200);
        let job: Value = answer.json().await.unwrap();
        ids.insert(job["id"].as_str().unwrap().to_owned());
    }
    assert_eq!((ids.len(), made), (1, 1));
    // And it outlives a crash.
    let service = service.crash().await;
    let again: Value = send(&service, "k", &body).await.json().await.unwrap();
    assert!(ids.contains(again["id"].as_str().unwrap()));
}
