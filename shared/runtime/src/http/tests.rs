//! Requests through the whole stack of manners, around a router that knows nothing of them.

use super::*;
use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
    routing::{get, post},
};
use reelmill_domain::api::Problem;
use serde::Deserialize;
use std::collections::BTreeMap;
use tower::ServiceExt;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    name: String,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    size: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    limit: Option<u32>,
}

fn settings(listen: &str) -> HttpSettings {
    HttpSettings {
        public_url: Some("https://video.example.org/".parse().unwrap()),
        cors_origins: vec!["https://studio.example.com".into()],
        listen: listen.parse().unwrap(),
    }
}

fn app(settings: &HttpSettings) -> Router {
    let panics = || async {
        if true {
            panic!("a secret")
        }
    };
    let router = Router::new()
        .route(
            "/wish",
            post(|Json(w): Json<Wish>| async move {
                let sizes = w.parts.iter().map(|p| p.size).sum::<u32>();
                format!("{} {sizes}", w.name)
            }),
        )
        .route(
            "/n/{n}",
            get(|Path(n): Path<u32>| async move { n.to_string() }),
        )
        .route(
            "/search",
            get(|Query(s): Query<Search>| async move { format!("{:?}", s.limit) }),
        )
        .route("/panic", get(panics))
        .route(
            "/plain",
            get(|| async { (StatusCode::CONFLICT, "not now") }),
        );
    with_manners(router, settings)
}

async fn send(request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
    send_to(&settings("127.0.0.1:8080"), request).await
}

async fn send_to(
    settings: &HttpSettings,
    request: Request<Body>,
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let response = app(settings).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    (parts.status, parts.headers, body.to_vec())
}

async fn problem(request: Request<Body>) -> (u16, Problem, HeaderMap) {
    let (status, headers, body) = send(request).await;
    assert_eq!(headers["content-type"], PROBLEM_JSON);
    let problem: Problem = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem.status, status.as_u16());
    (status.as_u16(), problem, headers)
}

fn wish(body: impl Into<Body>) -> Request<Body> {
    Request::post("/wish")
        .header("content-type", "application/json; charset=utf-8")
        .body(body.into())
        .unwrap()
}

fn get_with(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn json_that_fits_goes_in() {
    let (status, headers, body) =
        send(wish(r#"{"name":"a","parts":[{"size":2},{"size":3}]}"#)).await;
    assert_eq!((status, body.as_slice()), (StatusCode::OK, &b"a 5"[..]));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(
        headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'self'")
    );
    assert!(headers.contains_key("x-request-id"));
}

#[tokio::test]
async fn json_that_does_not_fit_is_refused_with_its_field() {
    let cases: BTreeMap<&str, (u16, &str, Option<&str>)> = BTreeMap::from([
        ("{", (400, "malformed_json", None)),
        ("", (400, "malformed_json", None)),
        (r#"{"name":"a"} x"#, (400, "malformed_json", None)),
        (r#"{"name":1}"#, (422, "invalid_field", Some("name"))),
        ("[]", (422, "invalid_field", None)),
        ("[1", (400, "malformed_json", None)),
        (
            r#"{"name":"a","nam":1}"#,
            (422, "unknown_field", Some("nam")),
        ),
        (r#"{"parts":[]}"#, (422, "missing_field", Some("name"))),
        (
            r#"{"name":"a","parts":[{"size":1},{"size":-1}]}"#,
            (422, "invalid_field", Some("parts[1].size")),
        ),
        (
            r#"{"name":"a","parts":[{"size":1},{"big":1}]}"#,
            (422, "unknown_field", Some("parts[1].big")),
        ),
        (
            r#"{"name":"a","parts":[{}]}"#,
            (422, "missing_field", Some("parts[0].size")),
        ),
    ]);
    for (body, (status, code, field)) in cases {
        let (got, problem, _) = problem(wish(body)).await;
        assert_eq!(
            (got, problem.code.as_str(), problem.field.as_deref()),
            (status, code, field),
            "{body}"
        );
    }
    let deep = "[".repeat(100_000);
    assert_eq!(problem(wish(deep)).await.0, 400);
}

#[tokio::test]
async fn other_types_and_large_bodies_are_refused() {
    let form = Request::post("/wish")
        .header("content-type", "text/plain")
        .body(Body::from(r#"{"name":"a"}"#))
        .unwrap();
    let (status, problem_body, _) = problem(form).await;
    assert_eq!(
        (status, problem_body.code.as_str()),
        (415, "unsupported_media_type")
    );
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(JSON_LIMIT));
    let (status, problem_body, _) = problem(wish(large)).await;
    assert_eq!(
        (status, problem_body.code.as_str()),
        (413, "body_too_large")
    );
}

#[tokio::test]
async fn unknown_addresses_methods_and_values_are_problems() {
    let (status, p, _) = problem(get_with("/nowhere", &[])).await;
    assert_eq!((status, p.code.as_str()), (404, "not_found"));
    let (status, p, _) = problem(get_with("/n/many", &[])).await;
    assert_eq!((status, p.code.as_str()), (404, "not_found"));
    let (status, p, headers) = problem(get_with("/wish", &[])).await;
    assert_eq!((status, p.code.as_str()), (405, "method_not_allowed"));
    assert_eq!(headers["allow"], "POST");
    for (query, field) in [("limit=x", "limit"), ("limt=1", "limt")] {
        let (status, p, _) = problem(get_with(&format!("/search?{query}"), &[])).await;
        assert_eq!(
            (status, p.code.as_str(), p.field.as_deref()),
            (422, "invalid_query", Some(field))
        );
    }
    let (status, p, _) = problem(get_with("/plain", &[])).await;
    assert_eq!((status, p.detail.as_str()), (409, "not now"));
}

#[tokio::test]
async fn a_panic_is_a_problem_that_tells_nothing() {
    let (status, p, _) = problem(get_with("/panic", &[])).await;
    assert_eq!((status, p.code.as_str()), (500, "internal"));
    assert!(!p.detail.contains("secret"));
}

#[tokio::test]
async fn on_loopback_foreign_hosts_and_origins_are_refused() {
    let cases = [
        (&[("host", "evil.example:8080")][..], Some("foreign_host")),
        (&[("host", "127.0.0.1.evil.example")], Some("foreign_host")),
        (&[("host", "localhost@evil.example")], Some("foreign_host")),
        (&[("host", "localhost")], None),
        (&[("host", "LOCALHOST:1234")], None),
        (&[("host", "127.0.0.1:8080")], None),
        (&[("host", "[::1]:8080")], None),
        (&[("host", "video.example.org")], None),
        (
            &[
                ("host", "LocalHost:8080"),
                ("origin", "http://localhost:8080"),
            ],
            None,
        ),
        (
            &[
                ("host", "localhost:8080"),
                ("origin", "http://localhost:5173"),
            ],
            Some("foreign_origin"),
        ),
        (
            &[
                ("host", "localhost"),
                ("origin", "https://video.example.org"),
            ],
            None,
        ),
        (
            &[
                ("host", "localhost"),
                ("origin", "https://studio.example.com"),
            ],
            None,
        ),
        (
            &[("host", "localhost"), ("origin", "https://evil.example")],
            Some("foreign_origin"),
        ),
        (
            &[("host", "localhost"), ("origin", "null")],
            Some("foreign_origin"),
        ),
        (
            &[("host", "localhost"), ("sec-fetch-site", "cross-site")],
            None,
        ),
    ];
    for (headers, code) in cases {
        let request = get_with("/n/1", headers);
        match code {
            None => assert_eq!(send(request).await.0, 200, "{headers:?}"),
            Some(code) => {
                let (status, p, _) = problem(request).await;
                assert_eq!((status, p.code.as_str()), (403, code), "{headers:?}");
            }
        }
    }
    let mut form = wish("{}");
    form.headers_mut()
        .insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(problem(form).await.1.code, "foreign_origin");
    let public = settings("0.0.0.0:8080");
    let request = get_with("/n/1", &[("host", "anything.example")]);
    assert_eq!(send_to(&public, request).await.0, 200);
}

#[tokio::test]
async fn elsewhere_foreign_pages_may_change_nothing() {
    let public = settings("0.0.0.0:8080");
    let cases = [
        ("http://mill.lan:8080", true),
        ("https://video.example.org", true),
        ("https://studio.example.com", true),
        ("https://evil.example", false),
        ("null", false),
    ];
    for (origin, welcome) in cases {
        let mut form = wish("{}");
        let headers = form.headers_mut();
        headers.insert("host", "mill.lan:8080".parse().unwrap());
        headers.insert("origin", origin.parse().unwrap());
        let refused = send_to(&public, form).await.0 == 403;
        assert_eq!(!refused, welcome, "{origin}");
    }
    let look = get_with(
        "/n/1",
        &[
            ("host", "mill.lan:8080"),
            ("origin", "https://evil.example"),
        ],
    );
    assert_eq!(send_to(&public, look).await.0, 200);
}

#[tokio::test]
async fn configured_origins_may_call_and_read_the_tus_headers() {
    let origin = ("origin", "https://studio.example.com");
    let mut preflight = get_with(
        "/n/1",
        &[origin, ("access-control-request-method", "PATCH")],
    );
    *preflight.method_mut() = "OPTIONS".parse().unwrap();
    let (status, headers, _) = send(preflight).await;
    assert_eq!(status, 204);
    assert_eq!(headers["access-control-allow-origin"], origin.1);
    assert!(
        headers["access-control-allow-headers"]
            .to_str()
            .unwrap()
            .contains("Upload-Offset")
    );
    let (_, headers, _) = send(get_with("/n/1", &[origin])).await;
    assert!(
        headers["access-control-expose-headers"]
            .to_str()
            .unwrap()
            .contains("Upload-Offset")
    );
    let own = ("origin", "http://localhost:8080");
    let host = ("host", "localhost:8080");
    let (status, headers, _) = send(get_with("/n/1", &[host, own])).await;
    assert_eq!(status, 200);
    assert!(!headers.contains_key("access-control-allow-origin"));
}
