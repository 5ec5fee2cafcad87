//! Stored files: gone with the last reference, never before.

use super::fixture::*;
use reelmill_domain::{
    event::JobEvent,
    id::{FileId, JobId, TaskId, UploadId},
    job::Job,
    lane::Lane,
    output::OutputState,
    task::Task,
};
use reelmill_store::{
    Change, Policy, Store, StoreError, apply, delete,
    jobs::NewJob,
    read,
    refs::{self, Holder},
    submit, sweep,
};
use sea_orm::ConnectionTrait;
use std::sync::{Arc, Mutex};
use uuid::Uuid;

async fn doomed(store: &Store) -> Vec<String> {
    sweep::take_doomed(store, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|(_, key)| key)
        .collect()
}

/// Makes rows of one kind that are older than anything is kept, as many.
async fn old(store: &Store, rows: usize, sql: impl Fn(Uuid, usize) -> String) {
    for start in (0..rows).step_by(50) {
        let values: Vec<String> = (start..rows.min(start + 50))
            .map(|n| sql(Uuid::from_u128(n as u128), n))
            .collect();
        let (head, _) = values[0].split_once(" VALUES ").unwrap();
        let tails = values.iter().map(|v| v.split_once(" VALUES ").unwrap().1);
        let sql = format!("{head} VALUES {}", tails.collect::<Vec<_>>().join(", "));
        store.db().execute_unprepared(&sql).await.unwrap();
    }
}

pub async fn old_rows_go_in_batches_and_young_ones_stay(store: &Store) {
    let key = |id: Uuid, n: usize| {
        let job = hex(id);
        format!(
            "INSERT INTO idempotency_keys (`owner`, `key`, body_hash, job_id, created_at) VALUES ('', 'k{n}', '', {job}, {n})"
        )
    };
    old(store, 1_100, key).await;
    old(store, 1_100, |id, _| {
        format!("INSERT INTO commits (id) VALUES ({})", hex(id))
    })
    .await;
    old(store, 1_100, |_, n| {
        format!("INSERT INTO worker_wishes (name, wanted, `at`) VALUES ('w{n}', 'live', {n})")
    })
    .await;
    let young = job(store, &["mkv"], 5).await;
    let used = submit::Used {
        body_hash: "ab".repeat(32),
        job: young.id,
    };
    submit::remember(store.db(), "", "young", &used)
        .await
        .unwrap();
    let young = count(store, "commits", "1 = 1").await - 1_100;

    let mut watched = store.clone();
    let deletes: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = deletes.clone();
    watched.observe(move |info| {
        let sql = &info.statement.sql;
        if sql.starts_with("DELETE") {
            heard.lock().unwrap().push(sql.clone());
        }
    });
    sweep::old_rows(&watched).await.unwrap();
    assert_eq!(count(store, "idempotency_keys", "1 = 1").await, 1);
    assert_eq!(count(store, "commits", "id < x'01'").await, 0);
    // The sweep's own transaction leaves a mark as well.
    assert!(count(store, "commits", "1 = 1").await >= young);
    assert_eq!(count(store, "worker_wishes", "1 = 1").await, 0);
    for table in ["idempotency_keys", "commits", "worker_wishes"] {
        let deletes = deletes.lock().unwrap();
        let of_table = deletes.iter().filter(|sql| sql.contains(table)).count();
        assert_eq!(of_table, 3, "{table}: two batches of 500 and one of 100");
    }
}

pub async fn the_last_reference_dooms_a_file(store: &Store) {
    let (upload, job) = (
        Holder::Upload(UploadId(Uuid::now_v7())),
        Holder::Job(JobId(Uuid::now_v7())),
    );
    let file = FileId(Uuid::now_v7());
    refs::add_file(store.db(), file, "sources/a", 5, upload)
        .await
        .unwrap();
    refs::hold(store.db(), file, job).await.unwrap();
    refs::hold(store.db(), file, job).await.unwrap();
    refs::release(store.db(), upload).await.unwrap();
    assert!(doomed(store).await.is_empty());
    refs::release(store.db(), job).await.unwrap();
    // Held again in time: it stays.
    refs::hold(store.db(), file, upload).await.unwrap();
    assert!(doomed(store).await.is_empty());
    refs::release(store.db(), upload).await.unwrap();
    assert_eq!(doomed(store).await, ["sources/a"]);
    // It is that sweeper's for a while.
    assert!(doomed(store).await.is_empty());
    sweep::forget_file(store, file).await.unwrap();
    assert!(doomed(store).await.is_empty());
}

pub async fn a_deleting_file_can_not_be_held(store: &Store) {
    let holder = Holder::Upload(UploadId(Uuid::now_v7()));
    let file = FileId(Uuid::now_v7());
    refs::add_file(store.db(), file, "sources/a", 5, holder)
        .await
        .unwrap();
    refs::release(store.db(), holder).await.unwrap();
    assert_eq!(doomed(store).await.len(), 1);
    let refused = refs::hold(store.db(), file, holder).await;
    assert!(
        matches!(refused, Err(StoreError::FileGone { .. })),
        "{refused:?}"
    );
}

async fn published(store: &Store, policy: &Policy) -> Job {
    let job = job(store, &["mkv"], 5).await;
    let worker = worker(1);
    heard(store, &worker).await;
    for lane in [Lane::light(), Lane::encode()] {
        drain(store, lane, &worker).await;
    }
    let message = claim(store, Lane::light()).await.pop().unwrap();
    let run = start(store, &message, &worker).await;
    let make = |_: &_, _| Some(succeeded(&message, run));
    apply(store, job.id, Change::Task(message.task, &make), policy)
        .await
        .unwrap();
    record(store, job.id).await.job
}

pub async fn expired_outputs_lose_their_files(store: &Store) {
    let job = published(
        store,
        &Policy {
            expire_after_s: Some(0),
            ..POLICY
        },
    )
    .await;
    let OutputState::Published(p) = &job.outputs[0].state else {
        panic!("{:?}", job.outputs[0].state)
    };
    let (key, name) = (p.files[0].key.clone(), p.files[0].name.clone());
    let offered = async || {
        read::offered(store.db(), "", job.id, job.outputs[0].id, &name)
            .await
            .unwrap()
    };
    assert_eq!(offered().await, read::Offered::File(p.files[0].clone()));
    let expired = sweep::expired_outputs(store.db(), 10).await.unwrap();
    assert_eq!(expired, [(job.id, job.outputs[0].id)]);
    apply(
        store,
        job.id,
        Change::Job(JobEvent::Expire(expired[0].1)),
        &POLICY,
    )
    .await
    .unwrap();
    assert_eq!(offered().await, read::Offered::Expired);
    assert_eq!(doomed(store).await, [key]);
    assert!(
        sweep::expired_outputs(store.db(), 10)
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn sources_go_after_their_retention(store: &Store) {
    let job = published(store, &POLICY).await;
    sweep::release_sources(store, 3600).await.unwrap();
    assert!(doomed(store).await.is_empty());
    sweep::release_sources(store, 0).await.unwrap();
    assert_eq!(doomed(store).await, [job.input.key]);
}

pub async fn ended_jobs_go_with_all_that_belongs_to_them(store: &Store) {
    let expires = Policy {
        expire_after_s: Some(0),
        ..POLICY
    };
    let gone = published(store, &expires).await;
    let kept = published(store, &POLICY).await;
    let open = job(store, &["mkv"], 5).await;
    let completed = async || read::jobs_by_state(store.db()).await.unwrap()["completed"];
    assert_eq!(completed().await, 2);
    assert_eq!(
        sweep::ended_jobs(store, 0, 10).await.unwrap(),
        0,
        "both are published"
    );
    let expire = Change::Job(JobEvent::Expire(gone.outputs[0].id));
    apply(store, gone.id, expire, &POLICY).await.unwrap();
    assert_eq!(
        sweep::ended_jobs(store, 3600, 10).await.unwrap(),
        0,
        "not yet"
    );
    assert_eq!(sweep::ended_jobs(store, 0, 10).await.unwrap(), 1);
    assert_eq!(sweep::ended_jobs(store, 0, 10).await.unwrap(), 0);

    let of_job = format!("job_id = {}", hex(gone.id.0));
    for table in ["outputs", "tasks", "job_events"] {
        assert_eq!(count(store, table, &of_job).await, 0, "{table}");
    }
    assert_eq!(
        count(store, "task_needs", "task_id NOT IN (SELECT id FROM tasks)").await,
        0
    );
    assert_eq!(
        count(store, "sources", &format!("id = {}", hex(gone.source.0))).await,
        0
    );
    assert_eq!(
        count(
            store,
            "file_refs",
            &format!("holder_id = {}", hex(gone.id.0))
        )
        .await,
        0
    );
    assert!(doomed(store).await.contains(&gone.input.key));
    for job in [kept.id, open.id] {
        record(store, job).await;
    }
    assert_eq!(completed().await, 1);
    sweep::old_rows(store).await.unwrap();
    assert_eq!(completed().await, 1);
    assert_eq!(
        count(store, "ended_counts", "state = 'completed'").await,
        1,
        "added up"
    );
}

pub async fn a_source_goes_with_the_last_job_that_names_it(store: &Store) {
    let first = published(store, &POLICY).await;
    let second = Job {
        id: JobId(Uuid::now_v7()),
        outputs: Vec::new(),
        ..first.clone()
    };
    let probe = Task::probe(
        TaskId(Uuid::now_v7()),
        second.id,
        first.input.clone(),
        LIMITS,
    );
    let write = store.transact(|txn| {
        let (second, probe) = (&second, &probe);
        async move { submit::write(&*txn, second, &NewJob::default(), probe).await }
    });
    write.await.unwrap();
    let named = format!("id = {}", hex(first.source.0));
    for (job, left) in [(first.id, 1), (second.id, 0)] {
        let deleted =
            store.transact(|txn| async move { delete::delete(&*txn, "", job, &POLICY).await });
        deleted.await.unwrap();
        assert_eq!(count(store, "sources", &named).await, left);
    }
    assert!(doomed(store).await.contains(&first.input.key));
}
