//! One service as a process of the built executable: started, killed, paused, stopped, started again on the same port.

use crate::api::Api;
use crate::setup::executable;
use crate::wait::{secs, until};
use crate::{port, procs};
use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// Which service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `reelmill webapp`
    Webapp,
    /// `reelmill status`
    Status,
    /// `reelmill encoder`
    Encoder,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Webapp => "webapp",
            Self::Status => "status",
            Self::Encoder => "encoder",
        })
    }
}

/// A service's process. Killed when dropped.
pub struct Process {
    role: Role,
    name: String,
    home: PathBuf,
    port: u16,
    env: Vec<(String, String)>,
    child: Option<Child>,
    well: bool,
}

impl Process {
    /// Prepares one, named after its role and number, in a folder of its own below `home`.
    pub(super) fn new(role: Role, n: usize, home: &Path) -> Result<Self> {
        let name = format!("{role}-{n}");
        let home = home.join(&name);
        fs::create_dir_all(&home)?;
        let port = port::free()?;
        let mut process = Self {
            role,
            name: name.clone(),
            home,
            port,
            env: Vec::new(),
            child: None,
            well: false,
        };
        let data = process.home.join("data");
        process.set("data.dir", data.display());
        process.set(&format!("{role}.listen"), format!("127.0.0.1:{port}"));
        if role == Role::Encoder {
            process.set("encoder.name", name);
        }
        Ok(process)
    }

    /// A configuration key for its next start, e.g. `encoder.slots`; an empty value takes it away.
    pub fn set(&mut self, key: &str, value: impl ToString) {
        let name = format!("REELMILL__{}", key.replace('.', "__").to_uppercase());
        self.env(&name, value);
    }

    /// A variable of its environment for its next start; an empty value takes it away.
    pub fn env(&mut self, name: &str, value: impl ToString) {
        self.env.retain(|(other, _)| other != name);
        let value = value.to_string();
        if !value.is_empty() {
            self.env.push((name.to_owned(), value));
        }
    }

    /// Which service it is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// `encoder-0`; what workers are called, too.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its own API, past the front.
    pub fn api(&self) -> Api {
        Api::new(&format!("http://127.0.0.1:{}", self.port))
    }

    /// Its process id. Fails when it doesn't run.
    pub fn pid(&self) -> Result<u32> {
        let child = self.child.as_ref();
        Ok(child
            .with_context(|| format!("{} doesn't run", self.name))?
            .id())
    }

    /// Whether it was started and not ended since by this test.
    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Whether it has ended by itself since it was started; then it can be launched again.
    pub fn has_ended(&mut self) -> Result<bool> {
        let Some(child) = self.child.as_mut() else {
            return Ok(false);
        };
        let ended = child.try_wait()?.is_some();
        if ended {
            self.child = None;
        }
        Ok(ended)
    }

    /// The media tools that it runs now.
    pub fn media_tools(&self) -> Vec<procs::Proc> {
        self.pid().map(procs::media_tools).unwrap_or_default()
    }

    /// Everything that it has said, over all its starts.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.home.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How many of its lines of log have this in them.
    pub fn said(&self, words: &str) -> usize {
        self.log()
            .lines()
            .filter(|line| line.contains(words))
            .count()
    }

    /// Starts it without waiting for it to be ready.
    pub fn spawn(&mut self) -> Result<()> {
        ensure!(self.child.is_none(), "{} runs already", self.name);
        let log = self.home.join("log");
        let log = OpenOptions::new().create(true).append(true).open(log)?;
        let mut command = Command::new(executable()?);
        command
            .arg(self.role.to_string())
            .current_dir(&self.home)
            .env("REELMILL__LOG__LEVEL", "info")
            .envs(self.env.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = command.spawn();
        self.child = Some(child.with_context(|| format!("starting {}", self.name))?);
        Ok(())
    }

    /// Starts it and waits until it is ready.
    pub async fn launch(&mut self) -> Result<()> {
        self.spawn()?;
        self.ready().await
    }

    /// Waits until it is ready. Fails at once when it has ended.
    pub async fn ready(&mut self) -> Result<()> {
        let url = format!("http://127.0.0.1:{}/readyz", self.port);
        let what = format!("{} to be ready", self.name);
        let child = self.child.as_mut().context("not started")?;
        let ready = until(&what, secs(60), || {
            let gone = child.try_wait();
            let url = url.clone();
            async move {
                if let Some(status) = gone? {
                    bail!("it ended at its start: {status}");
                }
                let answer = reqwest::get(url).await;
                Ok(answer.is_ok_and(|a| a.status() == 200).then_some(()))
            }
        });
        ready
            .await
            .with_context(|| format!("starting {}", self.name))
    }

    /// SIGKILL, at once; and makes sure that its media tools die with it.
    pub async fn kill(&mut self) -> Result<()> {
        let what = format!("{} doesn't run", self.name);
        let mut child = self.child.take().context(what)?;
        child.kill()?;
        child.wait()?;
        let home = self.home.clone();
        crate::wait::until_true("media tools to die with their worker", secs(3), || {
            procs::media_tools_in(&home).is_empty()
        })
        .await
    }

    /// SIGSTOP: it stands still, its connections stay open.
    pub fn pause(&self) -> Result<()> {
        procs::signal(i32::try_from(self.pid()?)?, Signal::STOP)
    }

    /// SIGCONT.
    pub fn resume(&self) -> Result<()> {
        procs::signal(i32::try_from(self.pid()?)?, Signal::CONT)
    }

    /// Sends SIGTERM without waiting.
    pub fn ask_to_end(&self) -> Result<()> {
        procs::signal(i32::try_from(self.pid()?)?, Signal::TERM)
    }

    /// SIGTERM; how it ended. Killed after 45 seconds, which is a failure.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        self.ask_to_end()?;
        self.ended().await
    }

    /// Waits for it to end by itself.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let what = format!("{} doesn't run", self.name);
        let mut child = self.child.take().context(what)?;
        let ended = until(&format!("{} to end", self.name), secs(45), || {
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

    /// Its log need not be shown.
    pub(super) fn ended_well(&mut self) {
        self.well = true;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = self.child.as_mut() {
            // It may have ended by itself.
            child.kill().ok();
            child.wait().ok();
        }
        if !self.well {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let from = lines.len().saturating_sub(40);
            let tail = lines[from..].join("\n");
            eprintln!("---- the last that {} said:\n{tail}\n----", self.name);
        }
    }
}

/// Runs what cleans up when a test ends, from a destructor; what goes wrong is told, and can't be helped.
pub(super) fn at_the_end<F>(what: &'static str, work: F)
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    // A thread of its own: the test's runtime can't be waited for from inside.
    let done = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async { tokio::time::timeout(secs(10), work).await })?
    })
    .join();
    match done {
        Ok(Ok(())) => {}
        Ok(Err(e)) => eprintln!("{what}: {e:#}"),
        Err(_) => eprintln!("{what}: panicked"),
    }
}
