//! What is to be made, and where it goes: decided before any work, from sources, presets and the record. Reads the output
//! folder's names; writes nothing.

use super::record::{Made, Record};
use crate::identity::Identity;
use anyhow::bail;
use reelmill_domain::preset::{Kind, Preset, file_names};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What is to be made of one source.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The source.
    pub source: Identity,
    /// Its outputs, in the order asked.
    pub outputs: Vec<Goal>,
}

/// One output.
#[derive(Debug, Clone)]
pub struct Goal {
    /// How.
    pub preset: &'static Preset,
    /// Where, relative to the output folder: a file, or a folder for pictures.
    pub to: PathBuf,
    /// Made before, and still there.
    pub done: bool,
}

/// Finds a place for every output of every source; two sources with the same stem get different ones.
pub fn plan(
    out: &Path,
    record: &Record,
    sources: &[Identity],
    presets: &[&'static Preset],
) -> Vec<Wanted> {
    let places = places(record, sources, presets);
    sources
        .iter()
        .zip(places)
        .map(|(source, places)| Wanted {
            source: source.clone(),
            outputs: presets
                .iter()
                .zip(places)
                .map(|(preset, to)| Goal {
                    done: is_made(out, record, source, preset, &to),
                    preset,
                    to,
                })
                .collect(),
        })
        .collect()
}

/// The recipe as it is remembered.
pub fn recipe(preset: &Preset) -> anyhow::Result<String> {
    Ok(serde_json::to_string(preset)?)
}

fn is_made(out: &Path, record: &Record, source: &Identity, preset: &Preset, to: &Path) -> bool {
    record.at(to).is_some_and(|made| {
        made.source == *source
            && recipe(preset).is_ok_and(|now| now == made.recipe)
            && made.files.iter().all(|f| f.is_there(out))
    })
}

/// The places of each source's outputs. Sources that had places keep them, so that a second call finds its own work.
fn places(record: &Record, sources: &[Identity], presets: &[&'static Preset]) -> Vec<Vec<PathBuf>> {
    let mut number: Vec<Option<u32>> = sources
        .iter()
        .map(|source| {
            (1..=MOST_ALIKE).find(|n| was_here(record, source, &names(source, *n, presets)))
        })
        .collect();
    let mut taken: BTreeSet<PathBuf> = BTreeSet::new();
    for (source, n) in sources.iter().zip(&number) {
        taken.extend(n.map(|n| names(source, n, presets)).unwrap_or_default());
    }
    for (source, n) in sources.iter().zip(&mut number) {
        if n.is_none() {
            let free = |n: &u32| {
                names(source, *n, presets)
                    .iter()
                    .all(|p| !taken.contains(p))
            };
            let found = (1..=MOST_ALIKE).find(free).unwrap_or(MOST_ALIKE);
            taken.extend(names(source, found, presets));
            *n = Some(found);
        }
    }
    sources
        .iter()
        .zip(number)
        .map(|(source, n)| names(source, n.unwrap_or(1), presets))
        .collect()
}

/// More sources with one stem than anybody names in one call.
const MOST_ALIKE: u32 = 10_000;

/// Whether one of these places is known to be this source's.
fn was_here(record: &Record, source: &Identity, places: &[PathBuf]) -> bool {
    let made = |p: &PathBuf| record.at(p).is_some_and(|m| m.source.path == source.path);
    let asked = |p: &PathBuf| {
        record
            .asked
            .iter()
            .any(|a| a.source.path == source.path && a.to.values().any(|to| to == p))
    };
    places.iter().any(|p| made(p) || asked(p))
}

/// Where a source's outputs go if it is the `n`th of its stem: `clip.avi`, `clip-2.avi`, …; `clip.thumbnails` for pictures.
fn names(source: &Identity, n: u32, presets: &[&'static Preset]) -> Vec<PathBuf> {
    let name = source.name();
    let name = match (
        n,
        Path::new(&name).file_stem(),
        Path::new(&name).extension(),
    ) {
        (1, ..) | (_, None, _) => name,
        (_, Some(stem), None) => format!("{}-{n}", stem.to_string_lossy()),
        (_, Some(stem), Some(ext)) => {
            format!("{}-{n}.{}", stem.to_string_lossy(), ext.to_string_lossy())
        }
    };
    let owned: Vec<Preset> = presets.iter().map(|p| (*p).clone()).collect();
    let files = file_names(&name, &owned);
    presets
        .iter()
        .zip(files)
        .map(|(preset, file)| match preset.kind() {
            Kind::Images => PathBuf::from(format!("{}.{}", stem(&name), preset.name)),
            _ => PathBuf::from(file),
        })
        .collect()
}

/// The stem that outputs of this source have.
fn stem(name: &str) -> String {
    let film = reelmill_domain::preset::by_name("avi")
        .map(std::slice::from_ref)
        .unwrap_or_default();
    file_names(name, film)
        .first()
        .and_then(|file| file.strip_suffix(".avi"))
        .unwrap_or("video")
        .to_owned()
}

/// Refuses, before any work, whatever would overwrite a file that isn't ours (`force` lifts that) or a source (never).
pub fn refuse_overwriting(
    out: &Path,
    record: &Record,
    wanted: &[Wanted],
    force: bool,
) -> anyhow::Result<()> {
    for want in wanted {
        for goal in want.outputs.iter().filter(|g| !g.done) {
            let place = out.join(&goal.to);
            let Ok(meta) = fs::symlink_metadata(&place) else {
                continue;
            };
            let real = fs::canonicalize(&place).unwrap_or_else(|_| place.clone());
            if wanted.iter().any(|w| w.source.path == real) {
                bail!(
                    "{} is the source itself: choose another folder with --out",
                    place.display()
                );
            }
            if meta.is_dir() != (goal.preset.kind() == Kind::Images) {
                bail!(
                    "{} is in the way: move it away, or choose another folder with --out",
                    place.display()
                );
            }
            let ours = record
                .at(&goal.to)
                .is_some_and(|m| is_untouched(out, m, &want.source));
            if !ours && !force {
                bail!(
                    "{} exists and was not made of this source by `reelmill encode`: move it away, choose another folder \
                     with --out, or overwrite it with --force",
                    place.display()
                );
            }
        }
    }
    Ok(())
}

/// Whether what lies there is what we made of an earlier state of this source.
fn is_untouched(out: &Path, made: &Made, source: &Identity) -> bool {
    made.source.path == source.path
        && made
            .files
            .iter()
            .all(|f| f.is_there(out) || !out.join(&f.path).exists())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests speak by panicking")]
mod tests {
    use super::*;
    use reelmill_domain::preset::by_name;

    fn source(path: &str) -> Identity {
        Identity {
            path: path.into(),
            bytes: 1,
            modified_ns: 1,
        }
    }

    fn presets(names: &[&str]) -> Vec<&'static Preset> {
        names.iter().map(|n| by_name(n).unwrap()).collect()
    }

    fn shown(wanted: &[Wanted]) -> Vec<Vec<String>> {
        let goals = |w: &Wanted| {
            w.outputs
                .iter()
                .map(|g| g.to.display().to_string())
                .collect()
        };
        wanted.iter().map(goals).collect()
    }

    #[test]
    fn each_output_has_a_place_of_its_own() {
        let sources = [
            source("/a/clip.mp4"),
            source("/b/clip.mov"),
            source("/c/clip.mp4"),
        ];
        let presets = presets(&["avi", "mp4-720p", "mp4-480p", "thumbnails"]);
        let wanted = plan(
            Path::new("/nowhere"),
            &Record::default(),
            &sources,
            &presets,
        );
        assert_eq!(
            shown(&wanted),
            [
                [
                    "clip.avi",
                    "clip.mp4-720p.mp4",
                    "clip.mp4-480p.mp4",
                    "clip.thumbnails"
                ],
                [
                    "clip-2.avi",
                    "clip-2.mp4-720p.mp4",
                    "clip-2.mp4-480p.mp4",
                    "clip-2.thumbnails"
                ],
                [
                    "clip-3.avi",
                    "clip-3.mp4-720p.mp4",
                    "clip-3.mp4-480p.mp4",
                    "clip-3.thumbnails"
                ],
            ]
        );
    }

    #[test]
    fn a_source_keeps_its_places_whatever_the_order() {
        let (a, b) = (source("/a/clip.mp4"), source("/b/clip.mov"));
        let mut record = Record::default();
        record.made(Made {
            source: a.clone(),
            preset: "avi".into(),
            recipe: String::new(),
            to: "clip.avi".into(),
            files: vec![],
        });
        let wanted = plan(Path::new("/nowhere"), &record, &[b, a], &presets(&["avi"]));
        assert_eq!(shown(&wanted), [["clip-2.avi"], ["clip.avi"]]);
    }

    #[test]
    fn a_file_of_somebody_else_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let out = fs::canonicalize(dir.path()).unwrap();
        let (film, other) = (out.join("clip.mkv"), out.join("clip.avi"));
        fs::write(&film, "film").unwrap();
        fs::write(&other, "mine").unwrap();
        let sources = [Identity::of(&film).unwrap()];
        let refused = |preset, force| {
            let wanted = plan(&out, &Record::default(), &sources, &presets(&[preset]));
            refuse_overwriting(&out, &Record::default(), &wanted, force).map_err(|e| e.to_string())
        };
        assert!(refused("avi", false).unwrap_err().contains("--force"));
        assert_eq!(refused("avi", true), Ok(()));
        assert_eq!(refused("webm", false), Ok(()));
        for force in [false, true] {
            assert!(
                refused("mkv", force)
                    .unwrap_err()
                    .contains("is the source itself")
            );
        }
    }

    #[test]
    fn what_was_made_is_done_until_source_or_result_change() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path();
        let made = out.join("clip.avi");
        fs::write(&made, "avi").unwrap();
        let meta = fs::metadata(&made).unwrap();
        let preset = by_name("avi").unwrap();
        let (old, mut record) = (source("/a/clip.mp4"), Record::default());
        record.made(Made {
            source: old.clone(),
            preset: "avi".into(),
            recipe: recipe(preset).unwrap(),
            to: "clip.avi".into(),
            files: vec![super::super::record::MadeFile {
                path: "clip.avi".into(),
                bytes: 3,
                modified_ns: crate::identity::modified_ns(&meta),
                sha256: String::new(),
            }],
        });
        let look = |source: &Identity| {
            let wanted = plan(out, &record, std::slice::from_ref(source), &[preset]);
            let allowed = refuse_overwriting(out, &record, &wanted, false).is_ok();
            (wanted[0].outputs[0].done, allowed)
        };
        assert_eq!(look(&old), (true, true));
        let newer = Identity {
            bytes: 2,
            ..old.clone()
        };
        assert_eq!(look(&newer), (false, true), "ours, of an older source");
        fs::write(&made, "edited").unwrap();
        assert_eq!(look(&old), (false, false), "somebody has edited it");
        fs::remove_file(&made).unwrap();
        assert_eq!(look(&old), (false, true), "it was removed");
    }
}
