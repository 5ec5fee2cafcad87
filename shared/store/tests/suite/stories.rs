//! Reading back: stories and pages.

use super::fixture::*;
use reelmill_domain::{
    event::{JobEvent, Telling},
    id::JobId,
};
use reelmill_store::{Change, Store, apply, entity::job_event, events, now, read};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use uuid::Uuid;

pub async fn ids_are_handed_out_once_every_smaller_one_is_visible(store: &Store) {
    let line = async |id: i64, at: i64| {
        let telling = Telling::Job {
            state: "queued".into(),
        };
        let row = job_event::ActiveModel {
            id: Set(id),
            job_id: Set(Uuid::now_v7()),
            owner: Set(String::new()),
            seq: Set(1),
            kind: Set("job".into()),
            body_json: Set(serde_json::to_string(&telling).unwrap()),
            at: Set(at),
        };
        job_event::Entity::insert(row)
            .exec_without_returning(store.db())
            .await
            .unwrap();
    };
    let ids = async |after| -> Vec<i64> {
        events::after(store.db(), after, 100)
            .await
            .unwrap()
            .iter()
            .map(|t| t.id)
            .collect()
    };
    let now = now(store.db()).await.unwrap().0;
    line(1, now - 60_000).await;
    // 2 was rolled back long ago.
    line(3, now - 50_000).await;
    line(4, now).await;
    // 5 is still being written.
    line(6, now).await;
    line(7, now).await;
    assert_eq!(ids(0).await, [1, 3, 4]);
    assert_eq!(events::beginning(store.db()).await.unwrap(), 3);
    line(5, now).await;
    assert_eq!(ids(4).await, [5, 6, 7]);
    assert_eq!(events::last(store.db()).await.unwrap(), 7);
}

pub async fn pages_go_from_the_newest_without_holes(store: &Store) {
    let mut made: Vec<JobId> = Vec::new();
    for _ in 0..7 {
        made.push(job(store, &["mkv"], 5).await.id);
    }
    made.reverse();
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = read::page(store.db(), "", None, cursor, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        let text = read::Cursor::after(last).to_string();
        cursor = Some(text.parse().unwrap());
        seen.extend(page.iter().map(|r| r.job.id));
    }
    assert_eq!(seen, made);
    assert!(
        read::page(store.db(), "somebody", None, None, 3)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        read::page(store.db(), "", Some("failed"), None, 3)
            .await
            .unwrap()
            .is_empty()
    );
    assert!("nonsense".parse::<read::Cursor>().is_err());
    assert_eq!(record(store, made[0]).await.position, Some(7));
}

pub async fn places_go_by_priority_then_age_one_by_one_and_on_a_page(store: &Store) {
    let mut made = Vec::new();
    for priority in [5, 9, 5, 7, 5] {
        made.push(job(store, &["mkv"], priority).await.id);
    }
    let change = Change::Job(JobEvent::SetPaused(true));
    apply(store, made[2], change, &POLICY).await.unwrap();
    let page = read::page(store.db(), "", None, None, 10).await.unwrap();
    let expected = [Some(3), Some(1), None, Some(2), Some(4)];
    for (id, place) in made.into_iter().zip(expected) {
        let listed = page.iter().find(|r| r.job.id == id).unwrap();
        assert_eq!(listed.position, place);
        assert_eq!(record(store, id).await.position, place);
    }
}

pub async fn a_line_that_can_t_be_read_is_left_out(store: &Store) {
    let job = job(store, &["mkv"], 5).await;
    for priority in [6, 7, 8] {
        let change = Change::Job(JobEvent::SetPriority(priority));
        apply(store, job.id, change, &POLICY).await.unwrap();
    }
    apply(store, job.id, Change::Job(JobEvent::Cancel), &POLICY)
        .await
        .unwrap();
    let story = events::of_job(store.db(), job.id, 0, 100).await.unwrap();
    assert!(story.len() >= 2, "{story:?}");
    let sql = format!(
        "UPDATE job_events SET body_json = '{{}}' WHERE job_id = {} AND seq = 1",
        hex(job.id.0)
    );
    store.db().execute_unprepared(&sql).await.unwrap();
    // One at a time: the reader must get beyond it.
    let next = events::of_job(store.db(), job.id, 0, 1).await.unwrap();
    assert_eq!(next[0].seq, 2);
    let next = events::after(store.db(), 0, 1).await.unwrap();
    assert_eq!(next[0].seq, 2);
}
