//! ffmpeg and ffprobe: are they there, how old are they, and which preset lacks which encoder or filter.

use super::finding::Finding;
use reelmill_domain::preset::{presets, unavailable_reason};
use reelmill_ffmpeg::{Tools, capabilities::abilities};
use reelmill_runtime::config::Config;

const MEND: &str = "install an FFmpeg with that encoder (Debian's ffmpeg has them all)";

/// Looks at the tools.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let program = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let tools = match Tools::locate(
        &program(&config.encoder.ffmpeg),
        &program(&config.encoder.ffprobe),
    ) {
        Ok(tools) => tools,
        Err(e) => {
            return vec![Finding::fault(
                "ffmpeg",
                e.to_string(),
                "Debian: apt install ffmpeg",
            )];
        }
    };
    let found = match abilities(&tools, config.encoder.slots).await {
        Ok(found) => found,
        Err(e) => {
            return vec![Finding::fault(
                "ffmpeg",
                e.to_string(),
                "Debian: apt install ffmpeg",
            )];
        }
    };
    let mut findings = vec![Finding::good(
        "ffmpeg",
        format!(
            "{} at {}, ffprobe at {}",
            found.ffmpeg_version,
            tools.ffmpeg.display(),
            tools.ffprobe.display()
        ),
    )];
    if !found.tone_mapping {
        findings.push(Finding::note(
            "filters",
            "this ffmpeg lacks `zscale` or `tonemap`: HDR sources can't be made watchable on ordinary screens",
            "install an FFmpeg built with libzimg (Debian's ffmpeg is)",
        ));
    }
    let able = [found];
    let lacking: Vec<(String, String)> = presets()
        .iter()
        .filter_map(|p| Some((p.name.clone(), unavailable_reason(p, &able)?)))
        .collect();
    let all = presets().len();
    if lacking.is_empty() {
        findings.push(Finding::good("presets", format!("all {all} can be made")));
    }
    for (name, reason) in &lacking {
        let words = format!("`{name}` can't be made: {reason}");
        findings.push(if lacking.len() == all {
            Finding::fault("presets", words, MEND)
        } else {
            Finding::note("presets", words, MEND)
        });
    }
    findings
}
