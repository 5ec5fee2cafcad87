//! `reelmill submit FILE|URL --to LIST`: uploads a file (resumably), asks for outputs, and may wait and fetch them.

use crate::{
    cli::{JsonArgs, ServerArgs},
    client::{Client, download::download, follow, remember::Memory, upload::upload},
    identity::Identity,
    outcome::Outcome,
    setup,
    show::{self, job::details, progress::Bars},
};
use clap::Args;
use reelmill_domain::{
    api::{JobView, NameOrPreset, NewJob, NewOutput, NewSource},
    id::UploadId,
};
use reqwest::Method;
use std::path::{Path, PathBuf};

/// Upload a file to a server and have it encoded there.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// The file, or an http(s) URL.
    source: String,
    /// The presets to make, with commas between.
    #[arg(long, value_delimiter = ',', required = true, value_name = "LIST")]
    to: Vec<String>,
    /// Wait until the job has ended.
    #[arg(long)]
    wait: bool,
    /// Fetch the outputs into this folder when the job has ended.
    #[arg(long, value_name = "DIR")]
    download: Option<PathBuf>,
    #[command(flatten)]
    json: JsonArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// Submits.
pub fn run(file: Option<PathBuf>, args: SubmitArgs) -> anyhow::Result<Outcome> {
    let loaded = setup::configuration(file, setup::server_flag(&args.server))?;
    let client = Client::new(&loaded.config.client)?;
    setup::block_on(submit(&client, &args))
}

async fn submit(client: &Client, args: &SubmitArgs) -> anyhow::Result<Outcome> {
    let mut bars = Bars::new(args.json.json);
    let mut job = if is_url(&args.source) {
        let source = NewSource {
            url: Some(args.source.clone()),
            ..NewSource::default()
        };
        create(client, source, &args.to, None).await?
    } else {
        let source = Identity::of(Path::new(&args.source))?;
        let memory = Memory::of(client.server(), &source);
        let bar = bars.transfer(&source.name(), source.bytes);
        let id = upload(client, &source, &memory, bar.as_ref()).await?;
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        let job = create(client, of_upload(id), &args.to, Some(id)).await?;
        memory.forget();
        job
    };
    let wait = args.wait || args.download.is_some();
    if wait {
        if !args.json.json {
            bars.say(&format!("job {}", job.id));
        }
        job = follow::follow(client, job.id, &mut bars).await?;
        bars.finish();
    }
    if let Some(dir) = &args.download {
        let files = download(client, &job, dir, &bars).await?;
        if !args.json.json {
            files
                .iter()
                .for_each(|f| show::line(f.display().to_string()));
        }
    }
    if args.json.json {
        show::json(&job)?;
    } else if args.download.is_none() {
        details(&job, client.server()).iter().for_each(show::line);
    }
    Ok(if wait {
        follow::outcome(&job)
    } else {
        Outcome::Done
    })
}

/// Asks for the job. The same upload and presets sent twice (an answer was lost) are one job.
async fn create(
    client: &Client,
    source: NewSource,
    presets: &[String],
    upload: Option<UploadId>,
) -> anyhow::Result<JobView> {
    let body = NewJob {
        source: Some(source),
        sources: None,
        outputs: presets
            .iter()
            .map(|name| NewOutput {
                preset: NameOrPreset::Name(name.trim().to_owned()),
            })
            .collect(),
        name: None,
        priority: None,
        callback_url: None,
        notify_email: None,
        expire_after_s: None,
        not_before: None,
        deadline: None,
        strict: None,
        discard_larger: None,
        destination: None,
        metadata: None,
    };
    let mut request = client.request(Method::POST, "/api/v1/jobs").json(&body);
    if let Some(id) = upload {
        request = request.header(
            "idempotency-key",
            format!("submit-{id}-{}", presets.join("+")),
        );
    }
    client.read(request).await
}

fn of_upload(id: UploadId) -> NewSource {
    NewSource {
        upload: Some(id),
        ..NewSource::default()
    }
}

fn is_url(source: &str) -> bool {
    ["http://", "https://", "s3://", "ftp://"]
        .iter()
        .any(|scheme| source.starts_with(scheme))
}
