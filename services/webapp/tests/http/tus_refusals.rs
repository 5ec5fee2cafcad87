//! tus requests that are wrong: the right status, a problem, and nothing changed.

use crate::service::{LARGEST, Service, header, problem};

const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
const OCTETS: (&str, &str) = ("content-type", "application/offset+octet-stream");

#[tokio::test]
async fn other_versions_are_told_ours() {
    let service = Service::start().await;
    let path = service.create(3).await;
    for (method, at) in [
        ("POST", "/api/v1/uploads"),
        ("PATCH", &path),
        ("HEAD", &path),
        ("DELETE", &path),
    ] {
        let headers = [
            ("tus-resumable", "0.2.2"),
            ("upload-length", "3"),
            OCTETS,
            ("upload-offset", "0"),
        ];
        let answer = service.send(method, at, &headers, "").await;
        assert_eq!(answer.status(), 412, "{method}");
        assert_eq!(header(&answer, "tus-version").as_deref(), Some("1.0.0"));
    }
    let answer = service
        .send("PATCH", &path, &[OCTETS, ("upload-offset", "0")], "abc")
        .await;
    problem(answer, 412, "unsupported_tus_version").await;
    let answer = service
        .send("POST", "/api/v1/uploads", &[("upload-length", "3")], "")
        .await;
    problem(answer, 412, "unsupported_tus_version").await;
    assert_eq!(service.offset(&path).await, 0);
}

#[tokio::test]
async fn wrong_pieces_change_nothing() {
    let service = Service::start().await;
    let path = service.create(5).await;
    assert_eq!(service.patch(&path, 0, "ab").await.status(), 204);
    for wrong in [0, 1, 3, 5, 600] {
        let answer = service.patch(&path, wrong, "xyz").await;
        assert_eq!(header(&answer, "upload-offset").as_deref(), Some("2"));
        problem(answer, 409, "wrong_offset").await;
    }
    let plain = service
        .send("PATCH", &path, &[TUS, ("upload-offset", "2")], "xyz")
        .await;
    problem(plain, 415, "unsupported_media_type").await;
    for offset in [
        "",
        "-1",
        "+2",
        "2.0",
        "two",
        "18446744073709551616",
        "9223372036854775808",
    ] {
        let answer = service
            .send(
                "PATCH",
                &path,
                &[TUS, OCTETS, ("upload-offset", offset)],
                "xyz",
            )
            .await;
        problem(answer, 400, "invalid_header").await;
    }
    problem(
        service.send("PATCH", &path, &[TUS, OCTETS], "xyz").await,
        400,
        "invalid_header",
    )
    .await;
    problem(service.patch(&path, 2, "wxyz").await, 413, "beyond_length").await;
    // The same without a Content-Length: found out while it streams.
    let stream = futures::stream::iter([Ok::<_, std::io::Error>("wx"), Ok("yz")]);
    let chunked = reqwest::Body::wrap_stream(stream);
    problem(service.patch(&path, 2, chunked).await, 413, "beyond_length").await;
    assert_eq!(service.offset(&path).await, 2);
    assert_eq!(service.patch(&path, 2, "cde").await.status(), 204);
    let view = service.json(&path).await;
    assert_eq!(std::fs::read(service.object(&view)).unwrap(), b"abcde");
}

#[tokio::test]
async fn wrong_creations_make_nothing() {
    let service = Service::start().await;
    let too_large = (LARGEST + 1).to_string();
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Headers<'_>, u16, &str); 8] = [
        (&[TUS], 400, "invalid_header"),
        (&[TUS, ("upload-length", "-1")], 400, "invalid_header"),
        (
            &[TUS, ("upload-length", "1"), ("upload-defer-length", "1")],
            400,
            "invalid_header",
        ),
        (&[TUS, ("upload-defer-length", "2")], 400, "invalid_header"),
        (
            &[
                TUS,
                ("upload-length", "1"),
                ("upload-metadata", "filename !!"),
            ],
            400,
            "invalid_header",
        ),
        (
            &[TUS, ("upload-length", &too_large)],
            413,
            "upload_too_large",
        ),
        (
            &[TUS, ("upload-length", "1"), ("upload-concat", "partial")],
            422,
            "not_available_yet",
        ),
        (&[], 415, "unsupported_media_type"),
    ];
    for (headers, status, code) in cases {
        let answer = service.send("POST", "/api/v1/uploads", headers, "").await;
        problem(answer, status, code).await;
    }
    // More bytes than announced come along with the creation.
    let headers = [TUS, OCTETS, ("upload-length", "2")];
    let answer = service
        .send("POST", "/api/v1/uploads", &headers, "abc")
        .await;
    problem(answer, 413, "beyond_length").await;
    assert_eq!(service.files(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn unknown_uploads_are_not_found() {
    let service = Service::start().await;
    for id in [
        "0192f3a0-0000-7000-8000-000000000000",
        "nonsense",
        "..%2F..%2Fetc%2Fpasswd",
    ] {
        let path = format!("/api/v1/uploads/{id}");
        problem(service.send("GET", &path, &[], "").await, 404, "not_found").await;
        problem(service.patch(&path, 0, "abc").await, 404, "not_found").await;
        problem(
            service.send("DELETE", &path, &[TUS], "").await,
            404,
            "not_found",
        )
        .await;
        assert_eq!(service.send("HEAD", &path, &[TUS], "").await.status(), 404);
    }
    let answer = service
        .send("PUT", "/api/v1/uploads/nonsense", &[], "")
        .await;
    assert!(header(&answer, "allow").unwrap().contains("PATCH"));
    problem(answer, 405, "method_not_allowed").await;
}
