//! MariaDB, RabbitMQ, Swift and moto, as `scripts/servers.sh` starts them: the set that all tests share, or one of a test's
//! own, which it may stop, kill and pause.

use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::process::Command;

/// A set of servers.
#[derive(Debug)]
pub struct Servers {
    env: BTreeMap<String, String>,
    own: Option<TempDir>,
}

impl Servers {
    /// The set that the environment names. Nothing of it may be stopped.
    pub fn shared() -> Self {
        let env = std::env::vars().filter(|(name, _)| name.starts_with("REELMILL_TEST_"));
        Self {
            env: env.collect(),
            own: None,
        }
    }

    /// A set of one's own, of these (`mysql`, `rabbitmq`, `swift`, `moto`); the others are the shared ones. Wiped when dropped.
    pub async fn own(names: &[&str]) -> Result<Self> {
        Self::own_with(names, &[]).await
    }

    /// [`Servers::own`] with variables for the script, e.g. `REELMILL_CONSUMER_TIMEOUT_S`.
    pub async fn own_with(names: &[&str], variables: &[(&str, &str)]) -> Result<Self> {
        let state = tempfile::Builder::new()
            .prefix("reelmill-servers-")
            .tempdir()?;
        let mut args = vec!["start"];
        args.extend(names);
        script(state.path(), &args, variables).await?;
        let mut servers = Self::shared();
        let exports = script(state.path(), &["env"], &[]).await?;
        let pairs = exports.lines().filter_map(|line| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        servers.env.extend(pairs);
        servers.own = Some(state);
        Ok(servers)
    }

    /// The value of `REELMILL_TEST_<name>`.
    pub fn get(&self, name: &str) -> Result<&str> {
        let name = format!("REELMILL_TEST_{name}");
        let value = self.env.get(&name).map(String::as_str);
        value.with_context(|| {
            format!("{name} is not set: run `eval \"$(scripts/servers.sh env)\"` after `scripts/servers.sh start`")
        })
    }

    /// Puts something else in place of `REELMILL_TEST_<name>`, e.g. a proxy before that server.
    pub fn put(&mut self, name: &str, value: &str) {
        let name = format!("REELMILL_TEST_{name}");
        self.env.insert(name, value.to_owned());
    }

    /// Stops one in order and starts it again, on the same port with the same data.
    pub async fn restart(&self, name: &str) -> Result<()> {
        self.act("restart", name).await
    }

    /// Stops one in order.
    pub async fn stop(&self, name: &str) -> Result<()> {
        self.act("stop", name).await
    }

    /// Kills one.
    pub async fn kill(&self, name: &str) -> Result<()> {
        self.act("kill", name).await
    }

    /// Starts one again.
    pub async fn start(&self, name: &str) -> Result<()> {
        self.act("start", name).await
    }

    /// Stops one where it stands.
    pub async fn pause(&self, name: &str) -> Result<()> {
        self.act("pause", name).await
    }

    /// Lets a paused one go on.
    pub async fn resume(&self, name: &str) -> Result<()> {
        self.act("resume", name).await
    }

    async fn act(&self, what: &str, name: &str) -> Result<()> {
        let Some(own) = &self.own else {
            bail!("{name} is shared with other tests: use Servers::own to {what} it");
        };
        script(own.path(), &[what, name], &[]).await.map(drop)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let Some(own) = &self.own else { return };
        let wiped = std::process::Command::new(script_path())
            .arg("wipe")
            .env("REELMILL_SERVERS", own.path())
            .output();
        match wiped {
            Ok(done) if done.status.success() => {}
            other => eprintln!("servers of a test could not be stopped: {other:?}"),
        }
    }
}

/// The project's root.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn script_path() -> PathBuf {
    root().join("scripts/servers.sh")
}

async fn script(state: &Path, args: &[&str], variables: &[(&str, &str)]) -> Result<String> {
    let done = Command::new(script_path())
        .args(args)
        .env("REELMILL_SERVERS", state)
        .envs(variables.iter().copied())
        .output()
        .await
        .context("starting scripts/servers.sh")?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "servers.sh {args:?}: {said}");
    Ok(String::from_utf8(done.stdout)?)
}
