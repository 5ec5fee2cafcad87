//! `reelmill jobs [ID] [--watch]`: what is going on, once or until it has ended.

use crate::{
    cli::{JsonArgs, ServerArgs},
    client::{Client, follow},
    outcome::Outcome,
    setup,
    show::{self, job, progress::Bars, table::table},
};
use clap::Args;
use reelmill_domain::{
    api::{JobView, Page},
    id::JobId,
};
use std::{collections::BTreeMap, io::IsTerminal, path::PathBuf};

/// List jobs, or show one.
#[derive(Debug, Args)]
pub struct JobsArgs {
    /// This one only, with all there is to tell.
    id: Option<JobId>,
    /// Go on showing what changes; ends with the job when one is named.
    #[arg(long)]
    watch: bool,
    /// At most so many, the newest.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    json: JsonArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// Prints them.
pub fn run(file: Option<PathBuf>, args: JobsArgs) -> anyhow::Result<Outcome> {
    let loaded = setup::configuration(file, setup::server_flag(&args.server))?;
    let client = Client::new(&loaded.config.client)?;
    setup::block_on(async {
        match (args.id, args.watch) {
            (Some(id), watch) => one(&client, id, watch, args.json.json).await,
            (None, false) => all(&client, &args).await,
            (None, true) => watch_all(&client, &args).await,
        }
    })
}

async fn one(client: &Client, id: JobId, watch: bool, json: bool) -> anyhow::Result<Outcome> {
    let job: JobView = if watch {
        let mut bars = Bars::new(json);
        let job = follow::follow(client, id, &mut bars).await?;
        bars.finish();
        job
    } else {
        client.get(&format!("/api/v1/jobs/{id}")).await?
    };
    if json {
        show::json(&job)?;
    } else {
        job::details(&job, client.server())
            .iter()
            .for_each(show::line);
    }
    Ok(if watch {
        follow::outcome(&job)
    } else {
        Outcome::Done
    })
}

async fn fetch(client: &Client, args: &JobsArgs) -> anyhow::Result<Vec<JobView>> {
    client.list("/api/v1/jobs", args.limit as usize).await
}

async fn all(client: &Client, args: &JobsArgs) -> anyhow::Result<Outcome> {
    let items = fetch(client, args).await?;
    if args.json.json {
        show::json(&Page {
            items,
            next_cursor: None,
        })?;
    } else {
        lines(&items).iter().for_each(show::line);
    }
    Ok(Outcome::Done)
}

/// Until interrupted: a table drawn again and again on a terminal, a line per change otherwise.
async fn watch_all(client: &Client, args: &JobsArgs) -> anyhow::Result<Outcome> {
    let terminal = std::io::stdout().is_terminal() && !args.json.json;
    let mut seen: BTreeMap<JobId, (String, String)> = BTreeMap::new();
    loop {
        let items = fetch(client, args).await?;
        if terminal {
            // Clears the screen and goes to its top.
            show::line(format!("\u{1b}[2J\u{1b}[H{}", lines(&items).join("\n")));
        }
        for job in items.iter().rev().filter(|_| !terminal) {
            let now = (job.state.clone(), show::amounts::percent(job.progress));
            if seen.get(&job.id) == Some(&now) {
                continue;
            }
            if args.json.json {
                show::json_line(job)?;
            } else {
                show::line(job::row(job).join("  "));
            }
            seen.insert(job.id, now);
        }
        tokio::time::sleep(follow::EVERY * 2).await;
    }
}

fn lines(jobs: &[JobView]) -> Vec<String> {
    let rows: Vec<Vec<String>> = jobs.iter().map(job::row).collect();
    table(&job::HEAD, &rows)
}
