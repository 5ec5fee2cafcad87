//! Pieces with a checksum: all of a piece counts, or none of it.

use crate::service::{Service, bytes, problem};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

fn sha256(data: &[u8]) -> String {
    format!("sha256 {}", BASE64_STANDARD.encode(Sha256::digest(data)))
}

#[tokio::test]
async fn a_right_sum_counts_and_a_wrong_one_does_not() {
    let service = Service::start().await;
    let data = bytes(200_000);
    let path = service.create(data.len()).await;
    let first = data[..120_000].to_vec();
    let sum = sha256(&first);
    let answer = service
        .patch_with(&path, 0, &[("upload-checksum", &sum)], first)
        .await;
    assert_eq!(answer.status(), 204);
    let rest = data[120_000..].to_vec();
    let mut spoilt = rest.clone();
    spoilt[40_000] ^= 1;
    let sum = sha256(&rest);
    let answer = service
        .patch_with(&path, 120_000, &[("upload-checksum", &sum)], spoilt)
        .await;
    problem(answer, 460, "wrong_checksum").await;
    assert_eq!(service.offset(&path).await, 120_000);
    let answer = service
        .patch_with(&path, 120_000, &[("upload-checksum", &sum)], rest)
        .await;
    assert_eq!(answer.status(), 204);
    let view = service.json(&path).await;
    assert_eq!(std::fs::read(service.object(&view)).unwrap(), data);
}

#[tokio::test]
async fn a_wrong_sum_does_not_count_after_a_crash_either() {
    let service = Service::start().await;
    let path = service.create(4).await;
    let sum = sha256(b"abcd");
    let answer = service
        .patch_with(&path, 0, &[("upload-checksum", &sum)], "abcX")
        .await;
    problem(answer, 460, "wrong_checksum").await;
    let service = service.crash().await;
    assert_eq!(service.offset(&path).await, 0);
    assert_eq!(service.patch(&path, 0, "abcd").await.status(), 204);
    let view = service.json(&path).await;
    assert_eq!(std::fs::read(service.object(&view)).unwrap(), b"abcd");
}

#[tokio::test]
async fn a_creation_with_a_wrong_sum_makes_nothing() {
    let service = Service::start().await;
    let sum = sha256(b"abcd");
    let headers = [
        ("tus-resumable", "1.0.0"),
        ("upload-length", "4"),
        ("content-type", "application/offset+octet-stream"),
        ("upload-checksum", sum.as_str()),
    ];
    let answer = service
        .send("POST", "/api/v1/uploads", &headers, "abcX")
        .await;
    problem(answer, 460, "wrong_checksum").await;
    assert_eq!(service.files(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn unknown_algorithms_and_nonsense_are_refused() {
    let service = Service::start().await;
    let path = service.create(4).await;
    for (header, code) in [
        ("crc32 AAAAAA==", "unsupported_checksum"),
        ("sha1", "malformed_checksum"),
        ("sha1 ????", "malformed_checksum"),
    ] {
        let answer = service
            .patch_with(&path, 0, &[("upload-checksum", header)], "abcd")
            .await;
        problem(answer, 400, code).await;
    }
    assert_eq!(service.offset(&path).await, 0);
}
