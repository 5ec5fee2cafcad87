//! `reelmill workers [ID] [drain|disable|enable]`: who works, and who should not.

use crate::{
    cli::{JsonArgs, ServerArgs},
    client::Client,
    outcome::Outcome,
    setup, show,
};
use anyhow::bail;
use clap::{Args, ValueEnum};
use reelmill_domain::{
    api::{Page, PatchWorker, WorkerState, WorkerTask, WorkerView},
    id::WorkerId,
};
use std::path::PathBuf;

/// List the workers, or drain, disable or enable one.
#[derive(Debug, Args)]
pub struct WorkersArgs {
    /// This one only.
    id: Option<WorkerId>,
    /// What it should do.
    #[arg(requires = "id")]
    order: Option<Order>,
    #[command(flatten)]
    json: JsonArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// What a worker can be told.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Order {
    /// Finish what runs, take nothing new.
    Drain,
    /// Get no tasks until enabled.
    Disable,
    /// Take tasks again.
    Enable,
}

/// Prints or orders.
pub fn run(file: Option<PathBuf>, args: WorkersArgs) -> anyhow::Result<Outcome> {
    let loaded = setup::configuration(file, setup::server_flag(&args.server))?;
    let client = Client::new(&loaded.config.client)?;
    let workers = setup::block_on(find(&client, args.id, args.order))?;
    if args.json.json {
        show::json(&Page {
            items: workers,
            next_cursor: None,
        })?;
        return Ok(Outcome::Done);
    }
    let rows: Vec<Vec<String>> = workers.iter().map(row).collect();
    show::table::table(
        &[
            "ID", "NAME", "STATE", "BUSY", "LANES", "VERSION", "FFMPEG", "SEEN",
        ],
        &rows,
    )
    .iter()
    .for_each(show::line);
    let tasks: Vec<Vec<String>> = workers.iter().flat_map(tasks).collect();
    if !tasks.is_empty() {
        show::line("");
        show::table::table(&["WORKER", "RUNS", "JOB", "TASK", "DONE"], &tasks)
            .iter()
            .for_each(show::line);
    }
    Ok(Outcome::Done)
}

async fn find(
    client: &Client,
    id: Option<WorkerId>,
    order: Option<Order>,
) -> anyhow::Result<Vec<WorkerView>> {
    if let (Some(id), Some(order)) = (id, order) {
        let state = match order {
            Order::Drain => WorkerState::Draining,
            Order::Disable => WorkerState::Disabled,
            Order::Enable => WorkerState::Live,
        };
        let path = format!("/api/v1/workers/{id}");
        return Ok(vec![client.patch(&path, &PatchWorker { state }).await?]);
    }
    let all: Vec<WorkerView> = client.list("/api/v1/workers", usize::MAX).await?;
    let Some(id) = id else {
        return Ok(all);
    };
    let one: Vec<WorkerView> = all.into_iter().filter(|w| w.id == id).collect();
    if one.is_empty() {
        bail!("there is no worker {id}; `reelmill workers` lists them");
    }
    Ok(one)
}

fn row(worker: &WorkerView) -> Vec<String> {
    let lanes: Vec<&str> = worker.lanes.iter().map(|l| l.0.as_str()).collect();
    let state = match worker.state {
        WorkerState::Live => "live",
        WorkerState::Draining => "draining",
        WorkerState::Disabled => "disabled",
        WorkerState::Lost => "lost",
    };
    vec![
        worker.id.to_string(),
        show::table::cut(&worker.name, 30),
        state.into(),
        format!("{}/{}", worker.busy, worker.slots),
        lanes.join(","),
        worker.version.clone(),
        worker.ffmpeg_version.clone(),
        worker.seen_at.to_string(),
    ]
}

/// What it runs, a row each.
fn tasks(worker: &WorkerView) -> Vec<Vec<String>> {
    let row = |task: &WorkerTask| {
        vec![
            show::table::cut(&worker.name, 30),
            task.kind.clone(),
            task.job.to_string(),
            task.task.to_string(),
            format!("{:.0} %", task.progress * 100.0),
        ]
    };
    worker.tasks.iter().map(row).collect()
}
