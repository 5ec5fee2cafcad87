//! `reelmill config`: the effective configuration, secrets masked, and where each value came from.

use crate::{cli::JsonArgs, outcome::Outcome, setup, show};
use clap::Args;
use reelmill_runtime::config::{BuiltIn, KEYS, Key};
use std::path::PathBuf;

/// Show the effective configuration, secrets masked.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(flatten)]
    json: JsonArgs,
    /// Explain every setting instead, as a Markdown table.
    #[arg(long, conflicts_with = "json")]
    explain: bool,
}

/// Prints it.
pub fn run(file: Option<PathBuf>, args: ConfigArgs) -> anyhow::Result<Outcome> {
    if args.explain {
        explain().iter().for_each(show::line);
        return Ok(Outcome::Done);
    }
    let loaded = setup::configuration(file, Vec::new())?;
    if args.json.json {
        show::json(&loaded.settings)?;
        return Ok(Outcome::Done);
    }
    let rows: Vec<Vec<String>> = loaded
        .settings
        .iter()
        .map(|s| {
            vec![
                s.key.to_owned(),
                s.value.clone().unwrap_or_else(|| "-".into()),
                s.from.clone(),
            ]
        })
        .collect();
    show::table::table(&["SETTING", "VALUE", "FROM"], &rows)
        .iter()
        .for_each(show::line);
    Ok(Outcome::Done)
}

/// The table of the README.
fn explain() -> Vec<String> {
    let mut lines = vec![
        "| setting | default | what it is for |".to_owned(),
        "|---|---|---|".to_owned(),
    ];
    lines.extend(KEYS.iter().map(|key| {
        format!(
            "| `{}` | {} | {} It must be {}. |",
            key.name,
            default(key),
            key.about,
            key.kind.allowed()
        )
    }));
    lines
}

fn default(key: &Key) -> String {
    match key.default {
        BuiltIn::Is("") => "none".into(),
        BuiltIn::Is(text) => format!("`{text}`"),
        BuiltIn::Found(words) => words.to_owned(),
        BuiltIn::Unset(words) => format!("not set: {words}"),
    }
}
