//! What an ffmpeg can do, asked once at a worker's start.

use crate::process::{Order, Seen, run};
use crate::{RunLimits, ToolError, Tools};
use reelmill_domain::preset::{AudioEncoder, VideoEncoder};
use reelmill_domain::worker::Abilities;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The oldest FFmpeg that the command lines are written for (`-fps_mode` came with it).
const OLDEST: (u32, u32) = (5, 1);

/// Asks ffmpeg for its version, encoders and filters. `cores` is passed on.
///
/// # Errors
/// A tool does not run, or does not answer as FFmpeg 5.1 or newer does.
pub async fn abilities(tools: &Tools, cores: u16) -> Result<Abilities, ToolError> {
    let (version, probe_version, encoders, filters) = tokio::try_join!(
        ask(&tools.ffmpeg, &["-version"]),
        ask(&tools.ffprobe, &["-version"]),
        ask(&tools.ffmpeg, &["-hide_banner", "-encoders"]),
        ask(&tools.ffmpeg, &["-hide_banner", "-filters"]),
    )?;
    let ffmpeg_version = version_word(&tools.ffmpeg, &version)?;
    version_word(&tools.ffprobe, &probe_version)?;
    let encoders = names(&encoders);
    let filters = names(&filters);
    Ok(Abilities {
        ffmpeg_version,
        video: known::<VideoEncoder>(&encoders),
        audio: known::<AudioEncoder>(&encoders),
        tone_mapping: filters.contains("zscale") && filters.contains("tonemap"),
        cores,
    })
}

async fn ask(program: &Path, args: &[&str]) -> Result<Vec<String>, ToolError> {
    let unusable = |reason: String| ToolError::Unusable {
        program: program.to_owned(),
        reason,
    };
    let limits = RunLimits {
        stall: Duration::from_secs(20),
        wall: Duration::from_secs(20),
        ..RunLimits::default()
    };
    let order = Order {
        program,
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        folder: Path::new("/"),
        limits: &limits,
    };
    let mut lines = Vec::new();
    let finished = run(
        order,
        |line| {
            lines.push(line.to_owned());
            Seen::Movement
        },
        &CancellationToken::new(),
    )
    .await
    .map_err(|error| unusable(error.to_string()))?;
    match finished.status {
        0 => Ok(lines),
        status => Err(unusable(format!("it ended with status {status}"))),
    }
}

/// `ffmpeg version 5.1.9-0+deb12u1 Copyright …` → `5.1.9-0+deb12u1`, if it is not too old. Versions that are not
/// numbers (built from git) are taken as new.
fn version_word(program: &Path, lines: &[String]) -> Result<String, ToolError> {
    let unusable = |reason: String| ToolError::Unusable {
        program: program.to_owned(),
        reason,
    };
    let word = lines
        .first()
        .and_then(|line| line.split_once(" version "))
        .and_then(|(_, rest)| rest.split_ascii_whitespace().next())
        .ok_or_else(|| unusable("it does not answer as FFmpeg does".into()))?;
    let mut numbers = word
        .trim_start_matches('n')
        .split(|c: char| !c.is_ascii_digit());
    let mut next = || numbers.next().and_then(|n| n.parse::<u32>().ok());
    match (next(), next()) {
        (Some(major), minor) if (major, minor.unwrap_or(0)) < OLDEST => {
            Err(unusable(format!("its version {word} is too old")))
        }
        _ => Ok(word.to_owned()),
    }
}

/// The second word of each row of `-encoders` or `-filters`; the heading above the rows does no harm.
fn names(lines: &[String]) -> BTreeSet<String> {
    lines
        .iter()
        .filter_map(|line| line.split_ascii_whitespace().nth(1))
        .map(str::to_owned)
        .collect()
}

/// Those names that are encoders of ours: an encoder is spelled in data as ffmpeg calls it.
fn known<T: DeserializeOwned + Ord>(names: &BTreeSet<String>) -> BTreeSet<T> {
    names
        .iter()
        .filter_map(|name| serde_json::from_value(name.as_str().into()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn reads_the_encoder_table() {
        let table = lines(
            "Encoders:\n V..... = Video\n A..... = Audio\n ------\n V....D libx264              libx264 H.264 / AVC\n \
             V..... mpeg4                MPEG-4 part 2\n V....D somethingnew         New\n A....D aac                  AAC\n",
        );
        let names = names(&table);
        assert_eq!(
            known::<VideoEncoder>(&names),
            [VideoEncoder::X264, VideoEncoder::Mpeg4].into()
        );
        assert_eq!(known::<AudioEncoder>(&names), [AudioEncoder::Aac].into());
    }

    #[test]
    fn tells_old_versions_from_new_ones() {
        let word = |first: &str| version_word(Path::new("/usr/bin/ffmpeg"), &lines(first));
        let ok = |first: &str| word(first).expect("new enough");
        assert_eq!(
            ok("ffmpeg version 5.1.9-0+deb12u1 Copyright (c)"),
            "5.1.9-0+deb12u1"
        );
        assert_eq!(
            ok("ffmpeg version n9.0.2-17-g2a571b6068 C"),
            "n9.0.2-17-g2a571b6068"
        );
        assert_eq!(ok("ffprobe version 7.1 Copyright"), "7.1");
        assert_eq!(
            ok("ffmpeg version N-66595-gc2b38619c0-static h"),
            "N-66595-gc2b38619c0-static"
        );
        for old in ["ffmpeg version 4.4.2-0ubuntu0 C", "ffmpeg version 5.0 C"] {
            let error = word(old).expect_err("too old").to_string();
            assert!(
                error.contains("too old") && error.contains("5.1 or newer"),
                "{error}"
            );
        }
        assert!(word("GNU coreutils").is_err());
        assert!(word("").is_err());
    }

    #[tokio::test]
    async fn asks_the_installed_ffmpeg() {
        let tools = Tools::locate("ffmpeg", "ffprobe").expect("installed");
        let abilities = abilities(&tools, 2).await.expect("usable");
        assert!(abilities.video.contains(&VideoEncoder::X264));
        assert!(abilities.audio.contains(&AudioEncoder::Aac));
        assert!(
            abilities
                .ffmpeg_version
                .starts_with(|c: char| c.is_ascii_digit() || "nN".contains(c))
        );
        assert_eq!(abilities.cores, 2);
    }

    #[tokio::test]
    async fn a_program_that_is_not_ffmpeg_is_named() {
        let tools = Tools::locate("true", "ffprobe").expect("true is a program");
        let error = abilities(&tools, 1)
            .await
            .expect_err("not ffmpeg")
            .to_string();
        assert!(error.contains("true could not be used"), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
}
