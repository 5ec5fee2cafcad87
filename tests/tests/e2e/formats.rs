//! The four formats of the original brief, from a real clip: decoded, counted and compared with the source.

use anyhow::{Context, Result, ensure};
use reelmill_tests::api::output;
use reelmill_tests::{Setup, clips, look, wait::secs};

struct Want {
    preset: &'static str,
    container: &'static str,
    video: &'static str,
    audio: &'static str,
    extension: &'static str,
    content_type: &'static str,
    /// Of a source with 5.1: Matroska keeps them, the others are stereo.
    channels: u64,
}

const FOUR: [Want; 4] = [
    Want {
        preset: "avi",
        container: "avi",
        video: "mpeg4",
        audio: "mp3",
        extension: ".avi",
        content_type: "video/x-msvideo",
        channels: 2,
    },
    Want {
        preset: "mkv",
        container: "matroska",
        video: "h264",
        audio: "aac",
        extension: ".mkv",
        content_type: "video/x-matroska",
        channels: 6,
    },
    Want {
        preset: "ogg",
        container: "ogg",
        video: "theora",
        audio: "vorbis",
        extension: ".ogv",
        content_type: "video/ogg",
        channels: 2,
    },
    Want {
        preset: "webm",
        container: "webm",
        video: "vp9",
        audio: "opus",
        extension: ".webm",
        content_type: "video/webm",
        channels: 2,
    },
];

#[tokio::test]
async fn a_real_clip_comes_out_in_four_formats() -> Result<()> {
    let server = Setup::new().start().await?;
    let api = server.api();
    let id = api
        .make(&clips::bunny(), &["avi", "mkv", "ogg", "webm"])
        .await?;
    let job = api.ends(&id, "completed", secs(400)).await?;
    ensure!(job["progress"] == 1.0, "{job:#}");
    ensure!(job["error"].is_null() && job["warnings"] == serde_json::json!([]));
    ensure!(job["source"]["media"]["frames"] == 132, "{job:#}");

    let dir = tempfile::tempdir()?;
    for want in FOUR {
        check(&server, &job, &want, dir.path())
            .await
            .with_context(|| want.preset.to_owned())?;
    }
    server.finish().await
}

async fn check(
    server: &reelmill_tests::Server,
    job: &serde_json::Value,
    want: &Want,
    dir: &std::path::Path,
) -> Result<()> {
    let made = output(job, want.preset)?;
    ensure!(
        made["state"] == "published" && made["progress"] == 1.0,
        "{made:#}"
    );
    ensure!(
        made["frames_done"] == 132 && made["frames_total"] == 132,
        "{made:#}"
    );
    let url = made["url"].as_str().context("no url")?;
    ensure!(
        url.ends_with(&format!("bigbuckbunny{}", want.extension)),
        "{url}"
    );
    ensure!(
        made["files"][0]["content_type"] == want.content_type,
        "{made:#}"
    );

    let bytes = server.api().download(url).await?;
    ensure!(
        made["bytes"] == bytes.len(),
        "{} bytes: {made:#}",
        bytes.len()
    );
    ensure!(made["sha256"] == sha256(&bytes), "{made:#}");
    let file = look::file(dir, &format!("made{}", want.extension), &bytes)?;
    look::decodes(&file).await?;

    let probe = look::probe(&file).await?;
    let container = probe["format"]["format_name"].as_str().unwrap_or_default();
    ensure!(container.contains(want.container), "{container}");
    let video = look::stream(&probe, "video").context("no picture")?;
    let audio = look::stream(&probe, "audio").context("no sound")?;
    ensure!(
        video["codec_name"] == want.video && audio["codec_name"] == want.audio,
        "{probe:#}"
    );
    ensure!(
        video["width"] == 1280 && video["height"] == 720,
        "{video:#}"
    );
    ensure!(audio["channels"] == want.channels, "{audio:#}");
    ensure!(
        look::frames(&probe)? == 132,
        "{} frames",
        look::frames(&probe)?
    );
    let off = (look::duration(&probe)? - 5.28).abs();
    ensure!(off < 0.15, "the length is off by {off} s");
    ensure!(probe["streams"].as_array().map(Vec::len) == Some(2));

    let likeness = look::ssim(&file, &clips::bunny()).await?;
    ensure!(likeness > 0.93, "SSIM {likeness}");
    let noise = look::psnr(&file, &clips::bunny()).await?;
    ensure!(noise > 30.0, "PSNR {noise} dB");
    let loud = look::loudness(&file).await?;
    ensure!(loud > -40.0, "the sound is silent: {loud} dB");
    Ok(())
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}
