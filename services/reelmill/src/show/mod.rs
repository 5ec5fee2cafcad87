//! Everything that people see on a terminal: lines, tables, progress bars. Results on stdout, words about them on stderr.

pub mod amounts;
pub mod job;
pub mod progress;
pub mod table;

use serde::Serialize;
use std::io::Write;

/// A line on stdout. A reader that has gone away (`| head`) is no error.
pub fn line(text: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    // Nobody is left to be told when stdout is closed.
    let _gone = writeln!(out, "{}", text.as_ref());
}

/// A line on stderr: words, not results.
pub fn note(text: impl AsRef<str>) {
    let mut err = std::io::stderr().lock();
    // Nobody is left to be told when stderr is closed.
    let _gone = writeln!(err, "{}", text.as_ref());
}

/// A value as JSON on stdout.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// A value as one line of JSON on stdout.
pub fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string(value)?);
    Ok(())
}

/// Why a command can't run, in one line on stderr.
pub fn error(error: &anyhow::Error) {
    note(format!("reelmill: {}", one_line(&format!("{error:#}"))));
}

/// Text from elsewhere on one line, without control characters that a terminal would obey.
pub fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control())
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
