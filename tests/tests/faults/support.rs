//! What several fault tests need: films that take a while, the encoder that works, and what the database says of tasks.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::{self, Api};
use reelmill_tests::clips;
use reelmill_tests::cluster::{Cluster, Process, Rabbit, Role};
use reelmill_tests::wait::{secs, until};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// How long a job may take on a machine that does much else.
pub const LONG: Duration = Duration::from_secs(300);

/// A film that keeps an encoder busy for some seconds, in a folder of its own.
pub async fn film(seconds: u32) -> Result<(TempDir, PathBuf)> {
    let dir = tempfile::tempdir()?;
    let path = clips::heavy(dir.path(), "640x360", seconds).await?;
    Ok((dir, path))
}

/// A second of film, quick to encode, different for each name.
pub async fn short(dir: &TempDir, name: &str) -> Result<PathBuf> {
    clips::drawn(dir.path(), name, "160x90", 1.0).await
}

/// The number of the encoder that works on an encode of this job, once it has made some frames.
pub async fn encoding(cluster: &Cluster, job: &str) -> Result<usize> {
    let api = cluster.api();
    let started = |job: &Value| {
        let outputs = job["outputs"].as_array();
        outputs.is_some_and(|all| all.iter().any(|o| o["frames_done"].as_u64() > Some(0)))
    };
    api.job_when(job, "frames to be encoded", LONG, started)
        .await?;
    worker(cluster, job).await
}

/// The number of the encoder that the database says a task of this job runs on.
pub async fn worker(cluster: &Cluster, job: &str) -> Result<usize> {
    let sql = format!(
        "SELECT w.name FROM tasks t JOIN workers w ON w.id = t.worker_id \
         WHERE t.job_id = UNHEX('{}') AND t.state = 'running'",
        job.replace('-', "")
    );
    let name = until("a task to run", secs(60), || async {
        Ok(cluster.database().texts(&sql).await?.into_iter().next())
    })
    .await?;
    let mut encoders = cluster
        .processes()
        .iter()
        .filter(|p| p.role() == Role::Encoder);
    let place = encoders.position(|p| p.name() == name);
    place.with_context(|| format!("no encoder is called {name}"))
}

/// The sum of a column (`losses`, `failures`, `attempt`) over the tasks of a job.
pub async fn sum(cluster: &Cluster, job: &str, column: &str) -> Result<i64> {
    let sql = format!(
        "SELECT CAST(COALESCE(SUM({column}), 0) AS SIGNED) FROM tasks WHERE job_id = UNHEX('{}')",
        job.replace('-', "")
    );
    cluster.database().count(&sql).await
}

/// How many tasks a job has.
pub async fn tasks(cluster: &Cluster, job: &str) -> Result<i64> {
    let job = job.replace('-', "");
    let sql = format!("SELECT COUNT(*) FROM tasks WHERE job_id = UNHEX('{job}')");
    cluster.database().count(&sql).await
}

/// Nothing of this job ran more than once: every task needed one attempt.
pub async fn ran_once(cluster: &Cluster, job: &str) -> Result<()> {
    let (attempts, tasks) = (
        sum(cluster, job, "attempt").await?,
        tasks(cluster, job).await?,
    );
    ensure!(attempts == tasks, "{attempts} attempts of {tasks} tasks");
    Ok(())
}

/// No release of a task of this job was begun by two runs, by the encoders' logs. One that the broker took without being able to
/// say so may have been released again.
pub async fn begun_once(cluster: &Cluster, job: &str) -> Result<()> {
    let job = job.replace('-', "");
    let sql = format!(
        "SELECT CONCAT(LOWER(HEX(id)), ' ', attempt) FROM tasks WHERE job_id = UNHEX('{job}')"
    );
    let encoders = cluster.processes().iter();
    let encoders = encoders.filter(|p| p.role() == Role::Encoder);
    let logs: Vec<String> = encoders.map(Process::log).collect();
    for row in cluster.database().texts(&sql).await? {
        let (task, attempts) = row.split_once(' ').context("no attempt")?;
        let (task, attempts): (uuid::Uuid, u32) = (task.parse()?, attempts.parse()?);
        let mut begun = 0;
        for attempt in 1..=attempts {
            let words =
                format!("\"message\":\"started\",\"task\":\"{task}\",\"attempt\":{attempt},");
            let times: usize = logs.iter().map(|log| log.matches(&words).count()).sum();
            ensure!(times <= 1, "{task}/{attempt} was begun {times} times");
            begun += times;
        }
        ensure!(begun > 0, "{task} was never begun");
    }
    Ok(())
}

/// The checksum of a job's only output.
pub fn checksum(job: &Value, preset: &str) -> Result<String> {
    let sum = api::output(job, preset)?["sha256"].as_str();
    sum.map(str::to_owned).context("no checksum")
}

/// A film that plays, of so many bytes: behind its end comes a box that no player looks into (`free`, ISO/IEC 14496-12).
pub async fn padded(film: &Path, bytes: usize, seed: u64) -> Result<Vec<u8>> {
    let mut padded = tokio::fs::read(film).await?;
    let room = bytes
        .checked_sub(padded.len())
        .context("the film is too long")?;
    let size = u32::try_from(room)?;
    padded.extend(size.to_be_bytes());
    padded.extend(b"free");
    padded.extend(clips::noise(
        seed,
        room.checked_sub(8).context("no room for a box")?,
    ));
    Ok(padded)
}

/// The job was made of these bytes.
pub fn source_is(job: &Value, bytes: &[u8]) -> Result<()> {
    let found = &job["source"]["sha256"];
    ensure!(
        *found == hex(bytes).as_str(),
        "other bytes arrived: {found}"
    );
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// Waits until nothing is in any queue of a vhost.
pub async fn queues_are_empty(rabbit: &Rabbit) -> Result<()> {
    until("the queues to be empty", secs(60), || async {
        let queues = rabbit.queues().await?;
        let empty = queues.iter().all(|q| q.ready + q.unacknowledged == 0);
        Ok(empty.then_some(()))
    })
    .await
}

/// The output is whole at its URL: its bytes are those that the checksum was made of.
pub async fn plays(api: &Api, job: &Value, preset: &str) -> Result<()> {
    let url = api::output(job, preset)?["url"]
        .as_str()
        .context("no URL")?;
    let bytes = api.download(url).await?;
    ensure!(
        hex(&bytes) == checksum(job, preset)?,
        "{url} gave other bytes"
    );
    Ok(())
}
