//! Submission: what is granted, and what is refused with which field.

use crate::service::{Service, header, problem};
use reelmill_broker::Broker;
use reqwest::Response;
use serde_json::{Value, json};

#[tokio::test]
async fn a_job_is_made_of_an_upload_and_hinted() {
    let service = Service::start().await;
    let mut hints = service.broker.consume_jobs().await.unwrap();
    let upload = service.put("my clip.mov", "data").await;
    let body = json!({
        "source": {"upload": upload},
        "outputs": [{"preset": "mkv"}, {"preset": "mp4-720p"}, {"preset": "mp4-480p"}],
        "priority": 9, "strict": true, "expire_after_s": 3600, "metadata": {"a": [1, null]},
    });
    let answer = service.post("/api/v1/jobs", &body).await;
    assert_eq!(answer.status(), 201);
    let location = header(&answer, "location").unwrap();
    let job: Value = answer.json().await.unwrap();
    assert_eq!(
        location,
        format!("/api/v1/jobs/{}", job["id"].as_str().unwrap())
    );
    assert_eq!(
        (&job["name"], &job["state"]),
        (&"my clip.mov".into(), &"queued".into())
    );
    assert_eq!(
        (&job["priority"], &job["strict"]),
        (&9.into(), &true.into())
    );
    assert_eq!(job["metadata"], json!({"a": [1, null]}));
    assert_eq!(
        (&job["progress"], &job["position"]),
        (&json!(0.0), &1.into())
    );
    let outputs: Vec<_> = job["outputs"].as_array().unwrap().iter().collect();
    assert_eq!(
        outputs.iter().map(|o| &o["preset"]).collect::<Vec<_>>(),
        ["mkv", "mp4-720p", "mp4-480p"]
    );
    assert!(outputs.iter().all(|o| o["state"] == "waiting"));
    assert_eq!(job["source"]["bytes"], 4);
    let hint = hints.next().await.unwrap().message;
    assert_eq!(hint.job.to_string(), job["id"].as_str().unwrap());
    // The probe waits in the outbox.
    let id = hint.job;
    let tallies = reelmill_store::read::tallies(service.store.db(), &[id])
        .await
        .unwrap();
    assert_eq!(tallies.len(), 1);
    assert_eq!(
        (
            tallies[0].kind.as_str(),
            tallies[0].state.as_str(),
            tallies[0].tasks
        ),
        ("probe", "ready", 1)
    );
}

#[tokio::test]
async fn two_jobs_may_use_one_upload_and_keep_its_file() {
    let service = Service::start().await;
    let upload = service.put("a.mp4", "data").await;
    let first = service.job(&upload).await;
    let second = service.job(&upload).await;
    assert_eq!(first["source"]["id"], second["source"]["id"]);
    assert_ne!(first["id"], second["id"]);
    let path = format!("/api/v1/uploads/{upload}");
    assert_eq!(service.send("DELETE", &path, &[], "").await.status(), 204);
    problem(
        service.post("/api/v1/jobs", &wish(&upload)).await,
        404,
        "not_found",
    )
    .await;
    // A retry still finds the source: the jobs hold it.
    let id = first["id"].as_str().unwrap();
    assert_eq!(
        service
            .post(&format!("/api/v1/jobs/{id}/cancel"), &json!({}))
            .await
            .status(),
        200
    );
    let again = service
        .post(&format!("/api/v1/jobs/{id}/retry"), &json!({}))
        .await;
    assert_eq!(again.status(), 201);
}

/// Where in a trace a job was submitted.
async fn trace_of(service: &Service, job: Response) -> Option<String> {
    assert_eq!(job.status(), 201);
    let job: Value = job.json().await.unwrap();
    let id = job["id"].as_str().unwrap().parse().unwrap();
    let record = reelmill_store::read::job(service.store.db(), "", id).await;
    record
        .unwrap()
        .unwrap()
        .trace
        .map(|trace| trace.as_str().to_owned())
}

#[tokio::test]
async fn a_job_carries_on_the_trace_of_its_sender_or_of_its_upload_s_last_byte() {
    let service = Service::start().await;
    let mut hints = service.broker.consume_jobs().await.unwrap();
    let trace = |n: u8| format!("00-{}-00f067aa0ba902b7-01", format!("{n:02x}").repeat(16));
    let (first, last, sent) = (trace(1), trace(2), trace(3));
    let path = service.create(4).await;
    for (offset, trace) in [(0, &first), (2, &last)] {
        let header = [("traceparent", trace.as_str())];
        let answer = service.patch_with(&path, offset, &header, "ab").await;
        assert_eq!(answer.status(), 204);
    }
    let upload = path.rsplit('/').next().unwrap();
    let body = wish(upload).to_string();
    for (header, expected) in [
        (None, &last),
        (Some("nonsense"), &last),
        (Some(&*sent), &sent),
    ] {
        let json = ("content-type", "application/json");
        let headers: Vec<_> = [json]
            .into_iter()
            .chain(header.map(|trace| ("traceparent", trace)))
            .collect();
        let job = service
            .send("POST", "/api/v1/jobs", &headers, body.clone())
            .await;
        assert_eq!(trace_of(&service, job).await.as_ref(), Some(expected));
        let hint = hints.next().await.unwrap();
        let told = hint.message.trace.clone();
        let told = told.map(|trace| trace.as_str().to_owned());
        hint.ack().await.unwrap();
        assert_eq!(told.as_ref(), Some(expected));
    }
}

pub fn wish(upload: &str) -> Value {
    json!({"source": {"upload": upload}, "outputs": [{"preset": "mkv"}]})
}

fn with(upload: &str, field: &str, value: Value) -> Value {
    let mut body = wish(upload);
    body[field] = value;
    body
}

#[tokio::test]
async fn what_can_not_be_granted_is_refused_with_its_field() {
    let service = Service::start().await;
    let upload = service.put("a.mp4", "data").await;
    let many: Vec<_> = (0..33).map(|_| json!({"preset": "mkv"})).collect();
    let u = upload.as_str();
    let cases = [
        (
            json!({"outputs": [{"preset": "mkv"}]}),
            "missing_field",
            "source.upload",
        ),
        (json!({"source": {"upload": u}}), "missing_field", "outputs"),
        (with(u, "sourse", json!(1)), "unknown_field", "sourse"),
        (
            with(u, "source", json!({"upload": "x"})),
            "invalid_field",
            "source.upload",
        ),
        (with(u, "source", json!([u])), "invalid_field", "source"),
        (
            with(u, "source", json!({"uplaod": u})),
            "unknown_field",
            "source.uplaod",
        ),
        (with(u, "outputs", json!([])), "invalid_field", "outputs"),
        (with(u, "outputs", json!(many)), "invalid_field", "outputs"),
        (
            with(u, "outputs", json!([["mkv"]])),
            "invalid_field",
            "outputs[0]",
        ),
        (
            with(u, "outputs", json!([{"preset": 5}])),
            "invalid_field",
            "outputs[0].preset",
        ),
        (
            with(u, "outputs", json!([{"preset": "mkv"}, {"preset": "mkw"}])),
            "unknown_preset",
            "outputs[1].preset",
        ),
        (
            with(
                u,
                "outputs",
                json!([{"preset": {"container": "mkv", "vidoe": 1}}]),
            ),
            "invalid_preset",
            "outputs[0].preset",
        ),
        (
            with(u, "outputs", json!([{"preset": "hls"}])),
            "not_available_yet",
            "outputs[0].preset",
        ),
        (
            with(u, "outputs", json!([{"preset": "hevc-kvazaar"}])),
            "not_available_yet",
            "outputs[0].preset",
        ),
        (
            with(u, "name", json!("x".repeat(301))),
            "invalid_field",
            "name",
        ),
        (with(u, "name", json!(7)), "invalid_field", "name"),
        (with(u, "priority", json!(10)), "invalid_field", "priority"),
        (with(u, "priority", json!(-1)), "invalid_field", "priority"),
        (
            with(u, "expire_after_s", json!(59)),
            "invalid_field",
            "expire_after_s",
        ),
        (
            with(u, "metadata", json!({"a": "x".repeat(17_000)})),
            "invalid_field",
            "metadata",
        ),
        (with(u, "metadata", json!([])), "invalid_field", "metadata"),
        (
            with(u, "sources", json!([])),
            "not_available_yet",
            "sources",
        ),
        (
            with(u, "source", json!({"url": "http://x/"})),
            "not_available_yet",
            "source.url",
        ),
        (
            with(u, "source", json!({"object": "x"})),
            "not_available_yet",
            "source.object",
        ),
        (
            with(u, "callback_url", json!("http://x/")),
            "not_available_yet",
            "callback_url",
        ),
        (
            with(u, "notify_email", json!("a@b")),
            "not_available_yet",
            "notify_email",
        ),
        (
            with(u, "not_before", json!("2030-01-01T00:00:00Z")),
            "not_available_yet",
            "not_before",
        ),
        (
            with(u, "deadline", json!("2030-01-01T00:00:00Z")),
            "not_available_yet",
            "deadline",
        ),
        (
            with(u, "discard_larger", json!(true)),
            "not_available_yet",
            "discard_larger",
        ),
        (
            with(u, "destination", json!("x/")),
            "not_available_yet",
            "destination",
        ),
    ];
    for (body, code, field) in cases {
        let refused = problem(service.post("/api/v1/jobs", &body).await, 422, code).await;
        assert_eq!(refused["field"], field, "{body}");
    }
    let text = [("content-type", "application/json")];
    let answer = service
        .send("POST", "/api/v1/jobs", &text, "{\"source\":")
        .await;
    problem(answer, 400, "malformed_json").await;
    let answer = service
        .send("POST", "/api/v1/jobs", &[], wish(u).to_string())
        .await;
    problem(answer, 415, "unsupported_media_type").await;
}

#[tokio::test]
async fn an_upload_must_be_there_whole() {
    let service = Service::start().await;
    let path = service.create(5).await;
    let id = path.rsplit('/').next().unwrap();
    let refused = service.post("/api/v1/jobs", &wish(id)).await;
    problem(refused, 409, "upload_incomplete").await;
    let unknown = "0192f3a0-0000-7000-8000-000000000000";
    problem(
        service.post("/api/v1/jobs", &wish(unknown)).await,
        404,
        "not_found",
    )
    .await;
    let service = Service::start_with(0).await;
    let upload = service.put("a", "data").await;
    problem(
        service.post("/api/v1/jobs", &wish(&upload)).await,
        410,
        "upload_expired",
    )
    .await;
}

#[tokio::test]
async fn an_inline_preset_is_a_preset() {
    let service = Service::start().await;
    let upload = service.put("a.mp4", "data").await;
    let preset =
        json!({"container": "mp3", "audio": {"encoder": "libmp3lame", "bitrate_kbps": 96}});
    let body = with(&upload, "outputs", json!([{"preset": preset}]));
    let answer = service.post("/api/v1/jobs", &body).await;
    assert_eq!(answer.status(), 201);
    let job: Value = answer.json().await.unwrap();
    assert_eq!(job["outputs"][0]["preset"], "custom");
    let bad = json!({"container": "mp3", "audio": {"encoder": "libmp3lame", "bitrate_kbps": 1}});
    let body = with(&upload, "outputs", json!([{"preset": bad}]));
    let refused = problem(
        service.post("/api/v1/jobs", &body).await,
        422,
        "invalid_preset",
    )
    .await;
    assert_eq!(refused["field"], "outputs[0].preset.audio.bitrate_kbps");
}
