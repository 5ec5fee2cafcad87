//! tus as it should go.

use crate::service::{Service, bytes, header};
use base64::{Engine, prelude::BASE64_STANDARD};

#[tokio::test]
async fn an_upload_in_pieces_is_there_whole() {
    let service = Service::start().await;
    let data = bytes(300_000);
    let path = service.create(data.len()).await;
    assert_eq!(service.offset(&path).await, 0);
    let answer = service.patch(&path, 0, data[..100_000].to_vec()).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(header(&answer, "upload-offset").as_deref(), Some("100000"));
    assert!(header(&answer, "upload-expires").unwrap().ends_with("GMT"));
    let view = service.json(&path).await;
    assert_eq!(
        (&view["offset"], &view["complete"]),
        (&100_000.into(), &false.into())
    );
    assert_eq!(
        service
            .patch(&path, 100_000, data[100_000..].to_vec())
            .await
            .status(),
        204
    );
    let view = service.json(&path).await;
    assert_eq!(view["complete"], true);
    assert_eq!(std::fs::read(service.object(&view)).unwrap(), data);
    // An empty PATCH at the end changes nothing; bytes beyond it are refused.
    assert_eq!(service.patch(&path, 300_000, "").await.status(), 204);
    assert_eq!(service.patch(&path, 300_000, "x").await.status(), 413);
}

#[tokio::test]
async fn options_tell_what_there_is() {
    let service = Service::start().await;
    let path = service.create(1).await;
    for path in ["/api/v1/uploads", path.as_str()] {
        let answer = service.send("OPTIONS", path, &[], "").await;
        assert_eq!(answer.status(), 204);
        assert_eq!(header(&answer, "tus-version").as_deref(), Some("1.0.0"));
        assert_eq!(header(&answer, "tus-resumable").as_deref(), Some("1.0.0"));
        assert_eq!(
            header(&answer, "tus-checksum-algorithm").as_deref(),
            Some("md5,sha1,sha256")
        );
        assert_eq!(header(&answer, "tus-max-size").as_deref(), Some("67108864"));
        let extensions = header(&answer, "tus-extension").unwrap();
        assert_eq!(
            extensions,
            "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination"
        );
    }
}

#[tokio::test]
async fn creation_may_bring_bytes_and_a_name() {
    let service = Service::start().await;
    let name = "../\"ü😀\n.mp4";
    let metadata = format!("filename {},x eA==", BASE64_STANDARD.encode(name));
    let headers = [
        ("tus-resumable", "1.0.0"),
        ("upload-length", "10"),
        ("upload-metadata", metadata.as_str()),
        ("content-type", "application/offset+octet-stream"),
    ];
    let answer = service
        .send("POST", "/api/v1/uploads", &headers, "01234")
        .await;
    assert_eq!(answer.status(), 201);
    assert_eq!(header(&answer, "upload-offset").as_deref(), Some("5"));
    let path = header(&answer, "location").unwrap();
    let head = service
        .send("HEAD", &path, &[("tus-resumable", "1.0.0")], "")
        .await;
    assert_eq!(
        header(&head, "upload-metadata").as_deref(),
        Some(metadata.as_str())
    );
    assert_eq!(header(&head, "upload-length").as_deref(), Some("10"));
    assert_eq!(header(&head, "cache-control").as_deref(), Some("no-store"));
    assert_eq!(service.json(&path).await["name"], "../\"ü😀.mp4");
    let whole = service
        .send("POST", "/api/v1/uploads", &headers, "0123456789")
        .await;
    let path = header(&whole, "location").unwrap();
    assert_eq!(service.json(&path).await["complete"], true);
}

#[tokio::test]
async fn the_length_may_be_said_later() {
    let service = Service::start().await;
    let headers = [("tus-resumable", "1.0.0"), ("upload-defer-length", "1")];
    let answer = service.send("POST", "/api/v1/uploads", &headers, "").await;
    let path = header(&answer, "location").unwrap();
    assert_eq!(service.patch(&path, 0, "abc").await.status(), 204);
    let head = service
        .send("HEAD", &path, &[("tus-resumable", "1.0.0")], "")
        .await;
    assert_eq!(header(&head, "upload-defer-length").as_deref(), Some("1"));
    assert_eq!(header(&head, "upload-length"), None);
    let late = service
        .patch_with(&path, 3, &[("upload-length", "5")], "de")
        .await;
    assert_eq!(late.status(), 204);
    let view = service.json(&path).await;
    assert_eq!(
        (&view["bytes"], &view["complete"]),
        (&5.into(), &true.into())
    );
    let other = service
        .patch_with(&path, 5, &[("upload-length", "6")], "")
        .await;
    assert_eq!(other.status(), 400);
}

#[tokio::test]
async fn an_empty_upload_is_complete_at_once() {
    let service = Service::start().await;
    let path = service.create(0).await;
    let view = service.json(&path).await;
    assert_eq!(
        (&view["bytes"], &view["complete"]),
        (&0.into(), &true.into())
    );
    assert_eq!(std::fs::read(service.object(&view)).unwrap(), b"");
}

#[tokio::test]
async fn a_terminated_upload_is_gone_with_its_bytes() {
    let service = Service::start().await;
    let path = service.create(10).await;
    service.patch(&path, 0, "01234").await;
    let tus = [("tus-resumable", "1.0.0")];
    assert_eq!(service.send("DELETE", &path, &tus, "").await.status(), 204);
    assert_eq!(service.send("HEAD", &path, &tus, "").await.status(), 404);
    assert_eq!(service.send("DELETE", &path, &tus, "").await.status(), 404);
    assert_eq!(service.files(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn methods_may_be_overridden() {
    let service = Service::start().await;
    let path = service.create(3).await;
    let headers = [
        ("tus-resumable", "1.0.0"),
        ("content-type", "application/offset+octet-stream"),
        ("upload-offset", "0"),
        ("x-http-method-override", "PATCH"),
    ];
    assert_eq!(
        service.send("POST", &path, &headers, "abc").await.status(),
        204
    );
    let head = [
        ("tus-resumable", "1.0.0"),
        ("x-http-method-override", "head"),
    ];
    let answer = service.send("POST", &path, &head, "").await;
    assert_eq!(header(&answer, "upload-offset").as_deref(), Some("3"));
    let plain = service
        .send("POST", &path, &[("tus-resumable", "1.0.0")], "")
        .await;
    assert_eq!(plain.status(), 405);
    assert!(header(&plain, "allow").unwrap().contains("PATCH"));
}
