//! Swift, and the way to it, fail in the middle of things. Every test proves that its fault hit.

use crate::support::{Fresh, MIB, auth_url, tester};
use reelmill_faults::{Fault, Proxy, Rule};
use reelmill_objects::{
    ObjectError, ObjectStore,
    suite::{incoming, pattern, whole},
};
use reelmill_swift::{Secret, SwiftAuth};

/// A store that reaches Swift through a proxy.
async fn through_proxy() -> (Fresh, Proxy) {
    let real = url::Url::parse(&auth_url()).unwrap();
    let upstream = format!("{}:{}", real.host_str().unwrap(), real.port().unwrap());
    let proxy = Proxy::http(&upstream).await.unwrap();
    let auth = format!("{}{}", proxy.url().trim_end_matches('/'), real.path());
    (Fresh::new(|config| config.auth = tester(&auth)), proxy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_is_replaced_wherever_it_happens() {
    let (fresh, proxy) = through_proxy().await;
    let store = fresh.open();
    store.check().await.unwrap();
    let data = pattern(3 * MIB as usize, 1);
    let file = fresh.folder.path().join("long");
    std::fs::write(&file, &data).unwrap();
    let logins = proxy.add(Rule::new(Fault::Delay(Default::default())).target("/auth/v1.0"));
    let put = proxy.add(Rule::new(Fault::Answer(401)).method("PUT").skip(1).times(1));
    let manifest = proxy.add(
        Rule::new(Fault::Answer(401))
            .target("multipart-manifest=put")
            .times(1),
    );
    store.put_file("o", &file).await.unwrap();
    let get = proxy.add(Rule::new(Fault::Answer(401)).method("GET").times(1));
    assert!(whole(&*store, "o").await == data);
    assert_eq!((put.count(), manifest.count(), get.count()), (1, 1, 1));
    assert!(logins.count() >= 3, "{} logins", logins.count());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_refused_for_good_is_told_from_a_server_that_is_away() {
    let (fresh, proxy) = through_proxy().await;
    let store = fresh.open();
    store.put_bytes("o", "x".into()).await.unwrap();
    for (status, code) in [
        (403, "misconfigured"),
        (401, "misconfigured"),
        (503, "unreachable"),
    ] {
        let hits = proxy.add(Rule::new(Fault::Answer(status)));
        let refused = [
            store.check().await.unwrap_err(),
            store.head("o").await.unwrap_err(),
        ];
        assert!(hits.count() > 0);
        proxy.clear();
        for error in refused {
            assert_eq!(error.code(), code, "{status}: {error}");
        }
    }
    let mut config = fresh.config.clone();
    config.auth = SwiftAuth::V1 {
        url: auth_url(),
        user: "test:nobody".into(),
        key: Secret::new("testing"),
    };
    let nobody = reelmill_swift::SwiftStore::open(config).unwrap();
    assert_eq!(nobody.check().await.unwrap_err().code(), "misconfigured");
    assert_eq!(nobody.head("o").await.unwrap_err().code(), "misconfigured");
    assert!(whole(&*store, "o").await == b"x");
}

/// A user who lacks one right: half a store is none for a worker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_with_half_a_right_is_refused_and_no_trial_is_listed() {
    let (fresh, proxy) = through_proxy().await;
    let store = fresh.open();
    store.put_bytes("o", "x".into()).await.unwrap();
    for (method, words) in [
        ("GET", "reading"),
        ("PUT", "writing"),
        ("DELETE", "removing"),
    ] {
        let rule = Rule::new(Fault::Answer(403))
            .method(method)
            .target("/work/");
        let hits = proxy.add(rule);
        let refused = store.check().await.unwrap_err();
        assert!(hits.count() > 0, "{method} was never asked");
        proxy.clear();
        assert_eq!(refused.code(), "misconfigured", "{refused}");
        assert!(refused.to_string().starts_with(words), "{refused}");
        let listed = store.list("", None, 10).await.unwrap();
        assert_eq!(listed.objects.len(), 1, "{listed:?}");
    }
    store.check().await.unwrap();
    let names = fresh.raw().await.names().await;
    assert_eq!(
        names.len(),
        2,
        "only the trial that could not go: {names:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_are_refused_at_once_log_in_once() {
    let (fresh, proxy) = through_proxy().await;
    let store = fresh.open();
    let keys: Vec<String> = (0..8).map(|n| format!("o-{n}")).collect();
    for key in &keys {
        store.put_bytes(key, "x".into()).await.unwrap();
    }
    let logins = proxy.add(Rule::new(Fault::Delay(Default::default())).target("/auth/v1.0"));
    // All leave with the old token before the first answer is there.
    let refused = keys.iter().map(|key| {
        proxy.add(
            Rule::new(Fault::AnswerAfter(401))
                .method("HEAD")
                .target(key)
                .times(1),
        )
    });
    let refused: Vec<_> = refused.collect();
    let heads = keys.iter().map(|key| store.head(key));
    for head in futures::future::join_all(heads).await {
        assert_eq!(head.unwrap().bytes, 1);
    }
    assert!(refused.iter().all(|r| r.count() == 1), "{refused:?}");
    assert_eq!(logins.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_write_is_sent_again() {
    let (fresh, proxy) = through_proxy().await;
    let store = fresh.open();
    store.check().await.unwrap();
    let data = pattern(6 * MIB as usize, 2);
    let file = fresh.folder.path().join("long");
    std::fs::write(&file, &data).unwrap();
    let hits = [
        Fault::ResetRequest { after: 700_000 },
        Fault::Answer(503),
        Fault::AnswerAfter(500),
        Fault::Answer(429),
        Fault::ResetResponse { after: 0 },
    ]
    .map(|fault| proxy.add(Rule::new(fault).method("PUT").times(1)));
    store.put_file("o", &file).await.unwrap();
    assert!(hits.iter().all(|h| h.count() == 1), "{hits:?}");
    proxy.clear();
    assert!(whole(&*store, "o").await == data);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_read_goes_on_where_it_was() {
    let (fresh, proxy) = through_proxy().await;
    let store = fresh.open();
    let data = pattern(5 * MIB as usize, 3);
    let file = fresh.folder.path().join("long");
    std::fs::write(&file, &data).unwrap();
    store.put_file("o", &file).await.unwrap();
    let hits = [
        Fault::ResetResponse { after: 100_000 },
        Fault::Truncate { after: 2_000_000 },
        Fault::Answer(503),
    ]
    .map(|fault| proxy.add(Rule::new(fault).method("GET").times(1)));
    assert!(whole(&*store, "o").await == data);
    assert!(hits.iter().all(|h| h.count() == 1), "{hits:?}");
    let again = proxy.add(
        Rule::new(Fault::ResetResponse { after: 50_000 })
            .method("GET")
            .times(1),
    );
    let to = fresh.folder.path().join("back");
    store.fetch("o", &to).await.unwrap();
    assert_eq!(again.count(), 1);
    assert!(std::fs::read(to).unwrap() == data);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_store_leaves_the_upload_where_it_was() {
    let (fresh, proxy) = through_proxy().await;
    let (store, raw) = (fresh.open(), fresh.raw().await);
    let uploads = store.uploads();
    let data = pattern(4 * MIB as usize, 4);
    let state = uploads.begin("u", None).await.unwrap();
    let done = uploads
        .append("u", state, 0, incoming(b"begun", 5))
        .await
        .unwrap();
    let full = proxy.add(Rule::new(Fault::Answer(507)).method("PUT").skip(2).times(1));
    let refused = uploads
        .append("u", done.state.clone(), 5, incoming(&data, 60_000))
        .await;
    assert!(
        matches!(refused, Err(ObjectError::Full { .. })),
        "{refused:?}"
    );
    assert_eq!(full.count(), 1);
    assert_eq!(raw.segments().await.len(), 1, "what did not fit stays");
    let done = uploads
        .append("u", done.state, 5, incoming(&data, 60_000))
        .await
        .unwrap();
    uploads.finish("u", done.state, done.offset).await.unwrap();
    assert!(whole(&*store, "u").await == [b"begun", &data[..]].concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_lost_at_the_end_changes_nothing() {
    let (fresh, proxy) = through_proxy().await;
    let store = fresh.open();
    let uploads = store.uploads();
    let state = uploads.begin("u", None).await.unwrap();
    let done = uploads
        .append("u", state, 0, incoming(b"abc", 3))
        .await
        .unwrap();
    let lost = Rule::new(Fault::ResetResponse { after: 0 }).target("multipart-manifest=put");
    let lost = proxy.add(lost.times(1));
    uploads.finish("u", done.state, 3).await.unwrap();
    let gone = Rule::new(Fault::ResetResponse { after: 0 }).target("multipart-manifest=delete");
    let gone = proxy.add(gone.times(1));
    assert_eq!(whole(&*store, "u").await, b"abc");
    store.delete("u").await.unwrap();
    assert_eq!((lost.count(), gone.count()), (1, 1));
    assert_eq!(fresh.raw().await.names().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_say_what_to_do_and_no_secret() {
    let fresh = Fresh::new(|config| {
        config.auth = SwiftAuth::V1 {
            url: auth_url(),
            user: "test:tester".into(),
            key: Secret::new("wrong-secret"),
        };
    });
    let refused = fresh.open().check().await.unwrap_err().to_string();
    assert!(refused.contains("check user, key or password"), "{refused}");
    assert!(!format!("{refused} {:?}", fresh.config).contains("wrong-secret"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_for_leftovers_asks_for_each_object_once() {
    let (fresh, proxy) = through_proxy().await;
    let store = fresh.open();
    let file = fresh.folder.path().join("long");
    std::fs::write(&file, pattern(3 * MIB as usize, 2)).unwrap();
    store.put_file("o", &file).await.unwrap();
    let state = store.uploads().begin("half", None).await.unwrap();
    let half = incoming(&pattern(MIB as usize, 3), 99_999);
    let half = store.uploads().append("half", state, 0, half);
    half.await.unwrap();
    let heads = |key: &str| {
        let rule = Rule::new(Fault::Delay(Default::default()));
        proxy.add(rule.method("HEAD").target(key))
    };
    let (whole_one, half_one) = (heads("/o"), heads("/half"));
    for _ in 0..3 {
        let found = store.unfinished("").await.unwrap();
        assert!(found.iter().all(|what| what.key == "half") && found.len() == 1);
    }
    assert_eq!((whole_one.count(), half_one.count()), (1, 3));
    // Removing asks again, whatever is remembered.
    let what = store.unfinished("half").await.unwrap().remove(0);
    assert!(store.discard(&what).await.unwrap());
    assert!(!store.discard(&what).await.unwrap());
    assert_eq!(half_one.count(), 6);
}
