//! What goes wrong is told in words that help, and never with a secret; and what a URL gives away.

use crate::common::{Place, secret};
use reelmill_faults::{Fault, Rule};
use reelmill_objects::{ObjectError, ObjectStore};
use reelmill_s3::{S3Config, S3Store};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use url::Url;

const SWIFT: &str = "REELMILL_TEST_SWIFT_S3";

/// What `check` tells of a configuration.
async fn told(change: impl Fn(&mut S3Config)) -> String {
    let place = Place::make(SWIFT).await;
    let mut config = place.config.clone();
    let _place = place.behind();
    let endpoint = config.endpoint.clone();
    change(&mut config);
    let secret = config.secret_key.clone().unwrap();
    let store = S3Store::open(config.clone()).await.unwrap();
    let error = store.check().await.unwrap_err();
    let is_away = config.endpoint != endpoint;
    let code = if is_away {
        "unreachable"
    } else {
        "misconfigured"
    };
    assert_eq!(error.code(), code, "{error}");
    let told = format!("{error} {error:?} {config:?}");
    assert!(!told.contains(&secret), "{told}");
    error.to_string()
}

#[tokio::test]
async fn what_is_set_wrong_is_named() {
    let missing = told(|c| c.bucket = "t-no-such-bucket".into()).await;
    assert!(
        missing.contains("no bucket `t-no-such-bucket`"),
        "{missing}"
    );
    assert!(missing.contains("storage.url"), "{missing}");
    let wrong = told(|c| c.secret_key = Some("hunter2-hunter2".into())).await;
    assert!(wrong.contains("storage.secret_key"), "{wrong}");
    let key = told(|c| c.access_key = Some("test:nobody".into())).await;
    assert!(key.contains("storage."), "{key}");
    let other = told(|c| {
        (c.access_key, c.secret_key) = (Some("test2:tester2".into()), Some("testing2".into()));
    });
    let other = other.await;
    assert!(
        other.contains("storage.access_key") || other.contains("no bucket"),
        "{other}"
    );
    // Nobody listens there: it was closed again.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let down = told(|c| c.endpoint = Some(format!("http://{free}").parse().unwrap())).await;
    assert!(down.contains("can't be reached"), "{down}");
    assert!(down.to_lowercase().contains("refused"), "{down}");
}

#[tokio::test]
async fn a_key_without_its_secret_is_refused() {
    let place = Place::make(SWIFT).await;
    let mut config = place.config.clone();
    let _place = place.behind();
    config.secret_key = None;
    let refused = S3Store::open(config).await.err().unwrap().to_string();
    assert!(refused.contains("storage.secret_key"), "{refused}");
}

#[tokio::test]
async fn a_denied_request_names_the_key_and_a_missing_object_is_missing() {
    let (place, proxy) = Place::make_broken(SWIFT).await;
    let store = place.store().await;
    let _place = place.behind();
    let hits = proxy.add(Rule::new(Fault::Answer(403)).times(1));
    let denied = store.put_bytes("k", "data".into()).await.unwrap_err();
    assert_eq!(denied.code(), "misconfigured");
    assert!(
        denied.to_string().contains("storage.access_key"),
        "{denied}"
    );
    assert_eq!(hits.count(), 1);
    let missing = store.head("k").await.unwrap_err();
    assert!(matches!(missing, ObjectError::NotFound { .. }), "{missing}");
    for _ in 0..2 {
        proxy.add(Rule::new(Fault::Answer(507)).method("PUT").times(1));
        let full = store.put_bytes("k", "data".into()).await.unwrap_err();
        assert!(matches!(full, ObjectError::Full { .. }), "{full}");
    }
    store.check().await.unwrap();
}

/// Answers every request with an error of this code.
async fn answering(code: &'static str) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        let answer = format!(
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        while let Ok((mut caller, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(caller.read_u8().await.unwrap());
            }
            caller.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url.parse().unwrap()
}

#[tokio::test]
async fn a_token_that_is_not_taken_any_more_is_a_refusal() {
    for code in ["ExpiredToken", "InvalidToken"] {
        let place = Place::make(SWIFT).await;
        let mut config = place.config.clone();
        let _place = place.behind();
        config.endpoint = Some(answering(code).await);
        let store = S3Store::open(config).await.unwrap();
        let refused = store.check().await.unwrap_err();
        assert_eq!(refused.code(), "misconfigured", "{refused}");
        assert!(refused.to_string().contains(code), "{refused}");
    }
}

/// A key that lacks one right: half a store is none for a worker.
#[tokio::test]
async fn a_key_with_half_a_right_is_refused_and_no_trial_stays() {
    let (place, proxy) = Place::make_broken(SWIFT).await;
    let store = place.store().await;
    let place = place.behind();
    store.put_bytes("k", "data".into()).await.unwrap();
    for (method, what, words) in [
        ("GET", "/work/", "reading"),
        ("PUT", "/work/", "writing"),
        ("DELETE", "/work/", "removing"),
    ] {
        let hits = proxy.add(Rule::new(Fault::Answer(403)).method(method).target(what));
        let refused = store.check().await.unwrap_err();
        assert!(hits.count() > 0, "{method} was never asked");
        proxy.clear();
        assert_eq!(refused.code(), "misconfigured", "{refused}");
        assert!(refused.to_string().starts_with(words), "{refused}");
        // Whatever stays is in no listing, and goes with the next look.
        let listed = store.list("", None, 10).await.unwrap();
        assert_eq!(listed.objects.len(), 1, "{listed:?}");
    }
    assert_eq!(place.names().await.len(), 2, "the trial that could not go");
    store.check().await.unwrap();
    assert_eq!(place.names().await, ["reel/mill/k"]);
}

#[tokio::test]
async fn a_url_ends_and_can_not_be_bent() {
    let mut place = Place::make(SWIFT).await;
    let real = place.config.endpoint.clone().unwrap();
    place.config.public_endpoint = Some("https://media.example.org".parse().unwrap());
    let public = place
        .store()
        .await
        .presign("k", Duration::from_secs(9))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(public.host_str(), Some("media.example.org"));
    assert!(public.path().ends_with("/reel/mill/k"), "{public}");
    assert!(!public.as_str().contains(&secret()));

    place.config.public_endpoint = None;
    let store = place.store().await;
    let _place = place.behind();
    store.put_bytes("k", "data".into()).await.unwrap();
    store.put_bytes("other", "secret".into()).await.unwrap();
    let status = async |url: &str| reqwest::get(url).await.unwrap().status().as_u16();
    let url = store
        .presign("k", Duration::from_secs(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((url.host_str(), url.port()), (real.host_str(), real.port()));
    assert_eq!(status(url.as_str()).await, 200);
    assert_eq!(status(&url.as_str().replace("/k?", "/other?")).await, 403);
    for _ in 0..100 {
        if status(url.as_str()).await == 403 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never ends");
}
