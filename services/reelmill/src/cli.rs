//! The command line as people type it. Words only: what a command does is in `commands`.

use crate::commands::{
    cancel, config, doctor, encode, health, jobs, presets, serve, single, submit, workers,
};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Turns any video into every format its owner asked for.
#[derive(Debug, Parser)]
#[command(name = "reelmill", version, max_term_width = 100)]
pub struct Cli {
    /// The configuration file [default: ./reelmill.toml, else the user's, if there is one].
    #[arg(long, global = true, value_name = "PATH", env = "REELMILL_CONFIG")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole service in one process, embedded by default.
    Serve(serve::ServeArgs),
    /// Run webapp alone: uploads, every write of the API, the page.
    Webapp(single::SingleArgs),
    /// Run status alone: decides and releases, every read of the API, media.
    Status(single::SingleArgs),
    /// Run a worker alone; it needs broker and object store, no database.
    Encoder(single::SingleArgs),
    /// Encode files here, without a server; run again, it continues where it stopped.
    Encode(encode::EncodeArgs),
    /// Upload a file to a server and have it encoded there.
    Submit(submit::SubmitArgs),
    /// List jobs, or show one.
    Jobs(jobs::JobsArgs),
    /// Cancel a job.
    Cancel(cancel::CancelArgs),
    /// List the presets, or show one.
    Presets(presets::PresetsArgs),
    /// List the workers, or drain, disable or enable one.
    Workers(workers::WorkersArgs),
    /// Say what is missing or unreachable, and the mend.
    Doctor(doctor::DoctorArgs),
    /// Show the effective configuration, secrets masked.
    Config(config::ConfigArgs),
    /// Say by the exit code whether the service at an address is ready.
    #[command(hide = true)]
    Health(health::HealthArgs),
    /// Keep a folder encoded.
    #[command(hide = true)]
    Watch(NotYetArgs),
}

/// Anything: these commands are refused whatever they are given.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub struct NotYetArgs {
    /// Ignored.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<String>,
}

/// Which server a command talks to.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// The server [default: `client.server` of the configuration: http://127.0.0.1:8080].
    #[arg(long, value_name = "URL", env = "REELMILL_SERVER")]
    pub server: Option<String>,
}

/// How a listing is printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct JsonArgs {
    /// Print JSON, for programs.
    #[arg(long)]
    pub json: bool,
}
