//! Trying again: a new job of the outputs that were never published. The old one stays as it is.

use super::{show, submit::Made};
use crate::{app::App, config::WebappConfig, owner::OWNER, problems::Refusal};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use reelmill_domain::{
    api::JobView,
    id::{JobId, OutputId, TaskId},
    job::{Job, JobState, retry_outputs},
    output::Output,
    task::Task,
    wire::Traceparent,
};
use reelmill_runtime::{
    http::{ApiProblem, Path, Problems},
    trace,
};
use reelmill_store::{DatabaseTransaction, claim, jobs::NewJob, read, submit};
use tracing::{Instrument, field};
use uuid::Uuid;

/// Try a job again
///
/// Makes a new job of the outputs that were never published.
#[utoipa::path(
    post, path = "/api/v1/jobs/{id}/retry", tag = "jobs", operation_id = "retry_job",
    params(("id" = JobId, Path, description = "The job")),
    responses((status = 201, description = "The new job; `Location` says where", body = JobView), Problems)
)]
pub async fn retry(
    State(app): State<App>,
    Path(id): Path<JobId>,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    let (sent, worker) = (trace::sent(&headers), app.clone());
    // A client that hangs up must not keep the first task of a job that is written from being published.
    let work = async move {
        let span = crate::trace::submission(sent.as_ref(), None);
        let (trace, config) = (trace::of(&span).or(sent), &worker.config);
        let trace = trace.as_ref();
        let made = worker
            .store
            .transact(|txn| async move { in_txn(&txn, id, trace, config).await })
            .instrument(span.clone())
            .await
            .map_err(ApiProblem::from)?;
        span.record("reelmill.job", field::display(made.job));
        Ok(worker.made(made))
    };
    let new = app.detached(work).await?;
    show::answer_new(&app, StatusCode::CREATED, new).await
}

async fn in_txn(
    txn: &DatabaseTransaction,
    of: JobId,
    trace: Option<&Traceparent>,
    config: &WebappConfig,
) -> Result<Made, Refusal> {
    let record = read::job(txn, OWNER, of)
        .await?
        .ok_or_else(|| show::unknown(of))?;
    if !record.job.state.is_terminal() {
        let words = "the job has not ended; cancel it first, or wait";
        return Err(ApiProblem::conflict("job_not_ended", words).into());
    }
    let outputs: Vec<Output> = retry_outputs(&record.job)
        .into_iter()
        .map(|o| {
            Output::new(
                OutputId(Uuid::now_v7()),
                o.preset.clone(),
                o.file_name.clone(),
            )
        })
        .collect();
    if outputs.is_empty() {
        let words = "every output of this job was published; there is nothing to try again";
        return Err(ApiProblem::conflict("nothing_to_retry", words).into());
    }
    let id = JobId(Uuid::now_v7());
    let job = Job {
        id,
        outputs,
        media: None,
        paused: false,
        state: JobState::Queued,
        warnings: Vec::new(),
        ..record.job
    };
    let probe = Task::probe(
        TaskId(Uuid::now_v7()),
        id,
        job.input.clone(),
        config.policy.limits,
    );
    let new = NewJob {
        retry_of: Some(of),
        metadata: record.metadata,
        trace: trace.cloned(),
    };
    let (probe, first) = claim::at_once(txn, probe, trace, config.times).await?;
    submit::write(txn, &job, &new, &probe).await?;
    Ok(Made {
        job: id,
        trace: new.trace,
        first: first.map(Box::new),
    })
}
