//! One file per subcommand.

pub mod cancel;
pub mod config;
pub mod doctor;
pub mod encode;
pub mod health;
pub mod jobs;
pub mod presets;
mod process;
pub mod serve;
pub mod single;
pub mod submit;
pub mod workers;

use crate::{
    cli::{Cli, Command},
    outcome::Outcome,
};
use anyhow::bail;
use reelmill_runtime::config::Role;

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
        Command::Health(args) => health::run(args),
        Command::Webapp(args) => single::run(Role::Webapp, file, args),
        Command::Status(args) => single::run(Role::Status, file, args),
        Command::Encoder(args) => single::run(Role::Encoder, file, args),
        Command::Watch(_) => bail!(
            "`reelmill watch` is not available yet: use `reelmill encode` or `reelmill submit` for now"
        ),
    }
}
