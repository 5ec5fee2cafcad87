//! What a client gets wrong: the right status, a problem with a code, never a 500, never HTML.

use anyhow::{Context, Result, ensure};
use reelmill_tests::Setup;
use reqwest::Method;
use serde_json::{Value, json};

const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

#[tokio::test]
async fn wrong_requests_are_answered_as_problems() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let (get, post, put, patch, delete) = (
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    );
    let job = format!("/api/v1/jobs/{NOBODY}");
    let table: Vec<(&Method, String, Option<&str>, u16, &str)> = vec![
        (&get, "/api/v1/nothing".into(), None, 404, "not_found"),
        (&get, "/api/v2/jobs".into(), None, 404, "not_found"),
        (&get, job.clone(), None, 404, "not_found"),
        (
            &get,
            "/api/v1/jobs/not-an-id".into(),
            None,
            404,
            "not_found",
        ),
        (&get, format!("{job}/events"), None, 404, "not_found"),
        (
            &get,
            format!("/api/v1/uploads/{NOBODY}"),
            None,
            404,
            "not_found",
        ),
        (
            &get,
            format!("/media/{NOBODY}/{NOBODY}/x.mkv"),
            None,
            404,
            "not_found",
        ),
        (
            &get,
            "/media/../../etc/passwd".into(),
            None,
            404,
            "not_found",
        ),
        (&delete, job.clone(), None, 404, "not_found"),
        (&post, format!("{job}/cancel"), None, 404, "not_found"),
        (&post, format!("{job}/retry"), None, 404, "not_found"),
        (&patch, job.clone(), Some("{}"), 404, "not_found"),
        (
            &patch,
            format!("/api/v1/workers/{NOBODY}"),
            Some(r#"{"state":"draining"}"#),
            404,
            "not_found",
        ),
        (
            &put,
            "/api/v1/jobs".into(),
            Some("{}"),
            405,
            "method_not_allowed",
        ),
        (
            &delete,
            "/api/v1/presets".into(),
            None,
            405,
            "method_not_allowed",
        ),
        (
            &post,
            "/api/v1/jobs".into(),
            Some("{"),
            400,
            "malformed_json",
        ),
        (
            &post,
            "/api/v1/jobs".into(),
            Some(""),
            400,
            "malformed_json",
        ),
        (
            &post,
            "/api/v1/jobs".into(),
            Some("[]"),
            422,
            "invalid_field",
        ),
        (
            &post,
            "/api/v1/jobs".into(),
            Some("{}"),
            422,
            "missing_field",
        ),
        (
            &post,
            "/api/v1/jobs".into(),
            Some(r#"{"outputs":[],"surprise":1}"#),
            422,
            "unknown_field",
        ),
        (
            &patch,
            job,
            Some(r#"{"priority":"high"}"#),
            422,
            "invalid_field",
        ),
        (
            &get,
            "/api/v1/jobs?cursor=%00nonsense".into(),
            None,
            422,
            "invalid_query",
        ),
        (
            &get,
            "/api/v1/jobs?limit=-1".into(),
            None,
            422,
            "invalid_query",
        ),
        (
            &get,
            "/api/v1/jobs?limit=many".into(),
            None,
            422,
            "invalid_query",
        ),
    ];
    for (method, path, body, status, code) in table {
        let headers = [("content-type", "application/json")];
        let answer = api
            .raw(
                method.clone(),
                &path,
                if body.is_some() { &headers } else { &[] },
                body.unwrap_or_default().to_owned(),
            )
            .await?;
        answer
            .problem(status, code)
            .with_context(|| format!("{method} {path} {body:?}"))?;
    }
    let answer = api
        .raw(
            Method::POST,
            "/api/v1/jobs",
            &[("content-type", "text/plain")],
            "{}",
        )
        .await?;
    answer.problem(415, "unsupported_media_type")?;
    let huge = format!(r#"{{"name":"{}"}}"#, "x".repeat(3 << 20));
    let answer = api
        .raw(
            Method::POST,
            "/api/v1/jobs",
            &[("content-type", "application/json")],
            huge,
        )
        .await?;
    answer.problem(413, "body_too_large")?;
    server.finish().await
}

#[tokio::test]
async fn wrong_jobs_are_refused_by_the_field_at_fault() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let upload = api.upload("film.mp4", vec![1, 2, 3]).await?;
    let good = json!({"source": {"upload": upload}, "outputs": [{"preset": "mkv"}]});
    let with = |more: Value| {
        let mut body = good.clone();
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        body
    };
    let table = vec![
        (
            with(json!({"outputs": [{"preset": "betamax"}]})),
            422,
            "unknown_preset",
        ),
        (with(json!({"outputs": []})), 422, "invalid_field"),
        (
            with(json!({"outputs": vec![json!({"preset": "mkv"}); 33]})),
            422,
            "invalid_field",
        ),
        (
            with(json!({"outputs": [{"preset": "mkv", "quality": 3}]})),
            422,
            "unknown_field",
        ),
        (
            with(json!({"outputs": [{"preset": 7}]})),
            422,
            "invalid_field",
        ),
        (with(json!({"outputs": "mkv"})), 422, "invalid_field"),
        (with(json!({"priority": 10})), 422, "invalid_field"),
        (with(json!({"priority": -1})), 422, "invalid_field"),
        (with(json!({"expire_after_s": 1})), 422, "invalid_field"),
        (
            with(json!({"metadata": {"x": "y".repeat(20_000)}})),
            422,
            "invalid_field",
        ),
        (with(json!({"source": {}})), 422, "missing_field"),
        (
            with(json!({"source": {"upload": "nonsense"}})),
            422,
            "invalid_field",
        ),
        (
            with(json!({"source": {"upload": NOBODY}})),
            404,
            "not_found",
        ),
        (
            with(json!({"source": {"upload": upload, "url": "http://example.org/x"}})),
            422,
            "not_available_yet",
        ),
        // What later issues bring.
        (
            with(json!({"source": {"url": "http://127.0.0.1:1/film.mp4"}})),
            422,
            "not_available_yet",
        ),
        (
            with(json!({"source": {"object": "films/one.mp4"}})),
            422,
            "not_available_yet",
        ),
        (
            with(json!({"callback_url": "http://127.0.0.1:1/"})),
            422,
            "not_available_yet",
        ),
        (
            with(json!({"notify_email": "me@example.org"})),
            422,
            "not_available_yet",
        ),
        (
            with(json!({"not_before": "2030-01-01T00:00:00Z"})),
            422,
            "not_available_yet",
        ),
        (
            with(json!({"deadline": "2030-01-01T00:00:00Z"})),
            422,
            "not_available_yet",
        ),
        (
            with(json!({"discard_larger": true})),
            422,
            "not_available_yet",
        ),
        (
            with(json!({"destination": "films/"})),
            422,
            "not_available_yet",
        ),
        (
            with(json!({"outputs": [{"preset": "hls"}]})),
            422,
            "not_available_yet",
        ),
        (
            with(json!({"outputs": [{"preset": "dash"}]})),
            422,
            "not_available_yet",
        ),
        (
            with(json!({"outputs": [{"preset": "hevc-kvazaar"}]})),
            422,
            "not_available_yet",
        ),
        (
            json!({"sources": [{"upload": upload}], "outputs": [{"preset": "mkv"}]}),
            422,
            "not_available_yet",
        ),
    ];
    for (body, status, code) in table {
        let answer = api
            .call(Method::POST, "/api/v1/jobs", Some(body.clone()))
            .await?;
        let shown: String = body.to_string().chars().take(300).collect();
        answer.problem(status, code).with_context(|| shown)?;
    }
    let listed = api.get("/api/v1/jobs").await?;
    ensure!(
        listed["items"] == json!([]),
        "something refused was made: {listed:#}"
    );
    server.finish().await
}

#[tokio::test]
async fn an_upload_that_is_not_complete_makes_no_job() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let tus = reelmill_tests::tus::Tus::create(&api, "half.mp4", 100).await?;
    let body = json!({"source": {"upload": tus.id()}, "outputs": [{"preset": "mkv"}]});
    api.call(Method::POST, "/api/v1/jobs", Some(body))
        .await?
        .problem(409, "upload_incomplete")?;
    server.finish().await
}

#[tokio::test]
async fn two_sends_of_one_idempotency_key_are_one_job() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let upload = api.upload("film.mp4", vec![1, 2, 3]).await?;
    let body = |preset: &str| {
        json!({"source": {"upload": upload}, "outputs": [{"preset": preset}]}).to_string()
    };
    let send = async |preset: &str, key: &str| {
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        api.raw(Method::POST, "/api/v1/jobs", &headers, body(preset))
            .await
    };
    let (one, two) = tokio::join!(send("mkv", "key-1"), send("mkv", "key-1"));
    let (one, two) = (one?, two?);
    ensure!(
        [201, 200].contains(&one.status) && [201, 200].contains(&two.status),
        "{} {}",
        one.text,
        two.text
    );
    ensure!(one.json()?["id"] == two.json()?["id"], "two jobs");
    ensure!(one.location.is_some() && one.location == two.location);
    let answer = send("avi", "key-1").await?;
    ensure!(answer.status == 422, "{} {}", answer.status, answer.text);
    let other = send("mkv", "key-2").await?;
    ensure!(other.json()?["id"] != one.json()?["id"]);
    ensure!(
        api.get("/api/v1/jobs").await?["items"]
            .as_array()
            .map(Vec::len)
            == Some(2)
    );
    server.finish().await
}
