//! Workers: what they run, and what they say of it.

use crate::common::ordinary;
use crate::model::{Message, World};
use reelmill_domain::event::{Failure, Part, TaskEvent, TaskResult};
use reelmill_domain::id::{RunId, TaskId, WorkerId};
use reelmill_domain::output::{OutputFile, OutputMedia};
use reelmill_domain::spec::TaskSpec;
use reelmill_domain::time::Timestamp;

/// A run that a worker holds.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub run: RunId,
    pub task: TaskId,
    pub attempt: u32,
}

#[derive(Debug, Clone)]
pub struct Worker {
    pub id: WorkerId,
    pub runs: Vec<Run>,
}

/// An event on its way to status.
#[derive(Debug, Clone)]
pub struct Said {
    pub task: TaskId,
    pub what: TaskEvent,
}

/// How a run ends.
#[derive(Debug, Clone, Copy)]
pub enum End {
    Succeeds,
    Fails {
        permanent: bool,
        no_room: bool,
    },
    GivesBack,
    /// With a result of another kind of task.
    Babbles,
}

impl World {
    /// A worker takes a message: it mints a run and says so.
    pub fn take(&mut self, worker: usize, message: Message) {
        let run = RunId(self.mint());
        let worker = &mut self.workers[worker];
        worker.runs.push(Run {
            run,
            task: message.task,
            attempt: message.attempt,
        });
        let what = TaskEvent::Started {
            attempt: message.attempt,
            run,
            worker: worker.id,
            lease_until: Timestamp(0),
        };
        self.said.push(Said {
            task: message.task,
            what,
        });
    }

    /// A run ends and its worker says so.
    pub fn end_run(&mut self, worker: usize, n: usize, end: End) {
        let Run { run, task, attempt } = self.workers[worker].runs.remove(n);
        let what = match end {
            End::Succeeds => TaskEvent::Succeeded {
                attempt,
                run,
                result: self.result(task),
            },
            End::Babbles => TaskEvent::Succeeded {
                attempt,
                run,
                result: wrong_result(&self.tasks[&task].spec),
            },
            End::Fails { permanent, no_room } => TaskEvent::Failed {
                attempt,
                run,
                failure: Failure {
                    code: "x".into(),
                    message: "x".into(),
                    log_tail: None,
                    permanent,
                    avoid_worker: no_room,
                },
            },
            End::GivesBack => TaskEvent::Released { attempt, run },
        };
        self.said.push(Said { task, what });
    }

    fn result(&self, task: TaskId) -> TaskResult {
        match &self.tasks[&task].spec {
            TaskSpec::Probe(_) => TaskResult::Probed {
                media: Box::new(ordinary()),
                sha256: "ab".into(),
            },
            TaskSpec::Encode(_) => encoded(),
            TaskSpec::Assemble(_) | TaskSpec::Thumbnails(_) => TaskResult::Made {
                files: vec![OutputFile {
                    name: "x".into(),
                    key: "x".into(),
                    bytes: 1,
                    sha256: String::new(),
                    content_type: String::new(),
                }],
                media: OutputMedia::default(),
                warnings: Vec::new(),
            },
            #[cfg(feature = "bench")]
            TaskSpec::Noop | TaskSpec::Sleep { .. } => encoded(),
        }
    }
}

fn wrong_result(spec: &TaskSpec) -> TaskResult {
    match spec {
        TaskSpec::Encode(_) => TaskResult::Made {
            files: Vec::new(),
            media: OutputMedia::default(),
            warnings: Vec::new(),
        },
        _ => encoded(),
    }
}

fn encoded() -> TaskResult {
    TaskResult::Encoded {
        part: Part {
            key: "k".into(),
            bytes: 1,
            sha256: String::new(),
            frames: 1,
            cpu_s: 0.0,
            warnings: Vec::new(),
            sound_made_anew: false,
        },
    }
}
