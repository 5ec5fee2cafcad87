//! `reelmill presets [NAME]`: what can be asked for.

use crate::{
    cli::{JsonArgs, ServerArgs},
    client::Client,
    outcome::Outcome,
    setup, show,
};
use anyhow::{Context, bail};
use clap::Args;
use reelmill_domain::api::{Page, PresetView};
use std::path::PathBuf;

/// List the presets, or show one.
#[derive(Debug, Args)]
pub struct PresetsArgs {
    /// Show this one whole.
    name: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// Prints them.
pub fn run(file: Option<PathBuf>, args: PresetsArgs) -> anyhow::Result<Outcome> {
    let loaded = setup::configuration(file, setup::server_flag(&args.server))?;
    let client = Client::new(&loaded.config.client)?;
    let presets: Vec<PresetView> = setup::block_on(client.list("/api/v1/presets", usize::MAX))?;
    if let Some(name) = &args.name {
        return one(&presets, name, args.json.json);
    }
    if args.json.json {
        show::json(&Page {
            items: presets,
            next_cursor: None,
        })?;
        return Ok(Outcome::Done);
    }
    let rows: Vec<Vec<String>> = presets.iter().map(row).collect();
    show::table::table(&["PRESET", "FILE", "LABEL", "AVAILABLE"], &rows)
        .iter()
        .for_each(show::line);
    Ok(Outcome::Done)
}

fn one(presets: &[PresetView], name: &str, json: bool) -> anyhow::Result<Outcome> {
    let Some(preset) = presets.iter().find(|p| p.name == name) else {
        bail!("there is no preset `{name}`; `reelmill presets` lists them");
    };
    if json {
        show::json(preset)?;
        return Ok(Outcome::Done);
    }
    show::line(format!("# {}: {}", preset.label, preset.description));
    if let Some(reason) = &preset.unavailable_reason {
        show::line(format!("# not available: {reason}"));
    }
    let recipe = serde_json::json!({
        "name": preset.name, "container": preset.container,
        "video": preset.video, "audio": preset.audio, "images": preset.images,
    });
    let text = toml::to_string(&without_nulls(recipe)).context("can't print the preset as TOML")?;
    show::line(text.trim_end());
    Ok(Outcome::Done)
}

/// TOML has no null.
fn without_nulls(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(map) => map
            .into_iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| (k, without_nulls(v)))
            .collect(),
        other => other,
    }
}

fn row(preset: &PresetView) -> Vec<String> {
    vec![
        preset.name.clone(),
        format!(".{}", preset.extension),
        preset.label.clone(),
        match &preset.unavailable_reason {
            Some(reason) => format!("no: {}", show::one_line(reason)),
            None if preset.available => "yes".into(),
            None => "no".into(),
        },
    ]
}
