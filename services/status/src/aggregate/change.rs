//! From what a worker said to what happens to its task. Pure.

use reelmill_domain::{
    event::{TaskEvent, TaskResult},
    task::{Task, TaskState},
    time::Timestamp,
    wire::{RunRef, WorkerEvent, WorkerEventBody},
};

/// Builds a task's event from the task and the database's time.
pub type Make = Box<dyn Fn(&Task, Timestamp) -> Option<TaskEvent> + Send + Sync>;

/// What an event comes to; `None` for what a worker says of itself. The start of a worker that is not `admitted` takes its
/// task back, so that another gets it; where the run would be stopped anyway, it is.
pub fn of(event: &WorkerEvent, lease_ms: i64, admitted: bool) -> Option<(RunRef, Make)> {
    let worker = event.worker;
    let change: (RunRef, Make) = match event.body.clone() {
        WorkerEventBody::Started { run, .. } => {
            let RunRef {
                attempt, run: id, ..
            } = run;
            let make = move |task: &Task, now: Timestamp| {
                let released = matches!(task.state, TaskState::Dispatched { .. });
                Some(match released && task.attempt == attempt && !admitted {
                    true => TaskEvent::TakenBack,
                    false => TaskEvent::Started {
                        attempt,
                        run: id,
                        worker,
                        lease_until: now.plus_ms(lease_ms),
                    },
                })
            };
            (run, Box::new(make))
        }
        WorkerEventBody::Succeeded { run, result, .. } => same(
            run,
            TaskEvent::Succeeded {
                attempt: run.attempt,
                run: run.run,
                result,
            },
        ),
        WorkerEventBody::Failed { run, failure, .. } => same(
            run,
            TaskEvent::Failed {
                attempt: run.attempt,
                run: run.run,
                failure,
            },
        ),
        WorkerEventBody::Released { run, .. } => same(
            run,
            TaskEvent::Released {
                attempt: run.attempt,
                run: run.run,
            },
        ),
        WorkerEventBody::Renewal { .. } | WorkerEventBody::Bye | WorkerEventBody::Mark { .. } => {
            return None;
        }
    };
    Some(change)
}

/// The same whatever the task is like.
fn same(run: RunRef, what: TaskEvent) -> (RunRef, Make) {
    (run, Box::new(move |_: &Task, _| Some(what.clone())))
}

/// Whether tasks may be planned when this is applied.
pub fn plans(event: &WorkerEvent) -> bool {
    matches!(
        &event.body,
        WorkerEventBody::Succeeded {
            result: TaskResult::Probed { .. },
            ..
        }
    )
}

/// What it is called where events are counted.
pub fn kind(body: &WorkerEventBody) -> &'static str {
    match body {
        WorkerEventBody::Renewal { .. } => "renewed",
        WorkerEventBody::Started { .. } => "started",
        WorkerEventBody::Succeeded { .. } => "succeeded",
        WorkerEventBody::Failed { .. } => "failed",
        WorkerEventBody::Released { .. } => "released",
        WorkerEventBody::Bye => "bye",
        WorkerEventBody::Mark { .. } => "mark",
    }
}
