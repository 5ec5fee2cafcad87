//! `/metrics` as it is scraped, and the names on it.

use super::*;
use axum::body::{Body, to_bytes};
use reelmill_domain::api::{LaneStats, Stats};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tower::ServiceExt;

/// One line of a page: name, labels, value.
type Sample = (String, BTreeMap<String, String>, f64);

/// Reads a page as strictly as `promtool check metrics`: every sample below its own HELP and TYPE, each told once, no
/// series twice, buckets that grow and end in `+Inf` with the count.
fn parse(text: &str) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    let (mut helped, mut typed) = (BTreeSet::new(), BTreeMap::new());
    let mut series = BTreeSet::new();
    let mut family = String::new();
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(helped.insert(name.to_owned()), "HELP {name} twice");
            assert!(!words.is_empty(), "{name} has no words");
            family = name.to_owned();
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, family, "TYPE without its HELP");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(
                kind == "counter",
                name.ends_with("_total"),
                "{name} is a {kind}"
            );
            assert!(typed.insert(name.to_owned(), kind.to_owned()).is_none());
            continue;
        }
        let sample = sample(line);
        let ours = match typed[&family].as_str() {
            "histogram" => ["_bucket", "_sum", "_count"]
                .iter()
                .any(|end| sample.0 == format!("{family}{end}")),
            _ => sample.0 == family,
        };
        assert!(ours, "{line} stands below {family}");
        assert!(
            series.insert((sample.0.clone(), sample.1.clone())),
            "{line} stands twice"
        );
        samples.push(sample);
    }
    for (name, _) in typed.iter().filter(|(_, kind)| *kind == "histogram") {
        check_histogram(name, &samples);
    }
    samples
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = match series.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix('}').unwrap()),
        None => (series, ""),
    };
    assert!(
        name.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
        "{name}"
    );
    let labels = labels
        .split_terminator("\",")
        .map(|pair| {
            let (label, text) = pair.split_once("=\"").unwrap();
            (label.to_owned(), text.trim_end_matches('"').to_owned())
        })
        .collect();
    (name.to_owned(), labels, value.parse().unwrap())
}

fn check_histogram(name: &str, samples: &[Sample]) {
    let mut last: BTreeMap<BTreeMap<String, String>, (f64, f64)> = BTreeMap::new();
    for (_, labels, count) in samples.iter().filter(|s| s.0 == format!("{name}_bucket")) {
        let mut labels = labels.clone();
        let bound: f64 = labels.remove("le").unwrap().parse().unwrap();
        if let Some((below, fewer)) = last.insert(labels, (bound, *count)) {
            assert!(bound > below && *count >= fewer, "{name} at {bound}");
        }
    }
    assert!(!last.is_empty(), "{name} has no buckets");
    for (labels, (bound, count)) in last {
        assert!(bound.is_infinite(), "{name} ends at {bound}");
        let total = samples
            .iter()
            .find(|s| s.0 == format!("{name}_count") && s.1 == labels);
        assert_eq!(total.unwrap().2, count, "{name}");
    }
}

async fn scrape(router: &axum::Router) -> Vec<Sample> {
    let request = axum::http::Request::get("/metrics").body(Body::empty());
    let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    parse(std::str::from_utf8(&body).unwrap())
}

fn value(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let labels = labels.iter().map(|(k, v)| ((*k).into(), (*v).into()));
    let labels: BTreeMap<String, String> = labels.collect();
    samples
        .iter()
        .find(|s| s.0 == name && s.1 == labels)
        .map(|s| s.2)
}

#[tokio::test]
async fn what_was_recorded_is_on_the_page_and_the_page_is_sound() {
    http_request("GET", "/api/v1/jobs/{id}", 200, Duration::from_millis(3));
    uploaded(5);
    job_submitted();
    job_ended("completed");
    task_released("encode");
    task_failed("odd \"code\"\\");
    leases_lapsed(1);
    task_dead(true);
    task_dead(false);
    event("started");
    event_refused("not_applicable");
    unreadable_messages(3);
    event_lag(Duration::from_millis(250));
    swept("upload", 2);
    run_ended("probe", "succeeded", Duration::from_secs(2));
    encoded("webm", Duration::from_secs(10), 20.0);
    encoded("webm", Duration::ZERO, 20.0);
    source_fetched(true);
    source_fetched(false);
    object_in(7, Duration::from_secs(1));
    object_out(9, Duration::from_secs(2));
    renewed(true);
    free_slots("encode", 2);
    let listening = event_stream();

    let router = axum::Router::from(router(None));
    let page = scrape(&router).await;
    assert_eq!(value(&page, "reelmill_upload_bytes_total", &[]), Some(5.0));
    let lane = [("lane", "encode")];
    assert_eq!(value(&page, "reelmill_worker_free_slots", &lane), Some(2.0));
    let out = [("direction", "out")];
    assert_eq!(value(&page, "reelmill_object_bytes_total", &out), Some(9.0));
    let webm = [("preset", "webm")];
    assert_eq!(
        value(&page, "reelmill_encode_seconds_count", &webm),
        Some(2.0)
    );
    assert_eq!(value(&page, "reelmill_encode_speed_sum", &webm), Some(2.0));
    assert_eq!(value(&page, "reelmill_event_lag_seconds", &[]), Some(0.25));
    assert_eq!(value(&page, "reelmill_event_streams", &[]), Some(1.0));
    let route = [
        ("method", "GET"),
        ("route", "/api/v1/jobs/{id}"),
        ("status", "200"),
        ("le", "0.005"),
    ];
    assert_eq!(
        value(&page, "reelmill_http_request_seconds_bucket", &route),
        Some(1.0)
    );
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(value(&page, "reelmill_build_info", &version), Some(1.0));
    assert!(value(&page, "process_cpu_seconds_total", &[]).unwrap() > 0.0);
    drop(listening);
    let page = scrape(&router).await;
    assert_eq!(value(&page, "reelmill_event_streams", &[]), Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn figures_are_asked_for_seldom_and_shown_only_while_known() {
    let asked = Arc::new(AtomicU64::new(0));
    let ask: Ask = {
        let asked = asked.clone();
        Arc::new(move || {
            let n = asked.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move { (n == 0).then(stats) })
        })
    };
    let router = axum::Router::from(router(Some(ask)));
    let lane = [("lane", "encode")];
    for _ in 0..3 {
        let page = scrape(&router).await;
        assert_eq!(value(&page, "reelmill_queue_depth", &lane), Some(4.0));
        assert_eq!(value(&page, "reelmill_lane_slots", &lane), Some(2.0));
        assert_eq!(value(&page, "reelmill_workers", &[]), Some(1.0));
        let ready = [("state", "ready")];
        assert_eq!(value(&page, "reelmill_tasks", &ready), Some(4.0));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    tokio::time::advance(Duration::from_secs(4)).await;
    let page = scrape(&router).await;
    assert_eq!(value(&page, "reelmill_queue_depth", &lane), None);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

fn stats() -> Stats {
    Stats {
        jobs: BTreeMap::from([("encoding".to_owned(), 1)]),
        tasks: BTreeMap::from([("ready".to_owned(), 4)]),
        lanes: vec![LaneStats {
            lane: "encode".into(),
            ready: 4,
            busy: 1,
            slots: 2,
        }],
        workers: 1,
    }
}
