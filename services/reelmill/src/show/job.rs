//! A job as people see it: a row of a list, or all there is to tell.

use super::{
    amounts::{bytes, clock, percent},
    one_line,
    table::{cut, table},
};
use reelmill_domain::api::{JobView, OutputView};

/// The list's heading.
pub const HEAD: [&str; 6] = ["ID", "NAME", "STATE", "DONE", "LEFT", "OUTPUTS"];

/// A row of the list.
pub fn row(job: &JobView) -> Vec<String> {
    let outputs: Vec<&str> = job.outputs.iter().map(|o| o.preset.as_str()).collect();
    vec![
        job.id.to_string(),
        cut(&job.name, 40),
        if job.paused && !ended(job) {
            format!("{} (paused)", job.state)
        } else {
            job.state.clone()
        },
        percent(job.progress),
        job.eta_s.map_or_else(|| "-".into(), clock),
        outputs.join(","),
    ]
}

/// All there is to tell, line by line. `server` makes the URLs whole.
pub fn details(job: &JobView, server: &str) -> Vec<String> {
    let mut lines = vec![
        format!("Job      {}", job.id),
        format!("Name     {}", one_line(&job.name)),
        format!("State    {}{}", job.state, waiting(job)),
        format!("Source   {}", source(job)),
        format!("Created  {}", job.created_at),
    ];
    if let Some(at) = job.finished_at {
        lines.push(format!("Ended    {at}"));
    }
    if let Some(error) = &job.error {
        lines.push(format!(
            "Error    {} ({})",
            one_line(&error.message),
            error.code
        ));
    }
    for warning in &job.warnings {
        lines.push(format!(
            "Warning  {} ({})",
            one_line(&warning.message),
            warning.code
        ));
    }
    lines.push(String::new());
    let rows: Vec<Vec<String>> = job.outputs.iter().map(|o| output_row(o, server)).collect();
    lines.extend(table(&["OUTPUT", "STATE", "DONE", "SIZE", "RESULT"], &rows));
    lines
}

/// Whether a job has ended.
pub fn ended(job: &JobView) -> bool {
    matches!(
        job.state.as_str(),
        "completed" | "partially_completed" | "failed" | "cancelled"
    )
}

/// What became of an output: its URL, or why there is none.
pub fn result(output: &OutputView, server: &str) -> String {
    if let Some(url) = &output.url {
        return whole_url(url, server);
    }
    if let Some(error) = &output.error {
        return one_line(&error.message);
    }
    output.reason.as_deref().map(one_line).unwrap_or_default()
}

/// A URL that works from anywhere.
pub fn whole_url(url: &str, server: &str) -> String {
    if url.starts_with('/') {
        format!("{server}{url}")
    } else {
        url.to_owned()
    }
}

fn output_row(output: &OutputView, server: &str) -> Vec<String> {
    vec![
        output.preset.clone(),
        output.state.clone(),
        percent(output.progress),
        output.bytes.map_or_else(|| "-".into(), bytes),
        result(output, server),
    ]
}

fn waiting(job: &JobView) -> String {
    let mut words = String::new();
    if job.paused && !ended(job) {
        words.push_str(", paused");
    }
    if let Some(position) = job.position {
        words.push_str(&format!(", place {position} in the queue"));
    }
    if let Some(why) = &job.waiting_for {
        words.push_str(&format!(", waiting: {}", one_line(why)));
    }
    if let Some(left) = job.eta_s.filter(|_| !ended(job)) {
        words.push_str(&format!(", about {} left", clock(left)));
    }
    words
}

fn source(job: &JobView) -> String {
    let mut words = format!(
        "{}, {}",
        one_line(&job.source.name),
        bytes(job.source.bytes)
    );
    if let Some(media) = &job.source.media {
        words.push_str(&format!(", {}", clock(media.duration_s)));
        if let (Some(w), Some(h)) = (media.width, media.height) {
            words.push_str(&format!(", {w}×{h}"));
        }
        for codec in [&media.video_codec, &media.audio_codec]
            .into_iter()
            .flatten()
        {
            words.push_str(&format!(", {codec}"));
        }
    }
    words
}
