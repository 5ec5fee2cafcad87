//! Notices that a child has ended, without reaping it: until then its numbers can be read and its pid is its own.

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use tokio::task::JoinHandle;

/// The end of one child. A blocking thread waits for it; it comes back when the child has ended, so a child that is
/// killed frees it.
pub(super) struct Exit {
    waiting: Option<JoinHandle<io::Result<()>>>,
}

impl Exit {
    pub(super) fn of(child: Pid) -> io::Result<Self> {
        let child = pidfd_open(child, PidfdFlags::empty())?;
        Ok(Self {
            waiting: Some(tokio::task::spawn_blocking(move || wait(&child))),
        })
    }

    /// Returns once the child has ended; at once when asked again. Cancel safe.
    pub(super) async fn wait(&mut self) -> io::Result<()> {
        let Some(waiting) = &mut self.waiting else {
            return Ok(());
        };
        let ended = waiting.await;
        self.waiting = None;
        ended.map_err(io::Error::other)?
    }
}

fn wait(child: &OwnedFd) -> io::Result<()> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    loop {
        match waitid(WaitId::PidFd(child.as_fd()), options) {
            Err(Errno::INTR) => {}
            // Reaped already, by a leash that was dropped.
            Ok(_) | Err(Errno::CHILD) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
