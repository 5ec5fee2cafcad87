//! What every answer of a listener on loopback has to do with browsers; and routes shared with another router.

use crate::service::{Service, header, problem};
use axum::{Router, routing::get};
use reelmill_runtime::http::{HttpSettings, with_manners};
use utoipa_axum::{router::OpenApiRouter, routes};

#[tokio::test]
async fn foreign_hosts_and_origins_reach_nothing() {
    let service = Service::start().await;
    for path in ["/", "/api/v1/uploads", "/nowhere"] {
        let answer = service
            .send("GET", path, &[("host", "rebound.example:80")], "")
            .await;
        problem(answer, 403, "foreign_host").await;
    }
    let foreign = [
        ("origin", "https://evil.example"),
        ("tus-resumable", "1.0.0"),
        ("upload-length", "3"),
    ];
    let answer = service.send("POST", "/api/v1/uploads", &foreign, "").await;
    problem(answer, 403, "foreign_origin").await;
    let preflight = [
        ("origin", "https://evil.example"),
        ("access-control-request-method", "POST"),
    ];
    let answer = service
        .send("OPTIONS", "/api/v1/uploads", &preflight, "")
        .await;
    problem(answer, 403, "foreign_origin").await;
    let own = [
        ("origin", service.base.as_str()),
        ("tus-resumable", "1.0.0"),
        ("upload-length", "3"),
    ];
    let answer = service.send("POST", "/api/v1/uploads", &own, "").await;
    assert_eq!(answer.status(), 201);
    assert_eq!(
        header(&answer, "x-content-type-options").as_deref(),
        Some("nosniff")
    );
    assert!(header(&answer, "content-security-policy").is_some());
    assert!(header(&answer, "x-request-id").is_some());
}

#[utoipa::path(get, path = "/api/v1/jobs/{id}", responses((status = 200)))]
async fn read_side() -> &'static str {
    "read"
}

#[utoipa::path(patch, path = "/api/v1/jobs/{id}", responses((status = 200)))]
async fn write_side() -> &'static str {
    "written"
}

/// The single process merges the routers of webapp and status, which share paths.
#[tokio::test]
async fn two_routers_may_share_a_path() {
    let reads = OpenApiRouter::new().routes(routes!(read_side));
    let writes = OpenApiRouter::new().routes(routes!(write_side));
    let (router, api): (Router, _) = OpenApiRouter::new()
        .merge(reads)
        .merge(writes)
        .split_for_parts();
    let path = &api.paths.paths["/api/v1/jobs/{id}"];
    assert!(path.get.is_some() && path.patch.is_some());
    let router = router.route("/page", get(async || "page"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = listener.local_addr().unwrap();
    let settings = HttpSettings {
        public_url: None,
        cors_origins: Vec::new(),
        listen,
    };
    let server =
        tokio::spawn(async move { axum::serve(listener, with_manners(router, &settings)).await });
    let http = reqwest::Client::new();
    let url = format!("http://{listen}/api/v1/jobs/x");
    let read = http.get(&url).send().await.unwrap();
    assert_eq!(read.text().await.unwrap(), "read");
    let written = http.patch(&url).send().await.unwrap();
    assert_eq!(written.text().await.unwrap(), "written");
    let refused = http.put(&url).send().await.unwrap();
    let allow = header(&refused, "allow").unwrap();
    assert!(allow.contains("GET") && allow.contains("PATCH"), "{allow}");
    problem(refused, 405, "method_not_allowed").await;
    server.abort();
}
