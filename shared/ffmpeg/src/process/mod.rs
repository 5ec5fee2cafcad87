//! Runs one program to its end, its stall, or its caller's wish; and leaves nothing of it behind.

mod confine;
mod exit;
mod lines;
mod log;
mod spawn;
mod usage;
mod watch;

pub(crate) use log::Log;

use crate::{Cause, RunError, RunLimits};
use exit::Exit;
use lines::Lines;
use rustix::process::Signal;
use spawn::{Leash, Start, start};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{ChildStderr, ChildStdout};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, field::Empty};
use watch::{Verdict, Watch};

/// How long a child may take to end after SIGTERM.
const TERM_GRACE: Duration = Duration::from_secs(2);

/// How long its pipes may stay open after its end (only a grandchild could hold them, and those are killed).
const DRAIN: Duration = Duration::from_secs(5);

/// One run.
pub(crate) struct Order<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    /// Its current folder.
    pub(crate) folder: &'a Path,
    /// Its bounds.
    pub(crate) limits: &'a RunLimits,
}

/// What a line of output meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The work got on.
    Movement,
    /// Nothing that the watchdog should be calmed by.
    Nothing,
    /// The caller knows enough: the child is killed, and the run counts as ended.
    Enough,
}

/// A run that came to an end of its own (or the caller had enough).
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its exit status; 0 when the caller had enough.
    pub(crate) status: i32,
    /// Processor seconds used.
    pub(crate) cpu_s: f64,
    /// What it said on stderr.
    pub(crate) log: Log,
    /// The run as others see it; open as long as this lives, so that more can be told of it.
    pub(crate) span: Span,
}

/// A run's span, a child of what it is a part of. What nobody asked for in a trace has none.
fn span(program: &str) -> Span {
    if Span::current().is_none() {
        return Span::none();
    }
    tracing::info_span!(
        target: "otel",
        "program run",
        otel.name = program,
        otel.status_code = Empty,
        otel.status_description = Empty,
        process.executable.name = program,
        process.exit.code = Empty,
        reelmill.cpu_s = Empty,
        reelmill.frames = Empty,
    )
}

/// Runs to the end. Every whole line of standard output goes to `line`. Dropping the future kills the child.
pub(crate) async fn run(
    order: Order<'_>,
    line: impl FnMut(&str) -> Seen + Send,
    cancel: &CancellationToken,
) -> Result<Finished, RunError> {
    let span = span(
        &order
            .program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy(),
    );
    let outcome = attended(order, line, cancel, &span)
        .instrument(span.clone())
        .await;
    if let Err(error) = &outcome {
        span.record("otel.status_code", "error");
        span.record("otel.status_description", error.cause.to_string());
    }
    outcome
}

async fn attended(
    order: Order<'_>,
    mut line: impl FnMut(&str) -> Seen + Send,
    cancel: &CancellationToken,
    span: &Span,
) -> Result<Finished, RunError> {
    if cancel.is_cancelled() {
        return Err(RunError::bare(Cause::Cancelled));
    }
    let name = || {
        let file = order.program.file_name().unwrap_or_default();
        file.to_string_lossy().into_owned()
    };
    let started = start(Start {
        program: order.program,
        args: &order.args,
        folder: order.folder,
        limits: order.limits,
    });
    let leash = started.await.map_err(|source| {
        RunError::bare(Cause::Spawn {
            program: name(),
            source,
        })
    })?;
    let hide = format!("{}/", order.folder.display());
    let mut child = Running::new(leash, vec![hide]).map_err(|source| pipe(name(), source))?;
    let end = child.attend(order.limits, &mut line, cancel).await;
    let end = end.map_err(|source| pipe(name(), source))?;
    let (status, cpu_s, log) = child
        .close(&mut line, end == End::Exited)
        .await
        .map_err(|source| pipe(name(), source))?;
    span.record("reelmill.cpu_s", cpu_s);
    if let Some(code) = status.code().filter(|_| end == End::Exited) {
        span.record("process.exit.code", code);
        if code != 0 {
            span.record("otel.status_code", "error");
        }
    }
    let finished = |status, log| Finished {
        status,
        cpu_s,
        log,
        span: span.clone(),
    };
    let fail = |cause| {
        Err(RunError {
            cause,
            log_tail: log.tail(),
        })
    };
    match end {
        End::Cancelled => fail(Cause::Cancelled),
        End::Stalled => fail(Cause::Stalled {
            after: order.limits.stall,
        }),
        End::OverTime => fail(Cause::OverTime {
            after: order.limits.wall,
        }),
        End::Enough => Ok(finished(0, log)),
        End::Exited => match (status.code(), status.signal().unwrap_or_default()) {
            (Some(status), _) => Ok(finished(status, log)),
            (None, signal) if signal == Signal::XFSZ.as_raw() => fail(Cause::OutputTooBig),
            (None, signal) => fail(Cause::Killed { signal }),
        },
    }
}

fn pipe(program: String, source: io::Error) -> RunError {
    RunError::bare(Cause::Pipe { program, source })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Exited,
    Enough,
    Cancelled,
    Stalled,
    OverTime,
}

struct Running {
    leash: Leash,
    exit: Exit,
    stdout: ChildStdout,
    stderr: ChildStderr,
    lines: Lines,
    log: Log,
}

impl Running {
    fn new(mut leash: Leash, hide: Vec<String>) -> io::Result<Self> {
        let exit = Exit::of(leash.pid())?;
        let (stdout, stderr) = leash.pipes().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            leash,
            exit,
            stdout: ChildStdout::from_std(stdout)?,
            stderr: ChildStderr::from_std(stderr)?,
            lines: Lines::default(),
            log: Log::hiding(hide),
        })
    }

    /// Reads what the child says until it ends or must be ended. Killed is killed at once: a stopped child ignores
    /// every other signal.
    async fn attend(
        &mut self,
        limits: &RunLimits,
        line: &mut (impl FnMut(&str) -> Seen + Send),
        cancel: &CancellationToken,
    ) -> io::Result<End> {
        let mut watch = Watch::new(limits.stall, limits.wall, Instant::now());
        let mut tick = tokio::time::interval(watch.interval());
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut out, mut err) = (vec![0; 64 * 1024], vec![0; 4096]);
        let (mut out_open, mut err_open) = (true, true);
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(End::Cancelled),
                ended = self.exit.wait() => {
                    ended?;
                    return Ok(End::Exited);
                }
                _ = tick.tick() => match watch.look(usage::transferred(self.leash.pid()), Instant::now()) {
                    Verdict::Moving => {}
                    Verdict::Stalled => return Ok(End::Stalled),
                    Verdict::OverTime => {
                        self.end_politely().await?;
                        return Ok(End::OverTime);
                    }
                },
                read = self.stdout.read(&mut out), if out_open => {
                    let got = read?;
                    out_open = got > 0;
                    let goes_on = self.lines.feed(&out[..got], |text| match line(text) {
                        Seen::Movement => { watch.moved(Instant::now()); true }
                        Seen::Nothing => true,
                        Seen::Enough => false,
                    });
                    if !goes_on {
                        return Ok(End::Enough);
                    }
                }
                read = self.stderr.read(&mut err), if err_open => {
                    let got = read?;
                    err_open = got > 0;
                    self.log.push(&err[..got]);
                }
            }
        }
    }

    /// Lets the child close its files, if it does so soon.
    async fn end_politely(&mut self) -> io::Result<()> {
        self.leash.signal(Signal::TERM);
        match tokio::time::timeout(TERM_GRACE, self.exit.wait()).await {
            Ok(ended) => ended?,
            Err(_) => tracing::debug!("a child did not end when asked; it is killed"),
        }
        Ok(())
    }

    /// Kills what is left of the group, reads what is left in the pipes, and reaps.
    async fn close(
        mut self,
        line: &mut (impl FnMut(&str) -> Seen + Send),
        whole: bool,
    ) -> io::Result<(ExitStatus, f64, Log)> {
        self.leash.signal(Signal::KILL);
        self.exit.wait().await?;
        let rest = async {
            let out = drain(&mut self.stdout, |bytes| {
                whole && self.lines.feed(bytes, |text| line(text) != Seen::Enough)
            });
            out.await?;
            drain(&mut self.stderr, |bytes| {
                self.log.push(bytes);
                true
            })
            .await
        };
        if tokio::time::timeout(DRAIN, rest).await.is_err() {
            tracing::warn!(
                "the pipes of an ended child stayed open; what was left in them is lost"
            );
        }
        let cpu_s = usage::cpu_s(self.leash.pid());
        Ok((self.leash.reap()?, cpu_s, self.log))
    }
}

async fn drain(
    pipe: &mut (impl AsyncRead + Unpin),
    mut sink: impl FnMut(&[u8]) -> bool,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let got = pipe.read(&mut buffer).await?;
        if got == 0 || !sink(&buffer[..got]) {
            return Ok(());
        }
    }
}
