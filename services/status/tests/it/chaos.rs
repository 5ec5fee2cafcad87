//! Workers that die, fail, speak twice and come late, and statuses that come and go: every job ends well all the same.

use crate::{
    fake::{Fake, MADE, Run},
    world::{Running, World, config, until},
};
use reelmill_domain::lane::Lane;
use reelmill_status::StatusConfig;
use std::time::Duration;

const JOBS: usize = 4;
/// Lost and failed runs: fewer than would end a task, whoever they hit.
const MISFORTUNES: u32 = 2;

/// xorshift64: Marsaglia, "Xorshift RNGs", 2003. The same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

async fn all_ended(status: &Running) -> bool {
    let page = status.json("/api/v1/jobs").await;
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .all(|j| j["finished_at"].is_string())
}

/// Takes from either lane, or nothing within a moment.
async fn any(worker: &mut Fake) -> Option<Run> {
    let patience = Duration::from_millis(100);
    match worker.take_within(&Lane::light(), patience).await {
        Some(run) => Some(run),
        None => worker.take_within(&Lane::encode(), patience).await,
    }
}

async fn play(seed: u64) {
    let world = World::embedded().await;
    let hasty = || StatusConfig {
        lease: Duration::from_millis(1500),
        ..config()
    };
    let mut statuses = vec![
        world.status_with(hasty()).await,
        world.status_with(hasty()).await,
    ];
    let mut dice = Dice(seed);
    for _ in 0..JOBS {
        world.submit(&["mkv", "webm"]).await;
    }
    let mut worker = Fake::start(&world, 2).await;
    let mut misfortunes = 0;
    let mut late = Vec::new();
    until("every job has ended", async || {
        if let Some(run) = any(&mut worker).await {
            let success = worker.success(&world, &run).await;
            match dice.roll(8) {
                0 if misfortunes < MISFORTUNES => {
                    // Dies with what it runs; what it would have said is said much later.
                    misfortunes += 1;
                    late.push(success);
                    worker = Fake::start(&world, 2).await;
                }
                1 if misfortunes < MISFORTUNES => {
                    misfortunes += 1;
                    worker.fail(&run, false).await;
                }
                2 => {
                    worker.say(success.clone()).await;
                    worker.say(success).await;
                    worker.forget(&run);
                }
                3 => {
                    statuses.remove(0).stop().await;
                    statuses.push(world.status_with(hasty()).await);
                    worker.succeed(&world, &run).await;
                }
                _ => worker.succeed(&world, &run).await,
            }
        }
        for said in late.extract_if(.., |_| dice.roll(20) == 0) {
            worker.say(said).await;
        }
        all_ended(&statuses[0]).await.then_some(())
    })
    .await;
    let page = statuses[0].json("/api/v1/jobs").await;
    for job in page["items"].as_array().unwrap() {
        assert_eq!(job["state"], "completed", "{job:#}");
        for output in job["outputs"].as_array().unwrap() {
            let file = statuses[1].get(output["url"].as_str().unwrap()).await;
            assert_eq!(file.bytes().await.unwrap(), MADE);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_job_ends_well_whatever_happens_to_workers_and_statuses() {
    for seed in [0x5eed, 0xdecaf, 0xc0ffee] {
        play(seed).await;
    }
}
