//! Starts and ends children: each belongs to a thread that never ends, and none outlives its leash.

use super::confine::confine;
use crate::RunLimits;
use rustix::process::{Pid, Signal};
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use tokio::sync::oneshot;

/// A running child. Dropped, it is killed with its whole group and reaped.
pub(super) struct Leash {
    child: Option<Child>,
    pid: Pid,
}

impl Leash {
    /// Its process id, which is its group's id too.
    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// The pipes, once.
    pub(super) fn pipes(
        &mut self,
    ) -> Option<(std::process::ChildStdout, std::process::ChildStderr)> {
        let child = self.child.as_mut()?;
        Some((child.stdout.take()?, child.stderr.take()?))
    }

    /// Sends a signal to the group. A group that is gone is what was wanted.
    pub(super) fn signal(&self, signal: Signal) {
        // Until it is reaped the pid can't belong to anyone else.
        if let Err(error) = rustix::process::kill_process_group(self.pid, signal) {
            tracing::debug!(pid = %self.pid.as_raw_nonzero(), %error, "signal not delivered");
        }
    }

    /// Collects a child that has exited.
    pub(super) fn reap(mut self) -> io::Result<ExitStatus> {
        match self.child.take() {
            Some(mut child) => child.wait(),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            self.signal(Signal::KILL);
            reap_later(child);
        }
    }
}

/// What is to be started.
pub(super) struct Start<'a> {
    pub(super) program: &'a Path,
    pub(super) args: &'a [String],
    pub(super) folder: &'a Path,
    pub(super) limits: &'a RunLimits,
}

/// Starts a child: empty environment, no input, its own process group, bound to the life of this process.
pub(super) async fn start(start: Start<'_>) -> io::Result<Leash> {
    let mut command = Command::new(start.program);
    command
        .args(start.args)
        .current_dir(start.folder)
        .env_clear()
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let (reply, answer) = oneshot::channel();
    let request = Request {
        command,
        limits: *start.limits,
        reply,
    };
    let gone = || io::Error::other("the thread that starts programs is gone");
    spawner()?.send(request).map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?
}

struct Request {
    command: Command,
    limits: RunLimits,
    reply: oneshot::Sender<io::Result<Leash>>,
}

/// The one thread that starts children: the parent-death signal follows the thread, and this one never ends.
fn spawner() -> io::Result<&'static mpsc::Sender<Request>> {
    static SPAWNER: OnceLock<Result<mpsc::Sender<Request>, io::ErrorKind>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (send, requests) = mpsc::channel::<Request>();
        std::thread::Builder::new()
            .name("ffmpeg-start".into())
            .spawn(move || {
                for mut request in requests {
                    confine(&mut request.command, &request.limits);
                    // When nobody waits any more, the leash comes back and its drop ends the child.
                    drop(request.reply.send(leashed(&mut request.command)));
                }
            })
            .map(|_| send)
            .map_err(|error| error.kind())
    });
    spawner.as_ref().map_err(|kind| (*kind).into())
}

fn leashed(command: &mut Command) -> io::Result<Leash> {
    let child = command.spawn()?;
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or(io::ErrorKind::InvalidData)?;
    Ok(Leash {
        child: Some(child),
        pid,
    })
}

/// Waits for a killed child on a thread of its own: it may take a while to give back its memory.
fn reap_later(child: Child) {
    static REAPER: OnceLock<Option<mpsc::Sender<Child>>> = OnceLock::new();
    let reaper = REAPER.get_or_init(|| {
        let (send, children) = mpsc::channel::<Child>();
        std::thread::Builder::new()
            .name("ffmpeg-reap".into())
            .spawn(move || children.into_iter().for_each(reap_now))
            .ok()
            .map(|_| send)
    });
    match reaper {
        Some(reaper) => {
            if let Err(mpsc::SendError(child)) = reaper.send(child) {
                reap_now(child);
            }
        }
        None => reap_now(child),
    }
}

fn reap_now(mut child: Child) {
    if let Err(error) = child.wait() {
        tracing::warn!(pid = child.id(), %error, "a killed child could not be reaped");
    }
}
