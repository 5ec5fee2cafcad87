//! The broker: stopped, killed, out of reach, its connections closed, its queues emptied and deleted.

use super::chance::Chance;
use super::kind::Kind;
use super::tally::Tally;
use super::{echo, look};
use anyhow::Result;
use reelmill_faults::Proxy;
use reelmill_tests::cluster::{Rabbit, Servers};
use reelmill_tests::wait::secs;
use reqwest::Method;
use serde_json::json;

/// Queues that are thrown away or emptied.
const QUEUES: &[&str] = &[
    "reelmill.tasks.light",
    "reelmill.tasks.encode",
    "reelmill.events",
    "reelmill.jobs",
    "reelmill.tasks.dead",
];

/// RabbitMQ.
pub struct Broker<'a> {
    pub rabbit: &'a Rabbit,
    pub servers: &'a Servers,
    /// Before it, for all services.
    pub proxy: &'a Proxy,
    pub tally: &'a Tally,
}

impl Broker<'_> {
    /// Does it once; whether it hit.
    pub async fn strike(&self, kind: Kind, chance: &mut Chance) -> Result<bool> {
        let units = match kind {
            Kind::BrokerRestarted => {
                let lost = look::connections(self.rabbit).await;
                match chance.odds(50) {
                    true => self.servers.kill("rabbitmq").await?,
                    false => self.servers.stop("rabbitmq").await?,
                }
                tokio::time::sleep(chance.ms(0, 2000)).await;
                self.servers.start("rabbitmq").await?;
                lost
            }
            Kind::BrokerGone => {
                let lost = look::connections(self.rabbit).await;
                self.proxy.set_down(true);
                tokio::time::sleep(chance.ms(4000, 8000)).await;
                self.proxy.set_down(false);
                lost
            }
            // The list is a moment old: one that is gone meanwhile can't be closed, and another try finds the others.
            Kind::ConnectionsClosed => {
                let closed = look::within(secs(8), || async {
                    let closed = self.rabbit.close_connections().await.ok()? as u64;
                    (closed > 0).then_some(closed)
                });
                closed.await.unwrap_or(0)
            }
            Kind::QueuePurged => self.throw_away().await,
            Kind::QueueDeleted => {
                let queue = chance.pick(QUEUES);
                let deleted = look::within(secs(8), || async {
                    self.rabbit.delete_queue(queue).await.ok()
                });
                u64::from(deleted.await.is_some())
            }
            _ => echo::repeat(self.rabbit, kind, chance).await,
        };
        if units > 0 {
            self.tally.hit(kind, units);
        }
        Ok(units > 0)
    }

    /// Takes whatever waits in a queue and answers for it; how much. A purge doesn't say what it removed.
    async fn throw_away(&self) -> u64 {
        let all = json!({"count": 1000, "ackmode": "ack_requeue_false", "encoding": "auto"});
        let lost = look::within(secs(15), || async {
            for queue in QUEUES {
                let path = format!("/api/queues/{}/{queue}/get", self.rabbit.vhost());
                let got = self
                    .rabbit
                    .call(Method::POST, &path, Some(all.clone()))
                    .await;
                let lost = got.ok()?.as_array()?.len() as u64;
                if lost > 0 {
                    return Some(lost);
                }
            }
            None
        });
        lost.await.unwrap_or(0)
    }
}
