//! A film that kills its worker each time: it fails, its neighbours don't.

use super::support::{LONG, film, plays, short};
use anyhow::{Context, Result, ensure};
use reelmill_tests::api::{id, output};
use reelmill_tests::clips;
use reelmill_tests::cluster::Cluster;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

#[tokio::test]
async fn a_poison_task_fails_alone() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (_film_dir, film) = film(20).await?;
    let bad = clips::drawn(dir.path(), "bad.mp4", "176x144", 1.0).await?;
    // An ffmpeg that takes its worker with it when it is to encode this film.
    let program = dir.path().join("ffmpeg");
    let size = std::fs::metadata(&bad)?.len();
    std::fs::write(
        &program,
        format!(
            "#!/bin/sh\nfor f in *; do\n  [ \"$(stat -Lc %s \"$f\" 2>/dev/null)\" = {size} ] && kill -9 $PPID && exit 1\ndone\nexec ffmpeg \"$@\"\n"
        ),
    )?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    let mut cluster = Cluster::builder()
        .encoders(2)
        .set("tasks.lease_s", 3)
        .set("tasks.max_attempts", 2)
        .set("encoder.ffmpeg", program.display())
        .set("encoder.slots", 2)
        .start()
        .await?;
    let api = cluster.api();
    let neighbour = api.make(&film, &["mkv"]).await?;
    let poison = api.upload_file(&bad).await?;
    let more = json!({ "priority": 9 });
    let poison = id(&api.submit_with(&poison, &["mkv"], more).await?)?;
    let small = short(&dir, "small.mp4").await?;
    let after = api.make(&small, &["mkv"]).await?;

    // What a supervisor does: starts again what died.
    let mut deaths = 0;
    let begun = std::time::Instant::now();
    let job = loop {
        for n in 0..2 {
            let encoder = cluster.encoder(n);
            if encoder.has_ended()? {
                deaths += 1;
                encoder.launch().await?;
            }
        }
        let job = api.job(&poison).await?;
        if reelmill_tests::api::ended(&job) {
            break job;
        }
        ensure!(begun.elapsed() < LONG, "the poison never ended: {job:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    ensure!(job["state"] == "failed", "{job:#}");
    let error = &output(&job, "mkv")?["error"];
    let code = error["code"].as_str().context("no code")?;
    ensure!(code == "worker_lost", "{error:#}");
    ensure!(
        deaths >= 3,
        "it killed {deaths} times: two losses are nobody's fault"
    );
    for neighbour in [neighbour, after] {
        let made = api.ends(&neighbour, "completed", LONG).await?;
        plays(&api, &made, "mkv").await?;
        ensure!(output(&made, "mkv")?["failures"] == 0, "{made:#}");
    }
    cluster.finish().await
}
