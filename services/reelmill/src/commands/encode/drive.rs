//! The work of one `encode` call: begins or continues a job per source, some at a time, and collects what gets done.

use super::{
    OWN, RECORD,
    collect::{Folders, collect},
    local::Local,
    plan::Wanted,
    record::{Asked, Record},
    report::Report,
    resume,
};
use crate::{
    setup,
    show::{job::ended, progress::Bars},
};
use anyhow::bail;
use reelmill_domain::{
    id::JobId, job::Job, output::OutputState, preset::unavailable_reason, worker::Abilities,
};
use reelmill_runtime::{config::Loaded, lifecycle::Lifecycle, telemetry};
use std::{
    collections::{BTreeSet, VecDeque},
    path::Path,
    time::Duration,
};

/// How often jobs are looked at.
const EVERY: Duration = Duration::from_millis(150);
/// How long the service may take to end. Nothing is lost if it takes longer.
const GRACE: Duration = Duration::from_secs(10);

/// One call of the command.
pub struct Call<'a> {
    /// The configuration, with everything in our own folder.
    pub config: &'a Loaded,
    /// The output folder.
    pub out: &'a Path,
    /// Our own folder in it.
    pub own: &'a Path,
    /// What earlier calls left.
    pub record: Record,
    /// What is to be made.
    pub wanted: &'a [Wanted],
    /// What becomes of it.
    pub report: &'a mut Report,
    /// No progress is shown.
    pub quiet: bool,
}

/// Does the work. True: stopped by a signal before it was done.
pub fn drive(call: Call<'_>) -> anyhow::Result<bool> {
    let mut log = call.config.config.log.clone();
    // Progress is what people watch here; what the service says of itself would only be in the way.
    if call
        .config
        .settings
        .iter()
        .any(|s| s.key == "log.level" && s.from == "default")
    {
        log.level = "error".into();
    }
    telemetry::init(&log);
    let config = &call.config.config;
    setup::run_services(config, async {
        let life = Lifecycle::new();
        life.listen()?;
        let local = Local::start(config, &life).await?;
        let mut bars = Bars::new(call.quiet);
        let done = tokio::select! {
            biased;
            done = work(call, &local, &mut bars) => done.map(|()| false),
            // Wherever it stands: what it was at, the next call finds as after a crash.
            () = life.stop().cancelled() => Ok(true),
        };
        bars.finish();
        life.stop().cancel();
        life.ended(GRACE).await;
        local.service.close().await?;
        done
    })
}

struct Work<'a> {
    local: &'a Local,
    folders: Folders<'a>,
    record: Record,
    report: &'a mut Report,
    collected: BTreeSet<(&'a Path, &'a str)>,
}

struct Active<'a> {
    want: &'a Wanted,
    job: JobId,
}

async fn work(call: Call<'_>, local: &Local, bars: &mut Bars) -> anyhow::Result<()> {
    refuse_unavailable(&local.abilities, call.wanted)?;
    let record_file = call.out.join(OWN).join(RECORD);
    let mut work = Work {
        local,
        folders: Folders {
            out: call.out,
            own: call.own,
            record: &record_file,
        },
        record: call.record,
        report: call.report,
        collected: BTreeSet::new(),
    };
    let several = call.wanted.len() > 1;
    let mut waiting: VecDeque<&Wanted> = call
        .wanted
        .iter()
        .filter(|w| w.outputs.iter().any(|g| !g.done))
        .collect();
    let mut active: Vec<Active<'_>> = Vec::new();
    // What nobody asks for any more must not take the place of what is asked for.
    work.end_unasked(call.wanted).await?;
    // As many as keep every slot busy: each holds a link to its source, or a copy.
    let most = usize::from(call.config.config.encoder.slots) + 1;
    loop {
        while active.len() < most
            && let Some(want) = waiting.pop_front()
        {
            active.extend(work.begin(want).await?);
        }
        if active.is_empty() {
            return Ok(());
        }
        let mut still = Vec::new();
        for one in active {
            let Some(view) = local.view(one.job).await? else {
                bail!("the job of {} has vanished", one.want.source.path.display());
            };
            bars.show(&label(one.want, several), &view);
            let Some(job) = local.job(one.job).await? else {
                bail!("the job of {} has vanished", one.want.source.path.display());
            };
            work.collect_published(one.want, &job).await?;
            if ended(&view) && job.state.is_terminal() {
                work.end(one.want, &job).await?;
            } else {
                still.push(one);
            }
        }
        active = still;
        tokio::time::sleep(EVERY).await;
    }
}

impl<'a> Work<'a> {
    /// Continues what an earlier call began for a source, or begins anew. `None`: there is nothing left to make of it.
    async fn begin(&mut self, want: &'a Wanted) -> anyhow::Result<Option<Active<'a>>> {
        let begun = resume::begun(self.local, &self.record, want).await?;
        if let Some(job) = &begun {
            self.collect_published(want, job).await?;
            self.report.warned(&want.source.path, &job.warnings);
        }
        let missing: Vec<&str> = want
            .outputs
            .iter()
            .filter(|goal| {
                !goal.done
                    && !self
                        .collected
                        .contains(&(&want.source.path, &goal.preset.name))
            })
            .map(|goal| goal.preset.name.as_str())
            .collect();
        if let Some(job) = begun {
            if resume::goes_on(&job, &missing.iter().copied().collect(), want) {
                return Ok(Some(Active { want, job: job.id }));
            }
            self.let_go(job.id).await?;
        }
        if missing.is_empty() {
            return Ok(None);
        }
        let upload = match self.local.take_in(&want.source).await {
            Ok(upload) => upload,
            Err(e) => return self.cannot_begin(want, &e),
        };
        let job = match self.local.submit(upload, &missing).await {
            Ok(job) => job.id,
            Err(e) => return self.cannot_begin(want, &e),
        };
        let to = want
            .outputs
            .iter()
            .map(|goal| (goal.preset.name.clone(), goal.to.clone()));
        self.record.asked.push(Asked {
            source: want.source.clone(),
            job,
            to: to.collect(),
        });
        self.record.write(self.folders.record)?;
        Ok(Some(Active { want, job }))
    }

    /// A source that can't be taken in fails alone.
    fn cannot_begin(
        &mut self,
        want: &Wanted,
        error: &anyhow::Error,
    ) -> anyhow::Result<Option<Active<'a>>> {
        for goal in want.outputs.iter().filter(|g| !g.done) {
            self.report
                .failed(&want.source.path, goal.preset, format!("{error:#}"));
        }
        Ok(None)
    }

    /// Puts every published output that is wanted in its place.
    async fn collect_published(&mut self, want: &'a Wanted, job: &Job) -> anyhow::Result<()> {
        for goal in want.outputs.iter().filter(|g| !g.done) {
            let key = (want.source.path.as_path(), goal.preset.name.as_str());
            let output = job
                .outputs
                .iter()
                .find(|o| o.preset.name == goal.preset.name);
            let Some(output) =
                output.filter(|o| !self.collected.contains(&key) && resume::same_recipe(want, o))
            else {
                continue;
            };
            if let OutputState::Published(published) = &output.state {
                let objects = self.local.folder.as_ref();
                collect(
                    objects,
                    self.folders,
                    &mut self.record,
                    &want.source,
                    goal,
                    published,
                )
                .await?;
                self.collected.insert(key);
                self.report.made(&want.source.path, goal.preset);
            }
        }
        Ok(())
    }

    /// Tells what an ended job says, and lets go of it.
    async fn end(&mut self, want: &'a Wanted, job: &Job) -> anyhow::Result<()> {
        for output in &job.outputs {
            for goal in want
                .outputs
                .iter()
                .filter(|g| g.preset.name == output.preset.name)
            {
                self.report
                    .ended(&want.source.path, goal.preset, &output.state);
            }
        }
        self.report.warned(&want.source.path, &job.warnings);
        self.let_go(job.id).await
    }

    async fn let_go(&mut self, job: JobId) -> anyhow::Result<()> {
        self.local.drop_job(job).await?;
        self.record.asked.retain(|asked| asked.job != job);
        self.record.write(self.folders.record)
    }

    /// Ends what earlier calls began of sources that this call wants nothing of, or that have changed since.
    async fn end_unasked(&mut self, wanted: &[Wanted]) -> anyhow::Result<()> {
        let open = |a: &&Asked| {
            let of = |w: &Wanted| w.source == a.source && w.outputs.iter().any(|g| !g.done);
            wanted.iter().any(of)
        };
        let keep = self
            .record
            .asked
            .iter()
            .filter(open)
            .map(|a| a.job)
            .collect();
        resume::end_others(self.local, &mut self.record, &keep).await?;
        self.record.write(self.folders.record)
    }
}

/// Refuses before any work what this machine's ffmpeg can't make.
fn refuse_unavailable(abilities: &Abilities, wanted: &[Wanted]) -> anyhow::Result<()> {
    let able = std::slice::from_ref(abilities);
    for goal in wanted.iter().flat_map(|w| &w.outputs) {
        if let Some(reason) = unavailable_reason(goal.preset, able) {
            bail!("preset `{}` can't be made here: {reason}", goal.preset.name);
        }
    }
    Ok(())
}

fn label(want: &Wanted, several: bool) -> String {
    if several {
        want.source.name()
    } else {
        String::new()
    }
}
