//! The one executable: parses the command line, runs one subcommand, and turns its end into an exit code.

mod cli;
mod client;
mod commands;
mod docs;
mod identity;
mod outcome;
mod service;
mod setup;
mod show;
mod wire;

use clap::{Parser, error::ErrorKind};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return not_run(&e),
    };
    match commands::run(cli) {
        Ok(outcome) => outcome.into(),
        Err(unfit) => {
            show::error(&unfit);
            ExitCode::from(outcome::UNFIT)
        }
    }
}

/// Help and version are answers; anything else is wrong use, said in one line like every other error.
fn not_run(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        // Nobody is left to be told when the terminal is gone.
        let _gone = error.print();
        let asked = error.exit_code() == 0;
        return ExitCode::from(if asked { 0 } else { outcome::UNFIT });
    }
    let text = error.to_string();
    let first = text.split("\n\n").next().unwrap_or(&text);
    let words = show::one_line(first.trim_start_matches("error:"));
    show::note(format!("reelmill: {words} (see `reelmill --help`)"));
    ExitCode::from(outcome::UNFIT)
}
