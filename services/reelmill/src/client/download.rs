//! Fetches a job's outputs into a folder: each file appears whole or not at all, and nothing there is overwritten.

use super::Client;
use crate::show::progress::Bars;
use anyhow::{Context, bail};
use futures::StreamExt;
use reelmill_domain::api::{FileView, JobView, OutputView};
use reqwest::Method;
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tokio::io::AsyncWriteExt;

/// Fetches every published output; returns the entry files.
pub async fn download(
    client: &Client,
    job: &JobView,
    into: &Path,
    bars: &Bars,
) -> anyhow::Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for output in &job.outputs {
        let folder = folder(job, output, into);
        for (n, file) in output.files.iter().enumerate() {
            fs::create_dir_all(&folder)
                .with_context(|| format!("can't make the folder {}", folder.display()))?;
            let to = folder.join(safe_name(&file.name)?);
            fetch(client, file, &to, bars).await?;
            if n == 0 {
                entries.push(to);
            }
        }
    }
    Ok(entries)
}

/// One file lies in the folder itself; many get one of their own, since they have the same names for every job.
fn folder(job: &JobView, output: &OutputView, into: &Path) -> PathBuf {
    if output.files.len() < 2 {
        return into.to_owned();
    }
    let stem = Path::new(&job.source.name)
        .file_stem()
        .map(|s| s.to_string_lossy().into_owned());
    let name = format!(
        "{}.{}",
        stem.unwrap_or_else(|| "source".into()),
        output.preset
    );
    into.join(name.replace(['/', '\0'], "_"))
}

/// A server's word is not trusted with our file system.
fn safe_name(name: &str) -> anyhow::Result<&str> {
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        bail!("the server offers a file named {name:?}, which is no usable name");
    }
    Ok(name)
}

async fn fetch(client: &Client, file: &FileView, to: &Path, bars: &Bars) -> anyhow::Result<()> {
    if to.exists() {
        if sha256_of(to).await? == file.sha256 {
            return Ok(());
        }
        bail!(
            "{} exists already and is another file: move it away, or choose another --download folder",
            to.display()
        );
    }
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let bar = bars.transfer(&file.name, file.bytes);
    let response = client.send(client.request(Method::GET, &file.url)).await?;
    let mut out = tokio::fs::File::create(&part)
        .await
        .with_context(|| format!("can't write {}", part.display()))?;
    let mut hash = Sha256::new();
    let mut body = response.bytes_stream();
    while let Some(piece) = body.next().await {
        let piece = piece.with_context(|| format!("the download of {} broke off", file.name))?;
        hash.update(&piece);
        out.write_all(&piece)
            .await
            .with_context(|| format!("can't write {}", part.display()))?;
        if let Some(bar) = &bar {
            bar.inc(piece.len() as u64);
        }
    }
    out.sync_all().await?;
    if hex(hash) != file.sha256 {
        fs::remove_file(&part)?;
        bail!("{} arrived damaged; run the same command again", file.name);
    }
    fs::rename(&part, to).with_context(|| format!("can't write {}", to.display()))?;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(())
}

/// SHA-256 of a file, hex.
pub async fn sha256_of(path: &Path) -> anyhow::Result<String> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut file =
            fs::File::open(&path).with_context(|| format!("can't read {}", path.display()))?;
        let mut hash = Sha256::new();
        let mut piece = vec![0; 1 << 20];
        loop {
            let n = std::io::Read::read(&mut file, &mut piece)?;
            if n == 0 {
                return Ok(hex(hash));
            }
            hash.update(&piece[..n]);
        }
    })
    .await?
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
