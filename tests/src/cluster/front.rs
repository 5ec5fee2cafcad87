//! An nginx of a test's own with the project's configuration, as `scripts/front.sh` starts it.

use crate::api::Api;
use crate::wait::{secs, until};
use crate::{port, procs};
use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A running front. Ended when dropped.
pub struct Front {
    child: Child,
    port: u16,
    home: TempDir,
}

impl Front {
    /// Starts one before these webapps and statuses, on ports of 127.0.0.1.
    pub async fn start(webapps: &[u16], statuses: &[u16]) -> Result<Self> {
        Self::start_with(webapps, statuses, &[]).await
    }

    /// [`Front::start`] with settings of the template, e.g. `REELMILL_TRUSTED_PROXY`.
    pub async fn start_with(
        webapps: &[u16],
        statuses: &[u16],
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let home = tempfile::Builder::new()
            .prefix("reelmill-front-")
            .tempdir()?;
        let port = port::free()?;
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(home.path().join("log"))?;
        let child = Command::new(super::servers::root().join("scripts/front.sh"))
            .arg(home.path())
            .args([port.to_string(), list(webapps), list(statuses)])
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting scripts/front.sh")?;
        let mut front = Self { child, port, home };
        front.ready().await?;
        Ok(front)
    }

    async fn ready(&mut self) -> Result<()> {
        let (port, log) = (self.port, self.home.path().join("log"));
        let child = &mut self.child;
        until("nginx to listen", secs(60), || {
            let gone = child.try_wait();
            let log = log.clone();
            async move {
                if let Some(status) = gone? {
                    bail!("nginx ended: {status}: {}", fs::read_to_string(log)?);
                }
                let open = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
                Ok(open.is_ok().then_some(()))
            }
        })
        .await
    }

    /// The API behind it.
    pub fn api(&self) -> Api {
        Api::new(&format!("http://127.0.0.1:{}", self.port))
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its folder: `access.log`, `error.log`, `cache`, `temp`.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Bytes that lie on its disk now, logs apart.
    pub fn disk(&self) -> Result<u64> {
        let files = crate::server::files_below(self.home.path())?;
        let log = |path: &PathBuf| path.extension().is_some_and(|e| e == "log");
        Ok(files
            .iter()
            .filter(|(path, _)| !log(path))
            .map(|(_, bytes)| bytes)
            .sum())
    }

    /// Lines of its access log: who asked what, and which replica answered.
    pub fn requests(&self) -> Vec<String> {
        let log = fs::read_to_string(self.home.path().join("access.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // Its master ends its workers; SIGKILL would leave them.
        let asked = i32::try_from(self.child.id())
            .map_err(anyhow::Error::from)
            .and_then(|pid| procs::signal(pid, Signal::TERM));
        if asked.is_err() {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}

fn list(ports: &[u16]) -> String {
    let addresses: Vec<String> = ports.iter().map(|p| format!("127.0.0.1:{p}")).collect();
    addresses.join(",")
}
