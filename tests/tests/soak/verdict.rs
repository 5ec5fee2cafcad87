//! What must be true when everything is back: every wish is one job that has ended as it must, and every output is whole.

use super::chance::Chance;
use super::look;
use super::tally::Tally;
use super::user::Users;
use super::wish::{Fate, Wish};
use anyhow::{Context, Result, bail, ensure};
use reelmill_tests::cluster::Cluster;
use reelmill_tests::wait::{secs, until};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Outputs that are downloaded and decoded, at most.
const SAMPLE: usize = 80;

/// An output that is published.
struct Published {
    wish: usize,
    clip: usize,
    preset: String,
    files: Vec<(String, String)>,
}

/// Waits until every job has ended, then judges.
pub async fn judge(cluster: &Cluster, users: &Users<'_>, tally: &Tally, dir: &Path) -> Result<()> {
    all_ended(cluster).await?;
    each_wish_is_one_job(cluster, users).await?;
    let mut published = Vec::new();
    let accepted = users.accepted.borrow().clone();
    let deleted = users.deleted.borrow().clone();
    for (id, wish) in accepted.iter().filter(|(id, _)| !deleted.contains(id)) {
        let job = cluster.api().job(id).await?;
        match ended_as_it_must(wish, users, &job) {
            Ok(outputs) => published.extend(outputs),
            Err(error) => tally.wrong(format!("wish {}: {error:#}\n{job:#}", wish.number)),
        }
    }
    for id in &deleted {
        let path = format!("/api/v1/jobs/{id}");
        let gone = users.ask(reqwest::Method::GET, &path, &[], "");
        let status = gone.await?.status;
        if status != 404 {
            tally.wrong(format!("{id} was deleted, and still answers {status}"));
        }
    }
    same_bytes_every_time(&published, tally);
    let mut chance = Chance::new(users.seed, 9);
    chance.shuffle(&mut published);
    for output in published.iter().take(SAMPLE) {
        if let Err(error) = plays(cluster, users, output, dir).await {
            let Published { wish, preset, .. } = output;
            tally.wrong(format!("wish {wish}, {preset}: {error:#}"));
        }
        tally.count("outputs downloaded, compared and decoded");
    }
    Ok(())
}

async fn all_ended(cluster: &Cluster) -> Result<()> {
    let database = cluster.database();
    let ended = until("every job to end", secs(1200), || async {
        let active = look::count(database, look::ACTIVE).await;
        Ok((active == Some(0)).then_some(()))
    });
    if ended.await.is_ok() {
        return Ok(());
    }
    let stuck = database
        .texts(
            "SELECT CONCAT(LOWER(HEX(t.job_id)), ' ', t.kind, ' ', t.state, ' attempt ', t.attempt, \
             ' failures ', t.failures, ' losses ', t.losses) FROM tasks t JOIN jobs j ON j.id = t.job_id \
             WHERE j.state NOT IN ('completed', 'partially_completed', 'failed', 'cancelled')",
        )
        .await?;
    bail!("jobs never ended; their tasks: {stuck:#?}")
}

/// None lost, none twice, none that nobody asked for.
async fn each_wish_is_one_job(cluster: &Cluster, users: &Users<'_>) -> Result<()> {
    let ids = "SELECT LOWER(HEX(id)) FROM jobs";
    let there: BTreeSet<String> = cluster.database().texts(ids).await?.into_iter().collect();
    let deleted = users.deleted.borrow();
    let accepted = users.accepted.borrow();
    let wanted = accepted.keys().filter(|id| !deleted.contains(id));
    let wanted: BTreeSet<String> = wanted.map(|id| id.replace('-', "")).collect();
    let lost: Vec<_> = wanted.difference(&there).collect();
    let extra: Vec<_> = there.difference(&wanted).collect();
    ensure!(lost.is_empty(), "accepted, and lost: {lost:?}");
    ensure!(extra.is_empty(), "jobs that nobody asked for: {extra:?}");
    Ok(())
}

fn ended_as_it_must(wish: &Wish, users: &Users<'_>, job: &Value) -> Result<Vec<Published>> {
    let state = job["state"].as_str().context("no state")?;
    let is_film = users.clips[wish.clip].frames.is_some();
    let may_be_cancelled = matches!(wish.fate, Fate::Cancelled(_));
    match state {
        "completed" => ensure!(is_film, "no film, and yet completed"),
        "failed" => ensure!(!is_film, "a good film failed"),
        "cancelled" | "partially_completed" => {
            ensure!(may_be_cancelled, "{state}, and nobody wished it");
        }
        other => bail!("{other} is no end"),
    }
    let outputs = job["outputs"].as_array().context("no outputs")?;
    let presets: Vec<_> = outputs.iter().map(|o| &o["preset"]).collect();
    ensure!(presets == wish.presets, "other outputs than wished");
    let published = outputs.iter().filter(|o| o["state"] == "published");
    published.map(|output| read(wish, output)).collect()
}

fn read(wish: &Wish, output: &Value) -> Result<Published> {
    let (done, total) = (&output["frames_done"], &output["frames_total"]);
    ensure!(
        done == total,
        "published with {done} of {total} frames: a part counted twice?"
    );
    let files = output["files"].as_array().context("no files")?;
    let text = |v: &Value| v.as_str().map(str::to_owned).context("no text");
    let files = files
        .iter()
        .map(|f| Ok((text(&f["url"])?, text(&f["sha256"])?)));
    Ok(Published {
        wish: wish.number,
        clip: wish.clip,
        preset: text(&output["preset"])?,
        files: files.collect::<Result<_>>()?,
    })
}

/// Whatever broke on the way, one film and one preset make one file.
fn same_bytes_every_time(published: &[Published], tally: &Tally) {
    let mut sums: BTreeMap<(usize, &str), BTreeSet<Vec<&str>>> = BTreeMap::new();
    for output in published {
        let made = output.files.iter().map(|(_, sum)| sum.as_str()).collect();
        let key = (output.clip, output.preset.as_str());
        sums.entry(key).or_default().insert(made);
    }
    for ((clip, preset), made) in sums.iter().filter(|(_, made)| made.len() > 1) {
        tally.wrong(format!(
            "{preset} of film {clip} came out in {} ways: {made:?}",
            made.len()
        ));
    }
}

async fn plays(cluster: &Cluster, users: &Users<'_>, output: &Published, dir: &Path) -> Result<()> {
    ensure!(!output.files.is_empty(), "no files");
    for (url, sum) in &output.files {
        let bytes = cluster.api().download(url).await?;
        let found: String = Sha256::digest(&bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        ensure!(&found == sum, "{url} gave bytes of {found}, not {sum}");
        let has_picture = !output.preset.starts_with("audio-") && output.preset != "thumbnails";
        if has_picture {
            let file = reelmill_tests::look::file(dir, "judged", &bytes)?;
            let probe = reelmill_tests::look::probe(&file).await?;
            let frames = reelmill_tests::look::frames(&probe)?;
            let wanted = users.clips[output.clip].frames.context("no film")?;
            ensure!(frames == wanted, "{url} has {frames} frames, not {wanted}");
        }
    }
    Ok(())
}
