//! Our own processes: killed, stopped, told to end, and started again as a supervisor would. A fault hits only what works.

use super::chance::Chance;
use super::kind::Kind;
use super::look;
use super::tally::Tally;
use anyhow::{Context, Result};
use reelmill_tests::cluster::{Database, Process, Role};
use reelmill_tests::wait::secs;
use std::time::Duration;

/// The processes, and who looks after them.
pub struct Processes<'a> {
    all: &'a mut [Process],
    ready: Vec<bool>,
    database: &'a Database,
    tally: &'a Tally,
}

impl<'a> Processes<'a> {
    /// All of them run and are ready.
    pub fn new(all: &'a mut [Process], database: &'a Database, tally: &'a Tally) -> Self {
        Self {
            ready: vec![true; all.len()],
            all,
            database,
            tally,
        }
    }

    /// Does it once; whether it hit.
    pub async fn strike(&mut self, kind: Kind, chance: &mut Chance) -> Result<bool> {
        let units = match kind {
            Kind::EncoderKilled => self.encoder(chance, End::Kill).await?,
            Kind::EncoderDrained => self.encoder(chance, End::Ask).await?,
            Kind::EncoderFrozen => self.freeze_encoder(chance).await?,
            Kind::StatusKilled => self.one_of(Role::Status, chance, End::Kill).await?,
            Kind::StatusDrained => self.one_of(Role::Status, chance, End::Ask).await?,
            Kind::StatusFrozen => self.freeze_status(chance).await?,
            Kind::WebappKilled => self.one_of(Role::Webapp, chance, End::Kill).await?,
            Kind::WebappDrained => self.one_of(Role::Webapp, chance, End::Ask).await?,
            _ => self.die_after_commit(chance).await?,
        };
        if units > 0 {
            self.tally.hit(kind, units);
        }
        Ok(units > 0)
    }

    /// Starts again what ended by itself, as systemd or Kubernetes would; complains of what was ready before.
    pub async fn supervise(&mut self) -> Result<()> {
        for (process, ready) in self.all.iter_mut().zip(&mut self.ready) {
            if process.has_ended()? {
                match *ready {
                    true => self
                        .tally
                        .wrong(format!("{} ended by itself", process.name())),
                    false => self.tally.count("starts given up while a server was away"),
                }
                *ready = false;
            }
            if !process.is_running() {
                process.spawn()?;
            }
            if !*ready {
                *ready = is_ready(process).await;
            }
        }
        Ok(())
    }

    /// Supervises until all are ready.
    pub async fn all_ready(&mut self) -> Result<()> {
        for _ in 0..600 {
            self.supervise().await?;
            if self.ready.iter().all(|ready| *ready) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        anyhow::bail!("not all processes became ready again")
    }

    /// An encoder that runs tasks, by the database, and their ids.
    async fn at_work(&self, chance: &mut Chance) -> Option<(usize, Vec<String>)> {
        let sql = "SELECT CONCAT(w.name, ' ', LOWER(HEX(t.id))) FROM tasks t \
            JOIN workers w ON w.id = t.worker_id WHERE t.state = 'running'";
        let found = look::within(secs(12), || async {
            let rows = look::texts(self.database, sql).await?;
            (!rows.is_empty()).then_some(rows)
        });
        let rows = found.await?;
        let pairs: Vec<_> = rows.iter().filter_map(|row| row.split_once(' ')).collect();
        let (name, _) = *pairs.get(chance.below(pairs.len()))?;
        let place = self.all.iter().position(|p| p.name() == name)?;
        let theirs = pairs.iter().filter(|(other, _)| *other == name);
        Some((place, theirs.map(|(_, task)| (*task).to_owned()).collect()))
    }

    async fn encoder(&mut self, chance: &mut Chance, end: End) -> Result<u64> {
        match self.at_work(chance).await {
            Some((place, tasks)) if self.end(place, chance, end).await? => Ok(tasks.len() as u64),
            _ => Ok(0),
        }
    }

    async fn one_of(&mut self, role: Role, chance: &mut Chance, end: End) -> Result<u64> {
        let active = match role {
            Role::Status => self.active().await,
            _ => 1,
        };
        let Some(place) = self.ready_one(role, chance).await? else {
            return Ok(0);
        };
        let hit = active > 0 && self.end(place, chance, end).await?;
        Ok(if hit { active } else { 0 })
    }

    /// Jobs that have not ended; waits for some, and for a database that can be asked.
    async fn active(&self) -> u64 {
        let active = look::within(secs(10), || async {
            let active = look::count(self.database, look::ACTIVE).await?;
            (active > 0).then_some(active)
        });
        active.await.unwrap_or(0)
    }

    /// One that is ready; waits for it.
    async fn ready_one(&mut self, role: Role, chance: &mut Chance) -> Result<Option<usize>> {
        for _ in 0..75 {
            let fit = (0..self.all.len()).filter(|n| self.all[*n].role() == role && self.ready[*n]);
            let fit: Vec<usize> = fit.collect();
            if !fit.is_empty() {
                return Ok(Some(chance.pick(&fit)));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            self.supervise().await?;
        }
        Ok(None)
    }

    /// Ends one, and starts it again after a while; whether it ran.
    async fn end(&mut self, place: usize, chance: &mut Chance, how: End) -> Result<bool> {
        let process = &mut self.all[place];
        if !process.is_running() || process.has_ended()? {
            return Ok(false);
        }
        match how {
            End::Kill => process.kill().await?,
            End::Ask => {
                let name = process.name().to_owned();
                match process.terminate().await {
                    Ok(ended) if ended.success() || !self.ready[place] => {}
                    Ok(ended) => self.tally.wrong(format!("{name} after SIGTERM: {ended}")),
                    Err(error) => self.tally.wrong(format!("{error:#}")),
                }
            }
        }
        self.ready[place] = false;
        tokio::time::sleep(chance.ms(0, 2500)).await;
        self.all[place].spawn()?;
        Ok(true)
    }

    /// Stops an encoder until one of its leases has lapsed, then lets it go on.
    async fn freeze_encoder(&mut self, chance: &mut Chance) -> Result<u64> {
        let Some((place, tasks)) = self.at_work(chance).await else {
            return Ok(0);
        };
        let list = tasks.iter().map(|id| format!("UNHEX('{id}')"));
        let list = list.collect::<Vec<_>>().join(", ");
        let losses = format!(
            "SELECT CAST(COALESCE(SUM(losses), 0) AS SIGNED) FROM tasks WHERE id IN ({list})"
        );
        let Some(before) = look::count(self.database, &losses).await else {
            return Ok(0);
        };
        let process = &self.all[place];
        if !process.is_running() {
            return Ok(0);
        }
        process.pause()?;
        let lapsed = look::within(secs(30), || async {
            let now = look::count(self.database, &losses).await?;
            (now > before).then(|| now - before)
        })
        .await;
        tokio::time::sleep(chance.ms(0, 2000)).await;
        process.resume()?;
        Ok(lapsed.unwrap_or(0))
    }

    async fn freeze_status(&mut self, chance: &mut Chance) -> Result<u64> {
        let active = self.active().await;
        let Some(place) = self.ready_one(Role::Status, chance).await? else {
            return Ok(0);
        };
        self.all[place].pause()?;
        tokio::time::sleep(chance.ms(3000, 6000)).await;
        self.all[place].resume()?;
        Ok(active)
    }

    /// Starts a webapp that dies by its failpoint as soon as it has committed a job.
    async fn die_after_commit(&mut self, chance: &mut Chance) -> Result<u64> {
        const FAILPOINT: &str = "REELMILL_FAILPOINT";
        let Some(place) = self.ready_one(Role::Webapp, chance).await? else {
            return Ok(0);
        };
        let process = &mut self.all[place];
        process.kill().await?;
        self.ready[place] = false;
        process.env(FAILPOINT, "webapp.after-commit");
        process.spawn()?;
        let mut died = 0;
        for _ in 0..200 {
            if process.has_ended()? {
                died = 1;
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        if process.is_running() {
            process.kill().await?;
        }
        let reached = process.log();
        let reached = reached.lines().rev().take(5);
        let reached = reached
            .filter(|l| l.contains("a failpoint was reached"))
            .count() as u64;
        process.env(FAILPOINT, "");
        process.spawn().context("after its failpoint")?;
        Ok(died.min(reached))
    }
}

/// How a process is ended.
#[derive(Debug, Clone, Copy)]
enum End {
    Kill,
    Ask,
}

async fn is_ready(process: &Process) -> bool {
    let api = process.api();
    let asked = api.http.get(api.url("/readyz")).timeout(secs(1)).send();
    asked.await.is_ok_and(|answer| answer.status() == 200)
}
