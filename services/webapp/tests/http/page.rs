//! The page is served from inside the executable.

use crate::service::{Service, header, problem};

#[tokio::test]
async fn the_page_is_there_and_asked_for_again() {
    let service = Service::start().await;
    let answer = service.send("GET", "/", &[], "").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        header(&answer, "content-type").as_deref(),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(
        header(&answer, "cache-control").as_deref(),
        Some("no-cache")
    );
    assert_eq!(header(&answer, "vary").as_deref(), Some("accept-encoding"));
    let tag = header(&answer, "etag").unwrap();
    let html = answer.text().await.unwrap();
    assert!(html.contains("Reelmill"));
    let again = service
        .send("GET", "/", &[("if-none-match", &tag)], "")
        .await;
    assert_eq!(again.status(), 304);
    assert_eq!(service.send("HEAD", "/", &[], "").await.status(), 200);
    problem(
        service.send("POST", "/", &[], "").await,
        405,
        "method_not_allowed",
    )
    .await;
    problem(
        service.send("GET", "/index.htm", &[], "").await,
        404,
        "not_found",
    )
    .await;
    problem(
        service
            .send("GET", "/assets/..%2f..%2fetc%2fpasswd", &[], "")
            .await,
        404,
        "not_found",
    )
    .await;
    // Everything that the page names itself.
    for part in html.split('"').filter(|part| part.starts_with("/assets/")) {
        let packed = service
            .send("GET", part, &[("accept-encoding", "br, gzip")], "")
            .await;
        assert_eq!(packed.status(), 200, "{part}");
        let caching = header(&packed, "cache-control").unwrap();
        assert_eq!(caching, "public, max-age=31536000, immutable");
        let plain = service
            .send("GET", part, &[("accept-encoding", "gzip;q=0")], "")
            .await;
        assert_eq!(header(&plain, "content-encoding"), None);
        if header(&packed, "content-encoding").as_deref() == Some("gzip") {
            let (packed, plain) = (packed.bytes().await.unwrap(), plain.bytes().await.unwrap());
            assert!(packed.len() < plain.len(), "{part}");
        }
    }
}
