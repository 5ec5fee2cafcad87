//! What lanes promise: one task at a time, nothing lost, expiry, redelivery.

use super::{A_WHILE, SOON, next, nothing, samples};
use crate::{Broker, BrokerError};
use reelmill_domain::{id::TaskId, lane::Lane};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Longer than any test.
const LONG: Duration = Duration::from_secs(600);

/// A lane that no consumer ever opened refuses the message.
pub async fn a_lane_that_nobody_opened_is_unroutable(broker: Arc<dyn Broker>) {
    let lane = Lane("nobody".into());
    let refused = broker.publish_task(&samples::task(&lane), LONG).await;
    assert!(
        matches!(&refused, Err(BrokerError::Unroutable { lane }) if lane == "nobody"),
        "{refused:?}"
    );
}

/// Nothing is changed on the way, and a first delivery says so.
pub async fn a_task_arrives_as_it_was_sent(broker: Arc<dyn Broker>) {
    let lane = Lane::light();
    let mut consumer = broker.consume_tasks(&lane).await.unwrap();
    let sent = samples::task(&lane);
    broker.publish_task(&sent, LONG).await.unwrap();
    let came = next(&mut consumer).await;
    assert_eq!(came.message, sent);
    assert!(!came.redelivered);
    came.ack().await.unwrap();
    nothing(&mut consumer).await;
}

/// The lane keeps what is sent while no consumer is there.
pub async fn a_lane_outlives_its_consumers(broker: Arc<dyn Broker>) {
    let lane = Lane::encode();
    drop(broker.consume_tasks(&lane).await.unwrap());
    let sent = samples::task(&lane);
    broker.publish_task(&sent, LONG).await.unwrap();
    let mut consumer = broker.consume_tasks(&lane).await.unwrap();
    assert_eq!(next(&mut consumer).await.message, sent);
}

/// A task only comes out of the lane it was sent to.
pub async fn lanes_do_not_mix(broker: Arc<dyn Broker>) {
    let mut light = broker.consume_tasks(&Lane::light()).await.unwrap();
    let mut encode = broker.consume_tasks(&Lane::encode()).await.unwrap();
    let sent = samples::task(&Lane::encode());
    broker.publish_task(&sent, LONG).await.unwrap();
    assert_eq!(next(&mut encode).await.message, sent);
    nothing(&mut light).await;
}

/// The second task comes only when the first is acknowledged.
pub async fn one_task_at_a_time(broker: Arc<dyn Broker>) {
    let lane = Lane::encode();
    let mut consumer = broker.consume_tasks(&lane).await.unwrap();
    let (first, second) = (samples::task(&lane), samples::task(&lane));
    broker.publish_task(&first, LONG).await.unwrap();
    broker.publish_task(&second, LONG).await.unwrap();
    let held = next(&mut consumer).await;
    assert_eq!(held.message, first);
    nothing(&mut consumer).await;
    held.ack().await.unwrap();
    let held = next(&mut consumer).await;
    assert_eq!(held.message, second);
    assert!(!held.redelivered);
}

/// A consumer that is busy, and not asking for more, keeps no task from an idle one.
pub async fn an_acknowledged_task_leaves_the_next_to_others(broker: Arc<dyn Broker>) {
    let lane = Lane::encode();
    let mut busy = broker.consume_tasks(&lane).await.unwrap();
    broker
        .publish_task(&samples::task(&lane), LONG)
        .await
        .unwrap();
    next(&mut busy).await.ack().await.unwrap();

    let mut idle = broker.consume_tasks(&lane).await.unwrap();
    let sent = samples::task(&lane);
    broker.publish_task(&sent, LONG).await.unwrap();
    assert_eq!(next(&mut idle).await.message, sent);
}

/// A delivery dropped without acknowledgement comes again, marked.
pub async fn a_dropped_delivery_comes_again(broker: Arc<dyn Broker>) {
    let lane = Lane::encode();
    let mut consumer = broker.consume_tasks(&lane).await.unwrap();
    let sent = samples::task(&lane);
    broker.publish_task(&sent, LONG).await.unwrap();
    drop(next(&mut consumer).await);
    let again = next(&mut consumer).await;
    assert_eq!(again.message, sent);
    assert!(again.redelivered);
    again.ack().await.unwrap();
    nothing(&mut consumer).await;
}

/// Ending a consumer gives its task to another, and its late acknowledgement takes nothing away from that one.
pub async fn an_ended_consumer_gives_back_what_it_holds(broker: Arc<dyn Broker>) {
    let lane = Lane::encode();
    let mut one = broker.consume_tasks(&lane).await.unwrap();
    let sent = samples::task(&lane);
    broker.publish_task(&sent, LONG).await.unwrap();
    let held = next(&mut one).await;
    drop(one);

    let mut two = broker.consume_tasks(&lane).await.unwrap();
    let again = next(&mut two).await;
    assert_eq!(again.message, sent);
    assert!(again.redelivered);
    assert!(held.ack().await.is_err(), "a stale acknowledgement fails");
    drop(again);
    assert_eq!(next(&mut two).await.message, sent);
}

/// What nobody takes in time is told as expired, and can't be taken any more.
pub async fn an_expired_task_goes_to_the_dead(broker: Arc<dyn Broker>) {
    let lane = Lane::encode();
    drop(broker.consume_tasks(&lane).await.unwrap());
    let mut dead = broker.consume_dead().await.unwrap();
    let sent = samples::task(&lane);
    broker.publish_task(&sent, A_WHILE).await.unwrap();
    let told = next(&mut dead).await;
    assert_eq!(told.message.message, sent);
    assert!(told.message.expired);
    told.ack().await.unwrap();
    let mut late = broker.consume_tasks(&lane).await.unwrap();
    nothing(&mut late).await;
}

/// The time to live ends with the delivery.
pub async fn a_task_in_hand_does_not_expire(broker: Arc<dyn Broker>) {
    let lane = Lane::encode();
    let mut consumer = broker.consume_tasks(&lane).await.unwrap();
    let mut dead = broker.consume_dead().await.unwrap();
    let ttl = Duration::from_secs(2);
    broker
        .publish_task(&samples::task(&lane), ttl)
        .await
        .unwrap();
    let held = next(&mut consumer).await;
    let came = tokio::time::timeout(ttl + A_WHILE, dead.next()).await;
    assert!(came.is_err(), "a task in hand was told as dead");
    held.ack().await.unwrap();
}

/// A task that nobody finishes comes to an end.
pub async fn a_task_given_back_too_often_goes_to_the_dead(broker: Arc<dyn Broker>) {
    let lane = Lane::encode();
    let mut consumer = broker.consume_tasks(&lane).await.unwrap();
    let sent = samples::task(&lane);
    broker.publish_task(&sent, LONG).await.unwrap();
    let mut dead = broker.consume_dead().await.unwrap();
    let giving_back = async {
        for _ in 0..200 {
            let delivery = consumer.next().await.expect("the consumer was ended");
            assert_eq!(delivery.message, sent);
            drop(delivery);
        }
        panic!("there is no limit");
    };
    let told = tokio::select! {
        told = tokio::time::timeout(6 * SOON, dead.next()) => told.expect("it is due among the dead").unwrap(),
        () = giving_back => unreachable!(),
    };
    assert_eq!(told.message.message, sent);
    assert!(!told.message.expired);
    told.ack().await.unwrap();
}

/// Who reads the dead may fail, too.
pub async fn a_dead_task_waits_for_its_reader(broker: Arc<dyn Broker>) {
    let lane = Lane::encode();
    drop(broker.consume_tasks(&lane).await.unwrap());
    let sent = samples::task(&lane);
    broker.publish_task(&sent, A_WHILE).await.unwrap();
    let mut one = broker.consume_dead().await.unwrap();
    let held = next(&mut one).await;
    drop((held, one));
    let mut two = broker.consume_dead().await.unwrap();
    let again = next(&mut two).await;
    assert_eq!(again.message.message, sent);
    assert!(again.message.expired);
    assert!(again.redelivered);
}

/// First in, first out.
pub async fn tasks_keep_their_order(broker: Arc<dyn Broker>) {
    let lane = Lane::encode();
    drop(broker.consume_tasks(&lane).await.unwrap());
    let sent: Vec<_> = (0..50).map(|_| samples::task(&lane)).collect();
    for task in &sent {
        broker.publish_task(task, LONG).await.unwrap();
    }
    for task in &sent {
        let mut consumer = broker.consume_tasks(&lane).await.unwrap();
        let came = next(&mut consumer).await;
        assert_eq!(&came.message, task);
        came.ack().await.unwrap();
    }
}

/// Every task of many publishers goes to exactly one of many consumers.
pub async fn many_publishers_and_consumers_share_a_lane(broker: Arc<dyn Broker>) {
    const PUBLISHERS: usize = 8;
    const EACH: usize = 50;
    let lane = Lane::encode();
    drop(broker.consume_tasks(&lane).await.unwrap());

    let seen = Arc::new(Mutex::new(Vec::<TaskId>::new()));
    let mut consumers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (broker, lane, seen) = (broker.clone(), lane.clone(), seen.clone());
        consumers.spawn(async move {
            let mut consumer = broker.consume_tasks(&lane).await.unwrap();
            while let Some(delivery) = consumer.next().await {
                seen.lock().unwrap().push(delivery.message.task);
                delivery.ack().await.unwrap();
            }
        });
    }
    let mut publishers = tokio::task::JoinSet::new();
    for _ in 0..PUBLISHERS {
        let (broker, lane) = (broker.clone(), lane.clone());
        publishers.spawn(async move {
            let mut sent = Vec::new();
            for _ in 0..EACH {
                let task = samples::task(&lane);
                broker.publish_task(&task, LONG).await.unwrap();
                sent.push(task.task);
            }
            sent
        });
    }
    let sent: BTreeSet<TaskId> = publishers.join_all().await.into_iter().flatten().collect();
    let all = PUBLISHERS * EACH;
    tokio::time::timeout(SOON, async {
        while seen.lock().unwrap().len() < all {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("tasks were lost");
    consumers.shutdown().await;
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), all, "a task was delivered twice");
    assert_eq!(seen.iter().copied().collect::<BTreeSet<_>>(), sent);
}
