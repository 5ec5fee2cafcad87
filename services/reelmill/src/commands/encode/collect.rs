//! Moves a published output from the object store to its place: whole or not at all, and remembered before it is there.

use super::{
    plan::{Goal, recipe},
    record::{Made, MadeFile, Record},
};
use crate::identity::{Identity, modified_ns};
use anyhow::Context;
use reelmill_domain::{output::Published, preset::Kind};
use reelmill_objects::ObjectStore;
use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Where things lie.
#[derive(Debug, Clone, Copy)]
pub struct Folders<'a> {
    /// The output folder.
    pub out: &'a Path,
    /// Our own folder in it.
    pub own: &'a Path,
    /// The record's file.
    pub record: &'a Path,
}

/// Puts an output in its place.
pub async fn collect(
    objects: &dyn ObjectStore,
    folders: Folders<'_>,
    record: &mut Record,
    source: &Identity,
    goal: &Goal,
    published: &Published,
) -> anyhow::Result<()> {
    let staging = folders.own.join(format!("ready-{}", uuid::Uuid::now_v7()));
    fs::create_dir(&staging).with_context(|| format!("can't write {}", staging.display()))?;
    let mut files = Vec::new();
    for file in &published.files {
        let to = staging.join(&file.name);
        objects.fetch(&file.key, &to).await?;
        let path = match goal.preset.kind() {
            Kind::Images => goal.to.join(&file.name),
            Kind::Video | Kind::Audio => goal.to.clone(),
        };
        files.push(MadeFile {
            path,
            bytes: file.bytes,
            modified_ns: settle(&to, folders.own)?,
            sha256: file.sha256.clone(),
        });
    }
    record.made(Made {
        source: source.clone(),
        preset: goal.preset.name.clone(),
        recipe: recipe(goal.preset)?,
        to: goal.to.clone(),
        files,
    });
    record.write(folders.record)?;
    let place = folders.out.join(&goal.to);
    let ready = match goal.preset.kind() {
        Kind::Images => staging.clone(),
        Kind::Video | Kind::Audio => staging.join(entry_name(published)?),
    };
    replace(&ready, &place, folders.own)
        .with_context(|| format!("can't write {}", place.display()))?;
    if staging.exists() {
        fs::remove_dir_all(&staging)?;
    }
    Ok(())
}

fn entry_name(published: &Published) -> anyhow::Result<&str> {
    let entry = published.files.first();
    Ok(&entry
        .context("an output without a file was published")?
        .name)
}

/// Gives an object's file the permissions that a new file has, and makes it durable; when it was last changed.
fn settle(file: &Path, own: &Path) -> anyhow::Result<u64> {
    let example = own.join("permissions");
    let usual = File::create(&example)?.metadata()?.permissions().mode();
    fs::remove_file(&example)?;
    fs::set_permissions(file, Permissions::from_mode(usual))?;
    let open = File::open(file)?;
    open.sync_all()?;
    Ok(modified_ns(&open.metadata()?))
}

/// Renames into place. A folder can't replace another in one step: the old one makes way first.
fn replace(ready: &Path, place: &Path, own: &Path) -> std::io::Result<()> {
    let way: Option<PathBuf> = (ready.is_dir() && place.is_dir()).then(|| own.join("making-way"));
    if let Some(way) = &way {
        if way.exists() {
            fs::remove_dir_all(way)?;
        }
        fs::rename(place, way)?;
    }
    fs::rename(ready, place)?;
    if let Some(folder) = place.parent() {
        File::open(folder)?.sync_all()?;
    }
    match way {
        Some(way) => fs::remove_dir_all(way),
        None => Ok(()),
    }
}
