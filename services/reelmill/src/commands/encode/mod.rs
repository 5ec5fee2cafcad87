//! `reelmill encode FILE... --to LIST`: the whole service for one call, without a listener; run again, it continues
//! where it stopped. Its state lies in `.reelmill` of the output folder.

mod collect;
mod drive;
mod local;
mod plan;
mod record;
mod report;
mod resume;

use crate::{cli::JsonArgs, identity::Identity, outcome::Outcome, setup};
use anyhow::{Context, bail};
use clap::Args;
use reelmill_domain::preset::{Preset, by_name};
use reelmill_runtime::{
    config::Flag,
    lock::{DataLock, LOCK_FILE, LockError},
};
use report::Report;
use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The folder of our own in the output folder.
const OWN: &str = ".reelmill";
/// The record's file in it.
const RECORD: &str = "encode.json";

/// Encode files here, without a server; run again, it continues where it stopped.
#[derive(Debug, Args)]
pub struct EncodeArgs {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The presets to make, with commas between.
    #[arg(long, value_delimiter = ',', required = true, value_name = "LIST")]
    to: Vec<String>,
    /// Where the outputs go.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Overwrite files that `encode` did not write.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    json: JsonArgs,
}

/// Encodes.
pub fn run(file: Option<PathBuf>, args: EncodeArgs) -> anyhow::Result<Outcome> {
    let presets = presets(&args.to)?;
    let sources = sources(&args.files)?;
    fs::create_dir_all(&args.out)
        .with_context(|| format!("can't make the folder {}", args.out.display()))?;
    let out = fs::canonicalize(&args.out)?;
    let own = out.join(OWN);
    let _lock = DataLock::take(&own).map_err(|e| not_ours(&out, e))?;
    let record = record::Record::read(&own.join(RECORD))?;
    let wanted = plan::plan(&out, &record, &sources, &presets);
    plan::refuse_overwriting(&out, &record, &wanted, args.force)?;

    let mut report = Report::of(&out, &wanted);
    let mut interrupted = false;
    if wanted.iter().any(|w| w.outputs.iter().any(|g| !g.done)) {
        let config = setup::configuration(file, places(&own)?)?;
        interrupted = drive::drive(drive::Call {
            config: &config,
            out: &out,
            own: &own,
            record,
            wanted: &wanted,
            report: &mut report,
            quiet: args.json.json,
        })?;
    }
    if !interrupted {
        sweep(&own)?;
    }
    report.print(args.json.json, interrupted)?;
    Ok(match (interrupted, report.all_well()) {
        (true, _) => Outcome::Interrupted,
        (false, true) => Outcome::Done,
        (false, false) => Outcome::SomeFailed,
    })
}

fn presets(names: &[String]) -> anyhow::Result<Vec<&'static Preset>> {
    let mut found: Vec<&'static Preset> = Vec::new();
    for name in names.iter().map(|n| n.trim()) {
        let Some(preset) = by_name(name) else {
            let all: Vec<&str> = reelmill_domain::preset::presets()
                .iter()
                .map(|p| p.name.as_str())
                .collect();
            bail!("there is no preset `{name}`; there are {}", all.join(", "));
        };
        if !found.contains(&preset) {
            found.push(preset);
        }
    }
    Ok(found)
}

/// The sources, each once.
fn sources(files: &[PathBuf]) -> anyhow::Result<Vec<Identity>> {
    let mut seen = BTreeSet::new();
    let mut sources = Vec::new();
    for file in files {
        let source = Identity::of(file)?;
        // The record is JSON.
        source
            .path
            .to_str()
            .with_context(|| format!("the name of {} must be UTF-8", file.display()))?;
        fs::File::open(&source.path).with_context(|| format!("can't read {}", file.display()))?;
        if seen.insert(source.path.clone()) {
            sources.push(source);
        }
    }
    Ok(sources)
}

fn not_ours(out: &Path, error: LockError) -> anyhow::Error {
    match error {
        LockError::InUse { .. } => anyhow::anyhow!(
            "another `reelmill encode` is working in {}: wait for it, or choose another folder with --out",
            out.display()
        ),
        LockError::NotWritable { cause, .. } => {
            anyhow::anyhow!(
                "{} can't be written ({cause}): choose another folder with --out",
                out.display()
            )
        }
    }
}

/// Everything lies in our own folder, whatever is configured for the server; a stop waits for nothing.
fn places(own: &Path) -> anyhow::Result<Vec<Flag>> {
    let own = own
        .to_str()
        .context("the name of the output folder must be UTF-8")?;
    let flags = [
        ("data.dir", own.to_owned()),
        ("database.url", format!("sqlite:{own}/reelmill.db")),
        ("broker.url", "embedded:".to_owned()),
        ("storage.url", format!("file:{own}/objects")),
        ("encoder.scratch", format!("{own}/scratch")),
        ("encoder.drain_grace_s", "0".to_owned()),
        ("encoder.lanes", "light,encode".to_owned()),
    ];
    Ok(flags
        .map(|(key, value)| Flag {
            key,
            flag: "--out",
            value,
        })
        .into())
}

/// Leaves nothing in our own folder but the record and the lock.
fn sweep(own: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(own)? {
        let entry = entry?;
        if entry.file_name() == RECORD || entry.file_name() == LOCK_FILE {
            continue;
        }
        let path = entry.path();
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        match removed {
            // SQLite's own threads take their files away when the last of them has closed.
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            outcome => outcome.with_context(|| format!("can't remove {}", path.display()))?,
        }
    }
    Ok(())
}
