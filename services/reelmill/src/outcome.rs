//! How a command can end, and the exit codes that scripts rely on: 0 all done, 1 some output failed, 2 not fit.

use std::process::ExitCode;

/// Wrong use, or the environment is not fit: every error of a command.
pub const UNFIT: u8 = 2;

/// How a command that could run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything that was asked for is done.
    Done,
    /// Some output failed, or was cancelled.
    SomeFailed,
    /// It ran, and says itself that something isn't fit.
    Unfit,
    /// Stopped by a signal before it was done.
    Interrupted,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::SomeFailed => 1,
            Outcome::Unfit => UNFIT,
            // What shells give a program that SIGINT ended.
            Outcome::Interrupted => 130,
        })
    }
}
