//! The whole of it: a cluster behind two proxies, users, three groups of faults side by side, and the verdict.

use super::broker::Broker;
use super::chance::Chance;
use super::clock::{Clock, Plan};
use super::kind::{BROKER, Kind, PROCESSES, STORES};
use super::processes::Processes;
use super::schedule::Schedule;
use super::stores::Stores;
use super::tally::Tally;
use super::user::Users;
use super::wish::{self, Wish};
use super::{echo, look, verdict, witness};
use anyhow::{Context, Result, ensure};
use futures::{StreamExt, stream::FuturesUnordered};
use reelmill_faults::Proxy;
use reelmill_tests::cluster::{Cluster, Database, Servers};
use std::time::Duration;

/// Runs it, prints what hit, and fails when anything is not as it must be.
pub async fn soak() -> Result<()> {
    let plan = Plan::read()?;
    let Plan { seed, length, jobs } = plan;
    println!(
        "soak: SOAK_SEED={seed} SOAK_SECONDS={} SOAK_JOBS={jobs}",
        length.as_secs()
    );
    let films = tempfile::tempdir()?;
    let clips = wish::draw(films.path()).await?;
    let mut servers = Servers::own(&["mysql", "rabbitmq", "swift"]).await?;
    let amqp = servers.get("AMQP")?.to_owned();
    let address = amqp.rsplit('@').next().context("no address")?.to_owned();
    let broker_proxy = Proxy::tcp(&address).await?;
    let through = amqp.replace(&address, &broker_proxy.address().to_string());
    servers.put("AMQP", &through);
    let store = servers
        .get("SWIFT_S3")?
        .trim_start_matches("http://")
        .to_owned();
    let store_proxy = Proxy::http(&store).await?;
    let mut cluster = Cluster::builder()
        .webapps(2)
        .statuses(2)
        .encoders(3)
        .servers(servers)
        .set("tasks.lease_s", 4)
        .set("uploads.expire_s", 90)
        .set("storage.endpoint", store_proxy.url())
        .start()
        .await?;
    let tally = Tally::default();
    let users = Users {
        api: cluster.api(),
        seed,
        clips: &clips,
        tally: &tally,
        uploads: Default::default(),
        accepted: Default::default(),
        deleted: Default::default(),
    };
    let clock = Clock::start(plan, 3);

    let (all, database, rabbit, servers) = cluster.apart();
    witness::watch(database).await?;
    let mut processes = Processes::new(all, database, &tally);
    let broker = Broker {
        rabbit,
        servers,
        proxy: &broker_proxy,
        tally: &tally,
    };
    let stores = Stores {
        database,
        servers,
        proxy: &store_proxy,
        tally: &tally,
    };
    let (submitted, first, second, third, ()) = tokio::join!(
        submit(&users, &clock),
        clock.ends(break_processes(&mut processes, &clock, &tally)),
        clock.ends(group(BROKER, &clock, &tally, 2, async |kind, chance| {
            broker.strike(kind, chance).await
        })),
        clock.ends(group(STORES, &clock, &tally, 3, async |kind, chance| {
            stores.strike(kind, chance).await
        })),
        tell(database, &users, &clock, &tally),
    );
    first.and(second).and(third)?;
    let broken = clock.begun.elapsed().as_secs();
    // A process that is starting now may meet servers that have just come back.
    processes.all_ready().await?;
    if !echo::hush(rabbit).await {
        tally.wrong("the broker's firehose can't be closed".into());
    }
    let judged = verdict::judge(&cluster, &users, &tally, films.path()).await;
    tally.must("jobs", judged);
    let drained = clock.begun.elapsed().as_secs() - broken;
    let database = cluster.database();
    tally.must("once only", witness::testify(database).await);
    tally.must("no orphan row", witness::no_orphans(database).await);
    println!(
        "SOAK_SEED={seed}: {submitted} jobs in {broken} s, all ended and judged {drained} s later"
    );
    sums(database).await?;
    println!("{}", tally.table());
    tally.must("nothing left over", cluster.finish().await);
    let short = tally.short_of(plan.floor());
    if !short.is_empty() {
        tally.wrong(format!("hit less than {} times: {short:?}", plan.floor()));
    }
    ensure!(submitted >= jobs, "only {submitted} jobs");
    let wrong = tally.complaints().len();
    ensure!(wrong == 0, "{wrong} complaints, see WRONG above");
    println!("nothing lost, nothing twice, nothing left over");
    Ok(())
}

/// Users come in bursts, spread over the whole time, and as long as anything is being broken.
async fn submit(users: &Users<'_>, clock: &Clock) -> usize {
    let plan = clock.plan;
    let pace = plan.length.mul_f64(0.95) / u32::try_from(plan.jobs).unwrap_or(u32::MAX);
    let mut wishes = FuturesUnordered::new();
    let mut number = 0;
    while number < plan.jobs || clock.runs() {
        let due = pace * u32::try_from(number / 4 * 4).unwrap_or(u32::MAX);
        tokio::select! {
            () = tokio::time::sleep_until(clock.begun + due) => {
                wishes.push(users.wish(Wish::new(plan.seed, number, users.clips.len())));
                number += 1;
            }
            Some(()) = wishes.next() => {}
        }
    }
    while wishes.next().await.is_some() {}
    number
}

async fn break_processes(
    processes: &mut Processes<'_>,
    clock: &Clock,
    tally: &Tally,
) -> Result<()> {
    let mut chance = Chance::new(clock.plan.seed, 11);
    let mut schedule = Schedule::new(
        PROCESSES,
        Chance::new(clock.plan.seed, 1),
        clock.plan.round(),
    );
    while let Some((kind, due)) = next(&mut schedule, PROCESSES, clock, tally) {
        loop {
            processes.supervise().await?;
            if clock.begun.elapsed() >= due {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        // While broker or database are away, no lease lapses.
        let quiet = match kind {
            Kind::EncoderFrozen => Some(clock.quiet.write().await),
            _ => None,
        };
        let hit = processes.strike(kind, &mut chance).await?;
        drop(quiet);
        if !hit {
            tally.count("faults that found nothing to hit");
        }
    }
    processes.all_ready().await
}

async fn group(
    kinds: &'static [Kind],
    clock: &Clock,
    tally: &Tally,
    number: u64,
    strike: impl AsyncFn(Kind, &mut Chance) -> Result<bool>,
) -> Result<()> {
    let mut chance = Chance::new(clock.plan.seed, 10 + number);
    let own = Chance::new(clock.plan.seed, number);
    let mut schedule = Schedule::new(kinds, own, clock.plan.round());
    while let Some((kind, due)) = next(&mut schedule, kinds, clock, tally) {
        tokio::time::sleep_until(clock.begun + due).await;
        let _others_work = clock.quiet.read().await;
        if !strike(kind, &mut chance)
            .await
            .with_context(|| format!("{kind:?}"))?
        {
            tally.count("faults that found nothing to hit");
        }
    }
    Ok(())
}

/// The next fault; after the time is over only those that have not hit often enough, and at last none.
fn next(
    schedule: &mut Schedule,
    kinds: &[Kind],
    clock: &Clock,
    tally: &Tally,
) -> Option<(Kind, Duration)> {
    let floor = clock.plan.floor();
    if !clock.is_over() {
        return Some(schedule.next());
    }
    let is_short = kinds.iter().any(|kind| tally.hits(*kind) < floor);
    if !is_short || clock.is_hopeless() {
        return None;
    }
    loop {
        let (kind, _) = schedule.next();
        if tally.hits(kind) < floor {
            return Some((kind, Duration::ZERO));
        }
    }
}

/// A line now and then, so that nobody need guess.
async fn tell(database: &Database, users: &Users<'_>, clock: &Clock, tally: &Tally) {
    while clock.runs() {
        for _ in 0..50 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if !clock.runs() {
                return;
            }
        }
        let active = look::count(database, look::ACTIVE).await;
        let active = active.map_or("?".into(), |n| n.to_string());
        let accepted = users.accepted.borrow().len();
        let s = clock.begun.elapsed().as_secs();
        let least = tally.least();
        eprintln!("{s:>4} s: {accepted} accepted, {active} not ended, hit least: {least}");
    }
}

/// What the faults cost, by the database.
async fn sums(database: &Database) -> Result<()> {
    let total =
        |column: &str| format!("SELECT CAST(COALESCE(SUM({column}), 0) AS SIGNED) FROM tasks");
    for (what, sql) in [
        ("tasks", "SELECT COUNT(*) FROM tasks".to_owned()),
        ("attempts", total("attempt")),
        ("leases lapsed", total("losses")),
        ("failures", total("failures")),
    ] {
        println!(
            "{what} (of jobs not deleted): {}",
            database.count(&sql).await?
        );
    }
    for what in ["task accepted", "output published", "job ended"] {
        println!(
            "noted, once each: {} × {what}",
            witness::noted(database, what).await?
        );
    }
    Ok(())
}
