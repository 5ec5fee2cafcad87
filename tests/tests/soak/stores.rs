//! Database and object store: killed, stopped, refusing, cut short.

use super::chance::Chance;
use super::kind::Kind;
use super::look;
use super::tally::Tally;
use anyhow::Result;
use reelmill_faults::{Fault, Proxy, Rule};
use reelmill_tests::cluster::{Database, Servers};
use reelmill_tests::wait::secs;

/// What keeps rows and bytes.
pub struct Stores<'a> {
    pub database: &'a Database,
    pub servers: &'a Servers,
    /// Before the object store.
    pub proxy: &'a Proxy,
    pub tally: &'a Tally,
}

impl Stores<'_> {
    /// Does it once; whether it hit.
    pub async fn strike(&self, kind: Kind, chance: &mut Chance) -> Result<bool> {
        let units = match kind {
            Kind::DatabaseKilled => {
                let clients = look::clients(self.database).await;
                self.servers.kill("mysql").await?;
                tokio::time::sleep(chance.ms(0, 2000)).await;
                self.servers.start("mysql").await?;
                clients
            }
            Kind::DatabaseFrozen => {
                let clients = look::clients(self.database).await;
                self.servers.pause("mysql").await?;
                tokio::time::sleep(secs(5)).await;
                self.servers.resume("mysql").await?;
                clients
            }
            Kind::StoreRefuses => {
                let faults = [
                    Fault::Answer(500),
                    Fault::Answer(503),
                    Fault::AnswerAfter(503),
                ];
                self.break_requests(faults.to_vec(), chance).await
            }
            _ => {
                let after = chance.below(20_000) as u64;
                let faults = [
                    Fault::ResetRequest { after },
                    Fault::ResetResponse { after: 0 },
                    Fault::ResetResponse { after },
                    Fault::Truncate { after },
                ];
                self.break_requests(faults.to_vec(), chance).await
            }
        };
        if units > 0 {
            self.tally.hit(kind, units);
        }
        Ok(units > 0)
    }

    /// For some seconds every other request breaks; how many did.
    async fn break_requests(&self, faults: Vec<Fault>, chance: &mut Chance) -> u64 {
        self.proxy.seed(chance.below(usize::MAX) as u64);
        let hits = self.proxy.add(Rule::any_of(faults).percent(50));
        let time = chance.ms(1000, 4000);
        look::within(secs(10), || async { (hits.count() > 0).then_some(()) }).await;
        tokio::time::sleep(time).await;
        self.proxy.clear();
        hits.count()
    }
}
