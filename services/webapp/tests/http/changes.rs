//! Cancel, retry, patch, delete; and the wishes for workers.

use crate::service::{Service, problem};
use reelmill_broker::Broker;
use reelmill_domain::{
    event::Telling,
    id::{JobId, WorkerId},
    lane::Lane,
    worker::{Abilities, LaneSlots, WorkerInfo},
};
use reelmill_store::{events, read, refs, renew};
use serde_json::{Value, json};

const NOBODY: &str = "/api/v1/jobs/0192f3a0-0000-7000-8000-000000000000";

#[tokio::test]
async fn a_cancelled_job_stays_so() {
    let service = Service::start().await;
    let upload = service.put("a.mp4", "data").await;
    let job = service.job(&upload).await;
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    for _ in 0..2 {
        let answer = service.post(&format!("{path}/cancel"), &json!({})).await;
        assert_eq!(answer.status(), 200);
        let job: Value = answer.json().await.unwrap();
        assert_eq!(
            (&job["state"], &job["progress"]),
            (&"cancelled".into(), &json!(1.0))
        );
        assert_eq!(job["outputs"][0]["state"], "cancelled");
    }
    let patch = service
        .send_json("PATCH", &path, &json!({"priority": 1}))
        .await;
    problem(patch, 409, "job_ended").await;
    problem(
        service.post(&format!("{NOBODY}/cancel"), &json!({})).await,
        404,
        "not_found",
    )
    .await;
}

#[tokio::test]
async fn a_retry_is_a_new_job_of_what_was_not_published() {
    let service = Service::start().await;
    let upload = service.put("a.mp4", "data").await;
    let job = service.job(&upload).await;
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    let early = service.post(&format!("{path}/retry"), &json!({})).await;
    problem(early, 409, "job_not_ended").await;
    service.post(&format!("{path}/cancel"), &json!({})).await;
    let answer = service.post(&format!("{path}/retry"), &json!({})).await;
    assert_eq!(answer.status(), 201);
    let again: Value = answer.json().await.unwrap();
    assert_eq!(
        (&again["retry_of"], &again["state"]),
        (&job["id"], &"queued".into())
    );
    assert_eq!(again["source"]["id"], job["source"]["id"]);
    assert_ne!(again["outputs"][0]["id"], job["outputs"][0]["id"]);
    problem(
        service.post(&format!("{NOBODY}/retry"), &json!({})).await,
        404,
        "not_found",
    )
    .await;
}

#[tokio::test]
async fn a_retry_needs_its_source() {
    let service = Service::start().await;
    let upload = service.put("a.mp4", "data").await;
    let job = service.job(&upload).await;
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    service.post(&format!("{path}/cancel"), &json!({})).await;
    // The upload expires, and the job's source had its time.
    service
        .send("DELETE", &format!("/api/v1/uploads/{upload}"), &[], "")
        .await;
    let id: JobId = job["id"].as_str().unwrap().parse().unwrap();
    refs::release(service.store.db(), refs::Holder::Job(id))
        .await
        .unwrap();
    let taken = reelmill_store::sweep::take_doomed(&service.store, 10)
        .await
        .unwrap();
    assert_eq!(taken.len(), 1);
    let answer = service.post(&format!("{path}/retry"), &json!({})).await;
    problem(answer, 410, "source_gone").await;
}

#[tokio::test]
async fn a_job_changes_as_its_owner_says() {
    let service = Service::start().await;
    let upload = service.put("a.mp4", "data").await;
    let job = service.job(&upload).await;
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    let patch = json!({"priority": 0.0, "paused": true, "name": " new\n name "});
    let answer = service.send_json("PATCH", &path, &patch).await;
    assert_eq!(answer.status(), 200);
    let job: Value = answer.json().await.unwrap();
    assert_eq!(
        (&job["priority"], &job["paused"]),
        (&0.into(), &true.into())
    );
    assert_eq!(job["name"], "new name");
    for (patch, code, field) in [
        (json!({"priority": 10}), "invalid_field", "priority"),
        (json!({"paused": "yes"}), "invalid_field", "paused"),
        (json!({"name": "x".repeat(301)}), "invalid_field", "name"),
        (json!({"nmae": "x"}), "unknown_field", "nmae"),
    ] {
        let refused = service.send_json("PATCH", &path, &patch).await;
        assert_eq!(problem(refused, 422, code).await["field"], field);
    }
    assert_eq!(
        service.send_json("PATCH", &path, &json!({})).await.status(),
        200
    );
    let unnamed = service
        .send_json("PATCH", &path, &json!({"name": " \n"}))
        .await;
    assert_eq!(unnamed.json::<Value>().await.unwrap()["name"], "a.mp4");
    let nobody = service.send_json("PATCH", NOBODY, &json!({})).await;
    problem(nobody, 404, "not_found").await;
}

#[tokio::test]
async fn a_deleted_job_is_gone_and_told_so() {
    let service = Service::start().await;
    let mut hints = service.broker.consume_jobs().await.unwrap();
    let upload = service.put("a.mp4", "data").await;
    let job = service.job(&upload).await;
    let id: JobId = job["id"].as_str().unwrap().parse().unwrap();
    let path = format!("/api/v1/jobs/{id}");
    service
        .send("DELETE", &format!("/api/v1/uploads/{upload}"), &[], "")
        .await;
    assert_eq!(service.send("DELETE", &path, &[], "").await.status(), 204);
    problem(
        service.send("DELETE", &path, &[], "").await,
        404,
        "not_found",
    )
    .await;
    problem(
        service.post(&format!("{path}/cancel"), &json!({})).await,
        404,
        "not_found",
    )
    .await;
    let db = service.store.db();
    assert!(read::job(db, "", id).await.unwrap().is_none());
    assert!(read::tallies(db, &[id]).await.unwrap().is_empty());
    for _ in 0..2 {
        let hint = hints.next().await.unwrap();
        assert_eq!(hint.message.job, id);
        hint.ack().await.unwrap();
    }
    // Its source has lost its last holder: nobody can hold it again once the sweeper has taken it.
    let doomed = reelmill_store::sweep::take_doomed(&service.store, 10)
        .await
        .unwrap();
    assert_eq!(doomed.len(), 1);
    let holder = refs::Holder::Job(id);
    assert!(refs::hold(db, doomed[0].0, holder).await.is_err());
    let told = events::of_job(db, id, 0, 100).await.unwrap();
    assert_eq!(told.last().unwrap().telling, Telling::Deleted);
}

#[tokio::test]
async fn a_worker_is_told_what_is_wanted() {
    let service = Service::start().await;
    let info = WorkerInfo {
        id: WorkerId(uuid::Uuid::now_v7()),
        name: "one".into(),
        version: "1".into(),
        lanes: vec![LaneSlots {
            lane: Lane::encode(),
            slots: 2,
            free: 2,
        }],
        abilities: Abilities::default(),
        draining: false,
    };
    renew::renew(
        &service.store,
        &info,
        &[],
        10_000,
        reelmill_store::workers::Admission::Open,
    )
    .await
    .unwrap();
    let path = format!("/api/v1/workers/{}", info.id);
    for state in ["draining", "disabled", "live"] {
        let answer = service
            .send_json("PATCH", &path, &json!({"state": state}))
            .await;
        assert_eq!(answer.status(), 200);
        let worker: Value = answer.json().await.unwrap();
        assert_eq!(
            (&worker["state"], &worker["slots"]),
            (&state.into(), &2.into())
        );
    }
    for (state, code) in [("lost", "invalid_field"), ("gone", "invalid_field")] {
        let answer = service
            .send_json("PATCH", &path, &json!({"state": state}))
            .await;
        assert_eq!(problem(answer, 422, code).await["field"], "state");
    }
    let path = "/api/v1/workers/0192f3a0-0000-7000-8000-000000000000";
    let answer = service
        .send_json("PATCH", path, &json!({"state": "live"}))
        .await;
    problem(answer, 404, "not_found").await;
}
