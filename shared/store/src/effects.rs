//! What a transition asks for, done in its transaction. Executes; decides nothing.

use crate::{
    StoreError,
    convert::to_json,
    entity::{source, task, task_need},
    error::Attempt,
    jobs,
    refs::{self, Holder},
    sweeps, tasks, tell,
};
use reelmill_domain::{
    event::Effect,
    id::{FileId, OutputId, RunId, TaskId},
    job::Job,
    output::OutputFile,
    time::Timestamp,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter,
    QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

/// Ids in one statement.
const BATCH: usize = 500;

/// What is left to be done once the transaction is committed. None of it may get lost for long: renewals are answered
/// with stops, the dispatcher and the sweeper look by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterCommit {
    /// Tell the workers to stop a run.
    Stop(RunId),
    /// Something may be ready to be released.
    WakeDispatcher,
    /// Something may be swept.
    ReapWork,
    /// An output has its URL now; nothing needs to be done.
    Published(OutputId),
    /// The job ended in this state, to be counted.
    Ended(&'static str),
}

/// The transaction's surroundings.
pub(crate) struct Scene<'a> {
    pub before: &'a jobs::Loaded,
    /// The job after the transition.
    pub job: &'a Job,
    /// The task that the event was about, as it was loaded.
    pub task: Option<&'a tasks::Loaded>,
    pub now: Timestamp,
}

/// Does all effects in order and writes the job.
pub(crate) async fn carry_out<C: ConnectionTrait>(
    txn: &C,
    scene: &Scene<'_>,
    effects: Vec<Effect>,
) -> Result<Vec<AfterCommit>, StoreError> {
    let mut after = Vec::new();
    let mut seq = scene.before.event_seq;
    for effect in effects {
        match effect {
            Effect::SaveTask(task) => match scene.task {
                Some(loaded) if loaded.task.id == task.id => {
                    tasks::save(txn, &task, loaded, scene.now).await?
                }
                _ => {
                    return Err(StoreError::NotFound {
                        what: "loaded task",
                        id: task.id.to_string(),
                    });
                }
            },
            Effect::AddTasks(new) => tasks::insert(txn, scene.job, &new, scene.now).await?,
            Effect::MeetNeedsOf(task) => meet_needs(txn, task, scene.now).await?,
            Effect::CancelTasks => cancel(txn, scene, None, &mut after).await?,
            Effect::CancelTasksOf(output) => cancel(txn, scene, Some(output), &mut after).await?,
            Effect::KeepFiles(output, files) => {
                keep(txn, output, &files).await?;
                after.push(AfterCommit::Published(output));
            }
            Effect::DropFiles(output) => {
                refs::release(txn, Holder::Output(output)).await?;
                after.push(AfterCommit::ReapWork);
            }
            Effect::SourceProbed { media, sha256 } => {
                let row = source::ActiveModel {
                    sha256: Set(Some(sha256)),
                    media_json: Set(Some(to_json("source", &media)?)),
                    ..source::ActiveModel::default()
                };
                let mine = source::Column::Id.eq(scene.job.source.0);
                source::Entity::update_many()
                    .set(row)
                    .filter(mine)
                    .exec(txn)
                    .await
                    .attempt("writing a source")?;
            }
            Effect::Tell(telling) => {
                seq += 1;
                tell::append(
                    txn,
                    scene.job.id,
                    &scene.job.owner,
                    seq,
                    &telling,
                    scene.now,
                )
                .await?;
            }
            Effect::Stop(run) => after.push(AfterCommit::Stop(run)),
            Effect::ReapWork => {
                sweeps::sweep_job(txn, scene.job.id, scene.now).await?;
                after.push(AfterCommit::ReapWork);
            }
            Effect::WakeDispatcher => after.push(AfterCommit::WakeDispatcher),
        }
    }
    jobs::save(txn, scene.before, scene.job, seq).await?;
    if scene.job.state.is_terminal() && !scene.before.job.state.is_terminal() {
        after.push(AfterCommit::Ended(scene.job.state.name()));
    }
    Ok(after)
}

/// Lowers the count of every task that waited on this one. Those are looked up first: an update by subquery makes MariaDB
/// read every task there is.
async fn meet_needs<C: ConnectionTrait>(
    txn: &C,
    need: TaskId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let waiters: Vec<Uuid> = task_need::Entity::find()
        .select_only()
        .column(task_need::Column::TaskId)
        .filter(task_need::Column::NeedId.eq(need.0))
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading what waits on a task")?;
    for batch in waiters.chunks(BATCH) {
        let waiting = || {
            Condition::all()
                .add(task::Column::Id.is_in(batch.iter().copied()))
                .add(task::Column::State.eq("waiting"))
        };
        task::Entity::update_many()
            .col_expr(
                task::Column::WaitingOn,
                Expr::col(task::Column::WaitingOn).sub(1),
            )
            .col_expr(
                task::Column::Version,
                Expr::col(task::Column::Version).add(1),
            )
            .filter(waiting())
            .exec(txn)
            .await
            .attempt("counting a met need")?;
        task::Entity::update_many()
            .col_expr(task::Column::State, Expr::value("ready"))
            .col_expr(task::Column::ReadyAt, Expr::value(now.0))
            .filter(waiting())
            .filter(task::Column::WaitingOn.lte(0))
            .exec(txn)
            .await
            .attempt("making tasks ready")?;
    }
    Ok(())
}

async fn cancel<C: ConnectionTrait>(
    txn: &C,
    scene: &Scene<'_>,
    output: Option<OutputId>,
    after: &mut Vec<AfterCommit>,
) -> Result<(), StoreError> {
    let mut mine = Condition::all().add(task::Column::JobId.eq(scene.job.id.0));
    if let Some(output) = output {
        mine = mine.add(task::Column::OutputId.eq(output.0));
    }
    let runs: Vec<Option<Uuid>> = task::Entity::find()
        .select_only()
        .column(task::Column::RunId)
        .filter(mine.clone())
        .filter(task::Column::State.eq("running"))
        .into_tuple()
        .all(txn)
        .await
        .attempt("reading the runs to stop")?;
    after.extend(
        runs.into_iter()
            .flatten()
            .map(|run| AfterCommit::Stop(RunId(run))),
    );
    let row = task::ActiveModel {
        state: Set("cancelled".into()),
        run_id: Set(None),
        worker_id: Set(None),
        until: Set(None),
        ..task::ActiveModel::default()
    };
    task::Entity::update_many()
        .set(row)
        .col_expr(
            task::Column::Version,
            Expr::col(task::Column::Version).add(1),
        )
        .filter(mine)
        .filter(task::Column::State.is_in(["waiting", "ready", "dispatched", "running"]))
        .exec(txn)
        .await
        .attempt("cancelling tasks")
        .map(|_| ())
}

async fn keep<C: ConnectionTrait>(
    txn: &C,
    output: OutputId,
    files: &[OutputFile],
) -> Result<(), StoreError> {
    for file in files {
        refs::add_file(
            txn,
            FileId(Uuid::now_v7()),
            &file.key,
            file.bytes,
            Holder::Output(output),
        )
        .await?;
    }
    Ok(())
}
