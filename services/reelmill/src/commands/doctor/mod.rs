//! `reelmill doctor`: looks at everything that could keep Reelmill from working here, and names each mend.
//! Changes nothing but a file that it writes into the data folder, and one into the object store, and takes away again.

mod backends;
mod finding;
mod folder;
mod network;
mod tools;

use crate::{
    cli::{JsonArgs, ServerArgs},
    outcome::Outcome,
    setup, show, wire,
};
use clap::Args;
use finding::{Finding, Level};
pub use network::reachable;
use reelmill_runtime::config::{Loaded, Role};
use std::path::PathBuf;

/// Say what is missing or unreachable, and the mend.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    json: JsonArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// Looks and tells; not fit is exit code 2.
pub fn run(file: Option<PathBuf>, args: DoctorArgs) -> anyhow::Result<Outcome> {
    let findings = match setup::configuration(file, setup::server_flag(&args.server)) {
        Ok(loaded) => setup::block_on(examine(&loaded))?,
        // Nothing else can be looked at without knowing where to look.
        Err(e) => vec![Finding::fault(
            "configuration",
            format!("{e:#}"),
            "correct or remove that setting",
        )],
    };
    if args.json.json {
        show::json(&findings)?;
    } else {
        findings
            .iter()
            .flat_map(Finding::lines)
            .for_each(show::line);
    }
    let fit = findings.iter().all(|f| f.level != Level::Fault);
    Ok(if fit { Outcome::Done } else { Outcome::Unfit })
}

async fn examine(loaded: &Loaded) -> anyhow::Result<Vec<Finding>> {
    let config = &loaded.config;
    let mut findings = vec![configuration(loaded)];
    let listens = network::who_listens(config.webapp.listen, &config.client).await;
    findings.extend(folder::examine(config, &listens));
    findings.extend(tools::examine(config).await);
    if let Ok(wiring) = wire::plan(Role::All, config) {
        findings.extend(backends::examine(&wiring).await);
    }
    findings.push(network::port(config.webapp.listen, &listens));
    findings.push(network::server(loaded).await);
    Ok(findings)
}

fn configuration(loaded: &Loaded) -> Finding {
    let from = match &loaded.file {
        Some(path) => format!("read from {}", path.display()),
        None => "built-in defaults, no file".into(),
    };
    match wire::plan(Role::All, &loaded.config) {
        Ok(_) => Finding::good("configuration", from),
        Err(e) => Finding::fault(
            "configuration",
            format!("{e:#}"),
            "change that setting; `reelmill config` shows where it is set",
        ),
    }
}
