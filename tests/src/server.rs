//! A real `reelmill serve` with a data folder of its own. It is killed when dropped; [`Server::finish`] is how a test
//! ends well: a graceful stop with status 0, no process and no panic left behind.

use crate::api::Api;
use crate::setup::{Setup, executable};
use crate::wait::{secs, until, until_true};
use crate::{port, procs};
use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use tempfile::TempDir;

/// A running (or killed) server.
pub struct Server {
    setup: Setup,
    home: TempDir,
    port: u16,
    child: Option<Child>,
    finished: bool,
}

impl Server {
    pub(crate) async fn start(setup: Setup) -> Result<Self> {
        let mut server = Self {
            setup,
            home: tempfile::Builder::new().prefix("reelmill-e2e-").tempdir()?,
            port: port::free()?,
            child: None,
            finished: false,
        };
        fs::create_dir(server.data())?;
        server.launch().await?;
        Ok(server)
    }

    /// Starts the process again on the same port and data, and waits until it is ready.
    pub async fn launch(&mut self) -> Result<()> {
        ensure!(self.child.is_none(), "the server runs already");
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path())?;
        let mut command = self.command()?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.child = Some(command.spawn().context("starting reelmill")?);
        self.ready().await
    }

    fn command(&self) -> Result<Command> {
        let bin = executable()?;
        let mut command = match self.setup.disk_bytes {
            None => Command::new(bin),
            // A mount namespace of its own: the small disk can't outlive the server, and needs no root.
            Some(bytes) => {
                let mut c = Command::new("unshare");
                let user = if rustix::process::geteuid().is_root() {
                    "-m"
                } else {
                    "-rm"
                };
                let mount = format!("mount -t tmpfs -o size={bytes} tmpfs \"$0\" && exec \"$@\"");
                c.args([user, "sh", "-c", &mount])
                    .arg(self.home.path().join("data"))
                    .arg(bin);
                c
            }
        };
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port)])
            .arg("--data")
            .arg(self.home.path().join("data"))
            .current_dir(self.home.path())
            .env("REELMILL__LOG__LEVEL", "info")
            .envs(self.setup.env.iter().map(|(k, v)| (k, v)));
        Ok(command)
    }

    async fn ready(&mut self) -> Result<()> {
        let url = self.url("/readyz");
        let child = self.child.as_mut().context("not started")?;
        until("the server to be ready", secs(60), || {
            let gone = child.try_wait();
            let url = url.clone();
            async move {
                if let Some(status) = gone? {
                    bail!("reelmill ended at its start: {status}");
                }
                let answer = reqwest::get(url).await;
                Ok(answer.is_ok_and(|a| a.status() == 200).then_some(()))
            }
        })
        .await?;
        // Its worker is heard of a moment later.
        let api = self.api();
        until("the worker to be heard", secs(20), || async {
            let workers = api.get("/api/v1/workers").await?;
            let live = workers["items"]
                .as_array()
                .is_some_and(|all| all.iter().any(|w| w["state"] == "live"));
            Ok(live.then_some(()))
        })
        .await
    }

    /// Its API.
    pub fn api(&self) -> Api {
        Api::new(&self.url(""))
    }

    /// An absolute URL on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its data folder, seen from here (also when it lies on a disk of its own).
    pub fn data(&self) -> PathBuf {
        let data = self.home.path().join("data");
        match (&self.child, self.setup.disk_bytes) {
            (Some(child), Some(_)) => {
                let below = data.strip_prefix("/").unwrap_or(&data);
                Path::new("/proc")
                    .join(child.id().to_string())
                    .join("root")
                    .join(below)
            }
            _ => data,
        }
    }

    /// Where it runs.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Its process id. Fails when it doesn't run.
    pub fn pid(&self) -> Result<u32> {
        Ok(self.child.as_ref().context("the server doesn't run")?.id())
    }

    /// Everything it has said.
    pub fn log(&self) -> String {
        fs::read(self.log_path())
            .map(|b| String::from_utf8_lossy(&b).into_owned())
            .unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("server.log")
    }

    /// SIGKILL, at once; and makes sure that its media tools die with it.
    pub async fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().context("the server doesn't run")?;
        child.kill()?;
        child.wait()?;
        self.no_orphans().await
    }

    /// [`Server::kill`] and [`Server::launch`].
    pub async fn crash(&mut self) -> Result<()> {
        self.kill().await?;
        self.launch().await
    }

    /// SIGTERM; how it ended.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        let pid = i32::try_from(self.pid()?)?;
        procs::signal(pid, Signal::TERM)?;
        let mut child = self.child.take().context("the server doesn't run")?;
        let ended = until("the server to stop after SIGTERM", secs(45), || {
            let ended = child.try_wait();
            async move { Ok(ended?) }
        })
        .await;
        if ended.is_err() {
            child.kill()?;
            child.wait()?;
        }
        ended
    }

    /// What lies in its data folder beside the database and the locks, as paths below that folder.
    pub fn stored(&self) -> Result<Vec<(String, u64)>> {
        let files = files_below(&self.data())?;
        let named = files
            .into_iter()
            .map(|(path, bytes)| (path.to_string_lossy().into_owned(), bytes));
        Ok(named
            .filter(|(path, _)| !path.starts_with("reelmill.") && !path.ends_with("/lock"))
            .collect())
    }

    /// Waits until all that is stored are sources and outputs.
    pub async fn no_work_files(&self) -> Result<()> {
        let work = || -> Vec<String> {
            let stored = self.stored().unwrap_or_default().into_iter();
            let kept = ["objects/sources/", "objects/outputs/"];
            stored
                .map(|(path, _)| path)
                .filter(|path| !kept.iter().any(|prefix| path.starts_with(prefix)))
                .collect()
        };
        until_true("work files to be gone", secs(40), || work().is_empty())
            .await
            .with_context(|| format!("left behind: {:?}", work()))
    }

    async fn no_orphans(&self) -> Result<()> {
        let home = self.home.path().to_owned();
        until_true("ffmpeg to die with its server", secs(3), || {
            procs::media_tools_in(&home).is_empty()
        })
        .await
    }

    /// Ends a test: stops the server gracefully and looks at what it leaves.
    pub async fn finish(mut self) -> Result<()> {
        if self.child.is_some() {
            let status = self.stop().await?;
            ensure!(status.success(), "after SIGTERM: {status}");
        }
        self.no_orphans().await?;
        let log = self.log();
        ensure!(!log.contains("panicked at"), "it panicked");
        self.finished = true;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = self.child.as_mut() {
            // It may have ended by itself.
            child.kill().ok();
            child.wait().ok();
        }
        if !self.finished {
            let log = self.log();
            let from = log.len().saturating_sub(16_000);
            let from = (from..log.len())
                .find(|i| log.is_char_boundary(*i))
                .unwrap_or(0);
            eprintln!(
                "---- what the server of this failed test said (port {}):\n{}\n----",
                self.port,
                &log[from..]
            );
        }
    }
}

/// Every regular file below a folder with its size, paths relative to it.
pub fn files_below(folder: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(dir) = open.pop() {
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            // Swept while we looked.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e).with_context(|| format!("listing {}", dir.display())),
        };
        for entry in entries {
            let entry = entry?;
            let Ok(meta) = fs::symlink_metadata(entry.path()) else {
                continue;
            };
            if meta.is_dir() {
                open.push(entry.path());
            } else {
                found.push((entry.path().strip_prefix(folder)?.to_owned(), meta.len()));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes a file of so many zeroes, or as many as fit; how many did. Stops at the first error.
pub fn fill(path: &Path, bytes: u64) -> Result<u64> {
    use std::io::Write;
    let mut file = File::create(path)?;
    let block = [0_u8; 65_536];
    let mut written = 0;
    while written < bytes {
        let n = usize::try_from((bytes - written).min(65_536))?;
        match file.write(&block[..n]) {
            Ok(0) | Err(_) => break,
            Ok(n) => written += n as u64,
        }
    }
    Ok(written)
}
