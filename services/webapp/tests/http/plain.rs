//! Whole bodies: PUT and forms.

use crate::service::{LARGEST, Service, bytes, header, problem};
use futures::{StreamExt, stream};
use reelmill_store::ConnectionTrait;
use reqwest::{
    Body,
    multipart::{Form, Part},
};
use serde_json::Value;
use std::time::Duration;

fn chunks(data: &[u8]) -> Body {
    let chunks: Vec<_> = data
        .chunks(10_000)
        .map(|c| Ok::<_, std::io::Error>(c.to_vec()))
        .collect();
    Body::wrap_stream(stream::iter(chunks))
}

#[tokio::test]
async fn a_put_is_there_whole_with_and_without_a_length() {
    let service = Service::start().await;
    let data = bytes(250_000);
    for body in [Body::from(data.clone()), chunks(&data)] {
        let answer = service
            .send("PUT", "/api/v1/uploads?name=clip.mp4", &[], body)
            .await;
        assert_eq!(answer.status(), 201);
        let location = header(&answer, "location").unwrap();
        let view: Value = answer.json().await.unwrap();
        assert_eq!(
            location,
            format!("/api/v1/uploads/{}", view["id"].as_str().unwrap())
        );
        assert_eq!(
            (&view["name"], &view["bytes"]),
            (&"clip.mp4".into(), &250_000.into())
        );
        assert_eq!(
            (&view["complete"], &view["sha256"]),
            (&true.into(), &Value::Null)
        );
        assert_eq!(std::fs::read(service.object(&view)).unwrap(), data);
        assert_eq!(service.json(&location).await, view);
    }
}

#[tokio::test]
async fn a_form_brings_its_file() {
    let service = Service::start().await;
    // More than any JSON body may have.
    let data = bytes(3_000_000);
    let form = Form::new()
        .text("comment", "not a file")
        .part("file", Part::bytes(data.clone()).file_name("ä \"b\".mp4"))
        .text("another", "not a file either");
    let url = service.url("/api/v1/uploads");
    let answer = service.http.post(url).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let view: Value = answer.json().await.unwrap();
    assert_eq!(view["name"], "ä \"b\".mp4");
    assert_eq!(std::fs::read(service.object(&view)).unwrap(), data);
    let empty = Form::new().text("comment", "not a file");
    let url = service.url("/api/v1/uploads");
    let answer = service
        .http
        .post(url)
        .multipart(empty)
        .send()
        .await
        .unwrap();
    problem(answer, 422, "missing_file").await;
    let headers = [("content-type", "multipart/form-data; boundary=x")];
    let answer = service
        .send("POST", "/api/v1/uploads", &headers, "nonsense")
        .await;
    problem(answer, 400, "malformed_form").await;
    let headers = [("content-type", "multipart/form-data")];
    let answer = service
        .send("POST", "/api/v1/uploads", &headers, "nonsense")
        .await;
    problem(answer, 400, "malformed_form").await;
}

#[tokio::test]
async fn a_form_with_two_files_is_refused_whole() {
    let service = Service::start().await;
    let file = |name: &str| Part::bytes(b"film".to_vec()).file_name(name.to_owned());
    let form = Form::new()
        .part("file", file("one.mp4"))
        .part("other", file("two.mp4"));
    let url = service.url("/api/v1/uploads");
    let answer = service.http.post(url).multipart(form).send().await.unwrap();
    problem(answer, 422, "too_many_files").await;
    // The first was whole before the second showed: nobody holds it any more.
    let held = "UPDATE uploads SET name = name";
    let held = service.store.db().execute_unprepared(held).await.unwrap();
    assert_eq!(held.rows_affected(), 0);
}

#[tokio::test]
async fn a_form_without_an_end_to_its_head_is_refused_before_it_fills_the_memory() {
    let service = Service::start().await;
    for begin in ["", "--x\r\ncontent-disposition: form-data; name=\""] {
        let endless = stream::iter([Ok::<Vec<u8>, std::io::Error>(begin.into())])
            .chain(stream::iter((0..64).map(|_| Ok(vec![b'a'; 64 * 1024]))))
            .chain(stream::pending());
        let headers = [("content-type", "multipart/form-data; boundary=x")];
        let body = Body::wrap_stream(endless);
        let answer = service.send("POST", "/api/v1/uploads", &headers, body);
        let answer = tokio::time::timeout(Duration::from_secs(30), answer).await;
        problem(answer.unwrap(), 400, "malformed_form").await;
    }
    assert!(service.files().is_empty());
}

#[tokio::test]
async fn names_are_only_data() {
    let service = Service::start().await;
    let long = "x".repeat(300);
    let cases = [
        ("name=..%2F..%2Fetc%2Fpasswd", "../../etc/passwd"),
        ("name=a%22b%27%0A%0D%00c", "a\"b'c"),
        ("name=%F0%9F%98%80.mkv", "😀.mkv"),
        (&format!("name={long}"), &long[..255]),
        ("name=", "upload"),
        ("", "upload"),
    ];
    for (query, name) in cases {
        let path = format!("/api/v1/uploads?{query}");
        let answer = service.send("PUT", &path, &[], "data").await;
        let view: Value = answer.json().await.unwrap();
        assert_eq!(view["name"], name);
        assert!(service.object(&view).is_file());
    }
    let answer = service
        .send("PUT", "/api/v1/uploads?nam=x", &[], "data")
        .await;
    problem(answer, 422, "invalid_query").await;
}

#[tokio::test]
async fn too_large_a_body_leaves_nothing() {
    let service = Service::start().await;
    let data = vec![7; usize::try_from(LARGEST).unwrap() + 1];
    let path = "/api/v1/uploads?name=x";
    for body in [Body::from(data.clone()), chunks(&data)] {
        // The server answers before it has read everything, and still the answer gets through.
        let answer = service.send("PUT", path, &[], body).await;
        problem(answer, 413, "upload_too_large").await;
        crate::service::until("the rest of it to go", async || service.files().is_empty()).await;
    }
    // What just fits goes in.
    let data = vec![7; usize::try_from(LARGEST).unwrap()];
    assert_eq!(
        service.send("PUT", path, &[], chunks(&data)).await.status(),
        201
    );
}
