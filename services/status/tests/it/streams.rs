//! Server-sent events: nothing is missed, whatever breaks.

use crate::{
    fake::Fake,
    world::{Running, SOON, World, in_both_worlds},
};
use futures::StreamExt;
use reelmill_domain::lane::Lane;
use serde_json::Value;

/// One event.
#[derive(Debug, Clone, PartialEq)]
struct Said {
    id: Option<String>,
    event: String,
    data: Value,
}

/// Reads until `enough` says so.
async fn listen(
    status: &Running,
    path: &str,
    last: Option<&str>,
    mut enough: impl FnMut(&[Said]) -> bool,
) -> Vec<Said> {
    let mut request = reqwest::Client::new().get(format!("{}{path}", status.url));
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut bytes = response.bytes_stream();
    let (mut text, mut said) = (String::new(), Vec::new());
    let read = async {
        while !enough(&said) {
            text += std::str::from_utf8(&bytes.next().await.unwrap().unwrap()).unwrap();
            while let Some((block, rest)) = text.split_once("\n\n") {
                said.extend(parse(block));
                text = rest.to_owned();
            }
        }
    };
    let waited = tokio::time::timeout(SOON, read).await;
    assert!(waited.is_ok(), "waited in vain; heard {said:#?}");
    said
}

fn parse(block: &str) -> Option<Said> {
    let field = |name: &str| {
        block
            .lines()
            .find_map(|l| l.strip_prefix(name))
            .map(|v| v.trim().to_owned())
    };
    let event = field("event:")?;
    Some(Said {
        id: field("id:"),
        event,
        data: serde_json::from_str(&field("data:")?).unwrap(),
    })
}

fn kept(said: &[Said]) -> Vec<Said> {
    said.iter()
        .filter(|s| s.event != "progress")
        .cloned()
        .collect()
}

fn ended(said: &[Said]) -> bool {
    said.iter()
        .any(|s| s.event == "job" && s.data["state"] == "completed")
}

in_both_worlds!(a_client_that_comes_back_misses_nothing);

async fn a_client_that_comes_back_misses_nothing(world: World) {
    let status = world.status().await;
    let mut worker = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv"]).await;
    let path = format!("/api/v1/jobs/{}/events", job.id);

    let first = listen(&status, &path, None, |s| kept(s).len() == 1).await;
    assert_eq!(
        first[0].data,
        serde_json::json!({"job": job.id, "seq": 1, "state": "queued"})
    );
    worker.work_off(&world, 1).await;
    let all_from = listen(&status, "/api/v1/events", Some("0"), |s| kept(s).len() == 3).await;
    status.stop().await;

    // Another process, later: the story goes on in the table.
    let status = world.status().await;
    worker.work_off(&world, 2).await;
    status.until_state(job.id, "completed").await;
    let rest = listen(&status, &path, Some("1"), ended).await;
    let whole = listen(&status, &path, None, ended).await;
    let mut joined = kept(&first);
    joined.extend(kept(&rest));
    assert_eq!(joined, kept(&whole));
    let ids: Vec<String> = kept(&whole).into_iter().map(|s| s.id.unwrap()).collect();
    assert_eq!(
        ids,
        (1..=ids.len()).map(|n| n.to_string()).collect::<Vec<_>>()
    );

    let last = kept(&all_from).pop().unwrap().id;
    let all_rest = listen(&status, "/api/v1/events", last.as_deref(), ended).await;
    let seqs: Vec<u64> = kept(&all_from)
        .iter()
        .chain(&kept(&all_rest))
        .map(|s| s.data["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
}

in_both_worlds!(an_id_that_was_never_told_here_keeps_nobody_in_the_dark);

async fn an_id_that_was_never_told_here_keeps_nobody_in_the_dark(world: World) {
    let status = world.status().await;
    let job = world.submit(&["mkv"]).await;
    let queued = serde_json::json!({"job": job.id, "seq": 1, "state": "queued"});
    let of_job = format!("/api/v1/jobs/{}/events", job.id);
    for (path, last) in [
        ("/api/v1/events", "999999"),
        ("/api/v1/events", "18446744073709551615"),
        (&of_job, "18446744073709551615"),
        (&of_job, "nonsense"),
    ] {
        let heard = listen(&status, path, Some(last), |s| !kept(s).is_empty()).await;
        assert_eq!(kept(&heard)[0].data, queued, "{path} {last}");
    }
}

in_both_worlds!(a_live_stream_tells_progress_and_the_end);

async fn a_live_stream_tells_progress_and_the_end(world: World) {
    let status = world.status().await;
    let mut worker = Fake::start(&world, 1).await;
    let job = world.submit(&["mkv"]).await;
    worker.work_off(&world, 1).await;
    let run = worker.take(&Lane::encode()).await;
    status.until_state(job.id, "encoding").await;
    let work = async {
        for n in 1.. {
            worker
                .progress(&run, (f64::from(n) / 100.0).min(0.9), i64::from(n))
                .await;
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let path = format!("/api/v1/jobs/{}/events", job.id);
    let heard = tokio::select! {
        () = work => unreachable!(),
        heard = listen(&status, &path, None, |s| s.iter().filter(|s| s.event == "progress").count() > 2) => heard,
    };
    let progress: Vec<f64> = heard
        .iter()
        .filter(|s| s.event == "progress")
        .inspect(|s| assert_eq!(s.id, None))
        .map(|s| s.data["outputs"][0]["progress"].as_f64().unwrap())
        .collect();
    assert!(progress.is_sorted() && progress[0] > 0.0, "{progress:?}");
    world.delete(job.id).await;
    let gone = listen(&status, &path, Some("1"), |s| {
        s.iter().any(|s| s.event == "deleted")
    })
    .await;
    assert_eq!(gone.last().unwrap().data["job"], job.id.to_string());
}

in_both_worlds!(a_browser_is_sent_away_from_a_deleted_job);

/// An `EventSource` comes back after every end of a stream, with the last id that it heard, until it is answered 204.
async fn a_browser_is_sent_away_from_a_deleted_job(world: World) {
    let status = world.status().await;
    let job = world.submit(&["mkv"]).await;
    let path = format!("/api/v1/jobs/{}/events", job.id);
    let come = |last: Option<String>| {
        let request = reqwest::Client::new().get(format!("{}{path}", status.url));
        match last {
            Some(last) => request.header("Last-Event-ID", last),
            None => request,
        }
    };
    let mut open = come(None).send().await.unwrap().bytes_stream();
    world.delete(job.id).await;
    // What it listens to is told to the end, and ends.
    let mut text = String::new();
    let read = async {
        while let Some(bytes) = open.next().await {
            text += std::str::from_utf8(&bytes.unwrap()).unwrap();
        }
    };
    tokio::time::timeout(SOON, read).await.unwrap();
    let last = text.split("\n\n").filter_map(parse).last().unwrap();
    assert_eq!(last.event, "deleted");

    // One that was away when it ended hears of it first.
    for (heard, expected) in [(None, 200), (Some("1".to_owned()), 200), (last.id, 204)] {
        let answer = come(heard.clone()).send().await.unwrap();
        assert_eq!(answer.status(), expected, "{heard:?}");
        let body = answer.text().await.unwrap();
        assert_eq!(body.contains("event: deleted"), expected == 200, "{body}");
    }
    // A page that was open through a change of status's process is told the same.
    status.stop().await;
    let status = world.status().await;
    let again = format!("{}{path}", status.url);
    let again = reqwest::Client::new()
        .get(again)
        .header("Last-Event-ID", "9999");
    assert_eq!(again.send().await.unwrap().status(), 204);
}

in_both_worlds!(a_stream_of_nothing_is_404_and_a_stopped_status_ends_its_streams);

async fn a_stream_of_nothing_is_404_and_a_stopped_status_ends_its_streams(world: World) {
    let status = world.status().await;
    let unknown = format!("/api/v1/jobs/{}/events", uuid::Uuid::now_v7());
    assert_eq!(status.get(&unknown).await.status(), 404);
    let mut stream = status.get("/api/v1/events").await.bytes_stream();
    assert!(stream.next().await.unwrap().is_ok());
    let end = async { while stream.next().await.is_some() {} };
    drop(status);
    tokio::time::timeout(SOON, end).await.unwrap();
}
