//! One file per subcommand.

pub mod cancel;
pub mod config;
pub mod doctor;
pub mod encode;
pub mod jobs;
pub mod presets;
pub mod serve;
pub mod submit;
pub mod workers;

use crate::{
    cli::{Cli, Command},
    outcome::Outcome,
};
use anyhow::bail;

/// Runs the subcommand.
pub fn run(cli: Cli) -> anyhow::Result<Outcome> {
    let file = cli.config;
    match cli.command {
        Command::Serve(args) => serve::run(file, args),
        Command::Encode(args) => encode::run(file, args),
        Command::Submit(args) => submit::run(file, args),
        Command::Jobs(args) => jobs::run(file, args),
        Command::Cancel(args) => cancel::run(file, args),
        Command::Presets(args) => presets::run(file, args),
        Command::Workers(args) => workers::run(file, args),
        Command::Doctor(args) => doctor::run(file, args),
        Command::Config(args) => config::run(file, args),
        Command::Webapp(_) => not_yet("webapp"),
        Command::Status(_) => not_yet("status"),
        Command::Encoder(_) => not_yet("encoder"),
        Command::Watch(_) => not_yet("watch"),
    }
}

fn not_yet(command: &str) -> anyhow::Result<Outcome> {
    match command {
        "watch" => bail!(
            "`reelmill watch` is not available yet: use `reelmill encode` or `reelmill submit` for now"
        ),
        _ => bail!(
            "`reelmill {command}` alone is not available yet, since a single service needs RabbitMQ and MySQL: use `reelmill serve`, which runs all three"
        ),
    }
}
