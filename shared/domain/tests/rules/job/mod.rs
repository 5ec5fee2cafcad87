//! A job's life, event by event: states, effects, endings.

mod life;
#[cfg(feature = "bench")]
mod measuring;
mod wishes;

use crate::common::{LIMITS, context, counter, job, media, ordinary, output_id, preset, video};
use reelmill_domain::event::{
    Effect, Failure, JobEvent, Part, TaskEvent, TaskResult, Telling, Warning,
};
use reelmill_domain::id::{RunId, TaskId, WorkerId};
use reelmill_domain::job::{Job, JobEnding, JobState, retry_outputs, transition};
use reelmill_domain::media::Media;
use reelmill_domain::output::{OutputFile, OutputMedia, OutputState, Parts};
use reelmill_domain::spec::TaskSpec;
use reelmill_domain::task::{Task, TaskState};
use reelmill_domain::time::Timestamp;
use uuid::Uuid;

/// A job with its tasks, kept as the store would keep them.
struct Bench {
    job: Job,
    tasks: Vec<Task>,
    ids: Box<dyn FnMut() -> TaskId>,
}

impl Bench {
    fn new(presets: &[&str]) -> Self {
        let presets: Vec<_> = presets.iter().map(|n| preset(n)).collect();
        Self::with(job(&presets))
    }

    fn with(job: Job) -> Self {
        let probe = Task::probe(
            TaskId(Uuid::from_u128(7)),
            job.id,
            job.input.clone(),
            LIMITS,
        );
        Self {
            job,
            tasks: vec![probe],
            ids: Box::new(counter()),
        }
    }

    fn apply(&mut self, event: JobEvent) -> Vec<Effect> {
        let mut cx = context(&mut *self.ids);
        let (job, effects) = transition(self.job.clone(), event, &mut cx);
        self.job = job;
        for effect in &effects {
            match effect {
                Effect::SaveTask(task) => {
                    *self.tasks.iter_mut().find(|t| t.id == task.id).unwrap() = (**task).clone();
                }
                Effect::AddTasks(tasks) => self.tasks.extend(tasks.clone()),
                Effect::MeetNeedsOf(id) => {
                    for task in self.tasks.iter_mut().filter(|t| t.needs.contains(id)) {
                        task.state = TaskState::Ready;
                    }
                }
                Effect::CancelTasks => self.cancel(|_| true),
                Effect::CancelTasksOf(output) => self.cancel(|t| t.output == Some(*output)),
                _ => {}
            }
        }
        effects
    }

    fn cancel(&mut self, which: impl Fn(&Task) -> bool) {
        for task in self
            .tasks
            .iter_mut()
            .filter(|t| which(t) && !t.state.is_terminal())
        {
            task.state = TaskState::Cancelled;
        }
    }

    fn on_task(&mut self, n: usize, what: TaskEvent) -> Vec<Effect> {
        let task = Box::new(self.tasks[n].clone());
        self.apply(JobEvent::Task { task, what })
    }

    fn start(&mut self, n: usize) -> Vec<Effect> {
        self.on_task(
            n,
            TaskEvent::Claimed {
                until: Timestamp(0),
            },
        );
        let attempt = self.tasks[n].attempt;
        self.on_task(
            n,
            TaskEvent::Started {
                attempt,
                run: run(n),
                worker: WorkerId(Uuid::from_u128(1)),
                lease_until: Timestamp(0),
            },
        )
    }

    fn succeed(&mut self, n: usize, result: TaskResult) -> Vec<Effect> {
        let attempt = self.tasks[n].attempt;
        self.on_task(
            n,
            TaskEvent::Succeeded {
                attempt,
                run: run(n),
                result,
            },
        )
    }

    fn fail(&mut self, n: usize, permanent: bool) -> Vec<Effect> {
        let attempt = self.tasks[n].attempt;
        let failure = Failure {
            code: "encoder_failed".into(),
            message: "ffmpeg gave up.".into(),
            log_tail: Some("boom".into()),
            permanent,
            avoid_worker: false,
        };
        self.on_task(
            n,
            TaskEvent::Failed {
                attempt,
                run: run(n),
                failure,
            },
        )
    }

    fn run(&mut self, n: usize, result: TaskResult) -> Vec<Effect> {
        self.start(n);
        self.succeed(n, result)
    }

    /// Probes with this result; the tasks of the first output are then 1 and 2, of the second 3 and 4.
    fn probe(&mut self, media: Media) -> Vec<Effect> {
        let media = Box::new(media);
        self.run(
            0,
            TaskResult::Probed {
                media,
                sha256: "ab".into(),
            },
        )
    }

    fn output(&self, n: usize) -> &OutputState {
        &self.job.outputs[n].state
    }

    fn states(&self) -> (&str, Vec<&str>) {
        let outputs = self.job.outputs.iter().map(|o| o.state.name()).collect();
        (self.job.state.name(), outputs)
    }
}

fn run(n: usize) -> RunId {
    RunId(Uuid::from_u128(900 + n as u128))
}

fn part() -> TaskResult {
    TaskResult::Encoded {
        part: Part {
            key: "k".into(),
            bytes: 1,
            sha256: String::new(),
            frames: 250,
            cpu_s: 1.0,
            warnings: Vec::new(),
            sound_made_anew: false,
        },
    }
}

fn made(warnings: &[&str]) -> TaskResult {
    let file = OutputFile {
        name: "output.mkv".into(),
        key: "outputs/x/output.mkv".into(),
        bytes: 5,
        sha256: "cd".into(),
        content_type: "video/x-matroska".into(),
    };
    let warning = |w: &&str| Warning {
        code: (*w).into(),
        message: (*w).into(),
    };
    TaskResult::Made {
        files: vec![file],
        media: OutputMedia::default(),
        warnings: warnings.iter().map(warning).collect(),
    }
}

fn told(effects: &[Effect]) -> Vec<String> {
    let tell = |e: &Effect| match e {
        Effect::Tell(Telling::Job { state }) => Some(format!("job {state}")),
        Effect::Tell(Telling::Output { state, .. }) => Some(format!("output {state}")),
        _ => None,
    };
    effects.iter().filter_map(tell).collect()
}

fn warning_codes(job: &Job) -> Vec<&str> {
    job.warnings.iter().map(|w| w.code.as_str()).collect()
}
