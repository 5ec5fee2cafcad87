//! One wish, one transaction: the job, its probe, its source and the reference to it, or nothing.

use super::{idempotency, wish::Wish};
use crate::{app::App, config::WebappConfig, owner::OWNER, problems::Refusal};
use axum::http::{HeaderValue, header::RETRY_AFTER};
use reelmill_domain::{
    id::{JobId, OutputId, SourceId, TaskId},
    job::{Job, JobState},
    output::Output,
    preset::file_names,
    spec::Input,
    task::Task,
    wire::{TaskMessage, Traceparent},
};
use reelmill_runtime::{http::ApiProblem, trace};
use reelmill_store::{
    ConnectionTrait, DatabaseTransaction, claim,
    jobs::NewJob,
    now, read,
    submit::{self, Used},
    uploads::{self, Upload},
};
use tracing::{Instrument, field};
use uuid::Uuid;

/// What came of a wish.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Submitted {
    /// A new job.
    Now(Made),
    /// The job that the same key made before.
    Before(JobId),
}

/// A job that was made.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Made {
    pub job: JobId,
    /// Where in a trace.
    pub trace: Option<Traceparent>,
    /// Its first task, if that was released with it: to be published.
    pub first: Option<Box<TaskMessage>>,
}

/// Grants a wish that was sent at `sent`.
pub(super) async fn submit(
    app: &App,
    wish: Wish,
    key: Option<String>,
    sent: Option<Traceparent>,
) -> Result<Submitted, ApiProblem> {
    let uploaded = settle(app, &wish).await?;
    let span = crate::trace::submission(sent.as_ref(), uploaded.as_ref());
    // The trace of whoever asks, or else the one that brought the file.
    let trace = trace::of(&span).or(sent).or(uploaded);
    let (wish, key, trace, config) = (&wish, key.as_deref(), trace.as_ref(), &app.config);
    app.store
        .transact(|txn| async move { in_txn(&txn, wish, key, trace, config).await })
        .instrument(span.clone())
        .await
        .inspect(|submitted| {
            if let Submitted::Now(made) = submitted {
                span.record("reelmill.job", field::display(made.job));
            }
        })
        .map_err(ApiProblem::from)
}

/// A process may have died between the last byte of the upload and its end.
/// Returns where in a trace its last byte came.
async fn settle(app: &App, wish: &Wish) -> Result<Option<Traceparent>, ApiProblem> {
    let found = uploads::find(app.store.db(), wish.upload).await;
    match found.map_err(Refusal::from)? {
        Some(upload) => app.intake.settled(upload).await.map(|upload| upload.trace),
        None => Ok(None),
    }
}

async fn in_txn(
    txn: &DatabaseTransaction,
    wish: &Wish,
    key: Option<&str>,
    trace: Option<&Traceparent>,
    config: &WebappConfig,
) -> Result<Submitted, Refusal> {
    let id = JobId(Uuid::now_v7());
    if let Some(key) = key {
        if let Some(used) = submit::recall(txn, OWNER, key).await? {
            return before(txn, wish, &used).await;
        }
        let used = Used {
            body_hash: wish.hash.clone(),
            job: id,
        };
        submit::remember(txn, OWNER, key, &used).await?;
    }
    let upload = usable(txn, wish).await?;
    let source = uploads::use_as_source(txn, &upload, SourceId(Uuid::now_v7())).await?;
    let job = job(id, wish, &upload, source);
    let probe = Task::probe(
        TaskId(Uuid::now_v7()),
        id,
        job.input.clone(),
        config.policy.limits,
    );
    let new = NewJob {
        retry_of: None,
        metadata: wish.metadata.clone(),
        trace: trace.cloned(),
    };
    let (probe, first) = claim::at_once(txn, probe, trace, config.times).await?;
    submit::write(txn, &job, &new, &probe).await?;
    Ok(Submitted::Now(Made {
        job: id,
        trace: new.trace,
        first: first.map(Box::new),
    }))
}

async fn before<C: ConnectionTrait>(
    txn: &C,
    wish: &Wish,
    used: &Used,
) -> Result<Submitted, Refusal> {
    if used.body_hash != wish.hash {
        return Err(idempotency::reused().into());
    }
    match read::job(txn, OWNER, used.job).await? {
        Some(_) => Ok(Submitted::Before(used.job)),
        None => Err(idempotency::deleted().into()),
    }
}

/// The upload, if a job can be made of it.
async fn usable<C: ConnectionTrait>(txn: &C, wish: &Wish) -> Result<Upload, Refusal> {
    let id = wish.upload;
    let field = "source.upload";
    let upload = uploads::find(txn, id)
        .await?
        .filter(|upload| upload.owner == OWNER)
        .ok_or_else(|| ApiProblem::not_found(format!("there is no upload {id}")).field(field))?;
    if upload.is_gone(now(txn).await?) {
        let words = "this upload has expired; send the file again";
        return Err(ApiProblem::gone("upload_expired", words)
            .field(field)
            .into());
    }
    if upload.is_unfinished() {
        let words = "every byte of this upload is there, and the file is being made of them; try again in a moment";
        return Err(ApiProblem::conflict("upload_incomplete", words)
            .header(RETRY_AFTER, HeaderValue::from_static("2"))
            .field(field)
            .into());
    }
    if !upload.complete {
        let words = format!("only {} bytes of this upload are there yet", upload.offset);
        return Err(ApiProblem::conflict("upload_incomplete", words)
            .field(field)
            .into());
    }
    Ok(upload)
}

fn job(id: JobId, wish: &Wish, upload: &Upload, source: SourceId) -> Job {
    let outputs = wish
        .presets
        .iter()
        .cloned()
        .zip(file_names(&upload.name, &wish.presets))
        .map(|(preset, name)| Output::new(OutputId(Uuid::now_v7()), preset, name))
        .collect();
    Job {
        id,
        owner: OWNER.to_owned(),
        name: wish.name.clone().unwrap_or_else(|| upload.name.clone()),
        source,
        input: Input {
            key: upload.object_key.clone(),
            bytes: upload.offset,
        },
        media: None,
        outputs,
        priority: wish.priority,
        paused: false,
        strict: wish.strict,
        expire_after_s: wish.expire_after_s,
        state: JobState::Queued,
        warnings: Vec::new(),
    }
}
