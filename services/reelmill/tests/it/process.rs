//! A process of the executable that runs until the test ends it, and what it answers.

use crate::{look::until, proxy::free_address, reelmill::reelmill};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tokio::runtime::Runtime;

/// One running process.
pub struct Process {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    runtime: Runtime,
}

/// What was answered.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

impl Process {
    /// Starts a service at an address of its own; `prepare` tells it the rest.
    pub fn start(home: &Path, service: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let address = free_address();
        let log = home.join(format!("{service}-{}.log", address.port()));
        let mut command = reelmill(home);
        command
            .args([service, "--listen", &address.to_string()])
            .env("REELMILL__DATA__DIR", home.join(format!("{service}-data")))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap());
        prepare(&mut command);
        let process = Self {
            child: command.spawn().unwrap(),
            address,
            log,
            runtime: Runtime::new().unwrap(),
        };
        until("a listener", || process.try_get("/healthz").is_some());
        process
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it wrote on stderr.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Asks for a path.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path)
            .unwrap_or_else(|e| panic!("{path}: {e}; {}", self.log()))
    }

    /// Asks by another method.
    pub fn send(&self, method: &str, path: &str) -> Answer {
        self.ask(method, path)
            .unwrap_or_else(|e| panic!("{path}: {e}; {}", self.log()))
    }

    fn try_get(&self, path: &str) -> Option<Answer> {
        self.ask("GET", path).ok()
    }

    fn ask(&self, method: &str, path: &str) -> reqwest::Result<Answer> {
        self.runtime.block_on(async {
            let method = method.parse().unwrap();
            let request = reqwest::Client::new().request(method, format!("{}{path}", self.url()));
            let answer = request.send().await?;
            Ok(Answer {
                status: answer.status().as_u16(),
                body: answer.text().await?,
            })
        })
    }

    /// Waits until it says that it can work.
    pub fn until_ready(&self) {
        until(&format!("{} to be ready", self.log.display()), || {
            self.get("/readyz").status == 200
        });
    }

    /// Waits until it can't work because of this.
    pub fn until_without(&self, what: &str) {
        until(&format!("no {what}"), || {
            let answer = self.get("/readyz");
            answer.status == 503 && answer.json()["checks"][what] != "ok"
        });
    }

    /// Waits until it ends by itself; its exit code.
    pub fn ended(self) -> Option<i32> {
        self.ended_saying().0
    }

    /// [`Process::ended`], and what it wrote until its end.
    pub fn ended_saying(mut self) -> (Option<i32>, String) {
        let mut code = None;
        until("an end", || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        (code.unwrap().code(), self.log())
    }

    /// Asks it to stop, by SIGTERM; its exit code.
    pub fn stop(self) -> Option<i32> {
        self.stopped().0
    }

    /// [`Process::stop`], and what it wrote until its end.
    pub fn stopped(mut self) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let code = self.child.wait().unwrap().code();
        (code, self.log())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
