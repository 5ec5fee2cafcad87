//! A job's life through `apply`.

use super::fixture::*;
use reelmill_domain::{
    event::{JobEvent, TaskEvent, Telling},
    id::RunId,
    job::JobState,
    lane::Lane,
    output::OutputState,
    task::Task,
    time::Timestamp,
};
use reelmill_store::{AfterCommit, Change, Store, StoreError, apply, events, read, sweep};
use uuid::Uuid;

pub async fn a_job_goes_from_post_to_published(store: &Store) {
    let job = job(store, &["mkv", "webm"], 5).await;
    assert_eq!(record(store, job.id).await.position, Some(1));
    let worker = worker(2);
    heard(store, &worker).await;

    let probe = claim(store, Lane::light()).await.pop().unwrap();
    let run = start(store, &probe, &worker).await;
    assert_eq!(record(store, job.id).await.job.state.name(), "probing");
    assert_eq!(record(store, job.id).await.position, None);
    let after = say(store, &probe, succeeded(&probe, run)).await;
    assert!(after.contains(&AfterCommit::WakeDispatcher));
    let seen = record(store, job.id).await;
    assert_eq!(seen.source_sha256, Some("ab".repeat(32)));
    assert_eq!(seen.job.media, Some(media()));

    let encodes = claim(store, Lane::encode()).await;
    assert_eq!(encodes.len(), 2);
    assert!(
        claim(store, Lane::light()).await.is_empty(),
        "nothing can be assembled yet"
    );
    for message in encodes {
        let run = start(store, &message, &worker).await;
        say(store, &message, succeeded(&message, run)).await;
    }
    let assembles = claim(store, Lane::light()).await;
    assert_eq!(assembles.len(), 2, "one slot and one to wait for it");
    let mut ends = Vec::new();
    for message in assembles {
        assert_eq!(message.parts.len(), 1, "the part that it joins");
        let run = start(store, &message, &worker).await;
        let after = say(store, &message, succeeded(&message, run)).await;
        ends.push(after.contains(&AfterCommit::Ended("completed")));
    }
    assert_eq!(ends, [false, true], "it is counted once");

    let done = record(store, job.id).await.job;
    assert!(
        matches!(done.state, JobState::Ended { .. }),
        "{:?}",
        done.state
    );
    assert_eq!(done.state.name(), "completed");
    for output in &done.outputs {
        let OutputState::Published(p) = &output.state else {
            panic!("{:?}", output.state)
        };
        assert_eq!(p.files[0].name, output.file_name);
        assert!(sweep::is_stored(store.db(), &p.files[0].key).await.unwrap());
    }
    let due = sweep::due_prefixes(store.db(), 10).await.unwrap();
    assert_eq!(due.len(), 2, "work files and strays are to be swept");

    let story = events::of_job(store.db(), job.id, 0, 1000).await.unwrap();
    let seqs: Vec<u64> = story.iter().map(|t| t.seq).collect();
    assert_eq!(
        seqs,
        (1..=seqs.len() as u64).collect::<Vec<_>>(),
        "without gaps"
    );
    let states: Vec<&str> = story
        .iter()
        .filter_map(|t| match &t.telling {
            Telling::Job { state } => Some(state.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        states,
        ["queued", "probing", "encoding", "finishing", "completed"]
    );
}

pub async fn repeated_and_late_events_change_nothing(store: &Store) {
    let job = job(store, &["mkv"], 5).await;
    let worker = worker(1);
    heard(store, &worker).await;
    let probe = claim(store, Lane::light()).await.pop().unwrap();
    let run = start(store, &probe, &worker).await;
    say(store, &probe, succeeded(&probe, run)).await;
    let before = record(store, job.id).await;
    let story = events::of_job(store.db(), job.id, 0, 1000).await.unwrap();

    assert_eq!(
        say(store, &probe, succeeded(&probe, run)).await,
        [],
        "twice"
    );
    let intruder = RunId(Uuid::now_v7());
    let started = TaskEvent::Started {
        attempt: probe.attempt,
        run: intruder,
        worker: worker.id,
        lease_until: Timestamp(i64::MAX),
    };
    assert_eq!(
        say(store, &probe, started).await,
        [AfterCommit::Stop(intruder)],
        "late"
    );

    assert_eq!(record(store, job.id).await, before);
    assert_eq!(
        events::of_job(store.db(), job.id, 0, 1000).await.unwrap(),
        story
    );
    let tallies = read::tallies(store.db(), &[job.id]).await.unwrap();
    assert_eq!(
        tallies.iter().map(|t| t.tasks).sum::<u64>(),
        3,
        "nothing was planned twice"
    );
}

pub async fn parallel_events_of_one_job_all_count(store: &Store) {
    let job = job(
        store,
        &["avi", "mkv", "ogg", "webm", "mp4-h265", "mp4-av1"],
        5,
    )
    .await;
    let worker = worker(8);
    heard(store, &worker).await;
    drain(store, Lane::light(), &worker).await;
    let messages = claim(store, Lane::encode()).await;
    assert_eq!(messages.len(), 6);
    let each = messages.iter().map(|message| async {
        let run = start(store, message, &worker).await;
        say(store, message, succeeded(message, run)).await;
    });
    futures::future::join_all(each).await;
    let seen = record(store, job.id).await.job;
    assert_eq!(seen.state.name(), "finishing");
    assert!(seen.outputs.iter().all(|o| o.state.name() == "assembling"));
}

pub async fn cancelling_stops_what_runs_and_cancels_the_rest(store: &Store) {
    let job = job(store, &["mkv", "webm"], 5).await;
    let worker = worker(1);
    heard(store, &worker).await;
    drain(store, Lane::light(), &worker).await;
    let messages = claim(store, Lane::encode()).await;
    let run = start(store, &messages[0], &worker).await;
    let after = apply(store, job.id, Change::Job(JobEvent::Cancel), &POLICY)
        .await
        .unwrap();
    assert!(after.contains(&AfterCommit::Stop(run)));
    let seen = record(store, job.id).await.job;
    assert_eq!(seen.state.name(), "cancelled");
    let tallies = read::tallies(store.db(), &[job.id]).await.unwrap();
    assert!(
        tallies
            .iter()
            .all(|t| t.kind == "probe" || t.state == "cancelled"),
        "{tallies:?}"
    );
    // What was dispatched but not started is stopped when it starts.
    let late = RunId(Uuid::now_v7());
    let make = |_: &Task, now: Timestamp| {
        let attempt = messages[1].attempt;
        Some(TaskEvent::Started {
            attempt,
            run: late,
            worker: worker.id,
            lease_until: now,
        })
    };
    let after = apply(
        store,
        job.id,
        Change::Task(messages[1].task, &make),
        &POLICY,
    )
    .await
    .unwrap();
    assert_eq!(after, [AfterCommit::Stop(late)]);
    assert!(claim(store, Lane::encode()).await.is_empty());
}

pub async fn a_paused_job_is_taken_back(store: &Store) {
    let job = job(store, &["mkv"], 5).await;
    let worker = worker(1);
    heard(store, &worker).await;
    assert_eq!(claim(store, Lane::light()).await.len(), 1);
    apply(
        store,
        job.id,
        Change::Job(JobEvent::SetPaused(true)),
        &POLICY,
    )
    .await
    .unwrap();
    assert!(claim(store, Lane::light()).await.is_empty());
    let tallies = read::tallies(store.db(), &[job.id]).await.unwrap();
    assert_eq!(tallies[0].state, "ready");
    apply(
        store,
        job.id,
        Change::Job(JobEvent::SetPaused(false)),
        &POLICY,
    )
    .await
    .unwrap();
    let again = claim(store, Lane::light()).await;
    assert_eq!(
        again[0].attempt, 2,
        "a new attempt: the old message counts no more"
    );
}

pub async fn a_transaction_that_always_meets_others_ends_with_advice(store: &Store) {
    let mut tries = 0;
    let conflict = || StoreError::Conflict {
        attempt: "writing a job",
        what: "job",
    };
    let outcome = store.transact(|_| {
        tries += 1;
        async { Err::<(), _>(conflict()) }
    });
    let error = outcome.await.unwrap_err();
    assert!(error.is_retryable() && !error.is_away(), "{error}");
    assert!(
        error.to_string().contains("Nothing was written; try again"),
        "{error}"
    );
    assert_eq!(tries, 12);
}
