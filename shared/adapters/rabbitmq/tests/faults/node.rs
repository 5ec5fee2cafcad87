//! A RabbitMQ node of the tests' own, to be stopped, killed and starved. One for all of them, one test at a time. A guardian
//! process ends it and removes its files when the tests end, however they do.

use crate::common::{Vhost, until};
use reqwest::Client;
use std::{
    fs,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tokio::sync::{Mutex, MutexGuard};

const PROGRAMS: &str = "/usr/lib/rabbitmq/bin";
/// Seconds that an unacknowledged message may be held; an hour less than half by default.
pub const CONSUMER_TIMEOUT_S: u64 = 5;

static NODE: Mutex<Option<Node>> = Mutex::const_new(None);

/// The node, for this test alone.
pub struct Turn(MutexGuard<'static, Option<Node>>);

impl std::ops::Deref for Turn {
    type Target = Node;

    fn deref(&self) -> &Node {
        self.0.as_ref().unwrap()
    }
}

/// Waits for a turn; starts the node if it doesn't run.
pub async fn node() -> Turn {
    let mut turn = NODE.lock().await;
    if turn.is_none() {
        *turn = Some(Node::make());
    }
    let turn = Turn(turn);
    turn.start().await;
    turn
}

pub struct Node {
    home: PathBuf,
    amqp: u16,
    api: u16,
    dist: u16,
    epmd: u16,
    /// Holds the other end of its input.
    _guardian: Child,
}

impl Node {
    fn make() -> Self {
        let program = format!("{PROGRAMS}/rabbitmq-server");
        assert!(
            fs::exists(&program).unwrap(),
            "{program} is missing: install rabbitmq-server"
        );
        let home = tempfile::Builder::new()
            .prefix("rabbitmq-")
            .tempdir()
            .unwrap()
            .keep();
        let [amqp, api, dist, epmd] = free_ports();
        let _guardian = guard(&home);
        let node = Self {
            home,
            amqp,
            api,
            dist,
            epmd,
            _guardian,
        };
        for folder in ["home", "mnesia", "log"] {
            fs::create_dir(node.home.join(folder)).unwrap();
        }
        node.write("plugins", "[rabbitmq_management].\n");
        // The log ahead of quorum queues is allocated whole: half a gigabyte, unless told otherwise.
        node.write(
            "rabbitmq.conf",
            &format!(
                "listeners.tcp.1 = 127.0.0.1:{amqp}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {api}\n\
                 collect_statistics_interval = 1000\nraft.wal_max_size_bytes = 33554432\ndisk_free_limit.absolute = 1MB\n"
            ),
        );
        node.write(
            "advanced.config",
            &format!(
                "[{{rabbit, [{{consumer_timeout, {}}}, {{channel_tick_interval, 500}}]}}].\n",
                CONSUMER_TIMEOUT_S * 1000
            ),
        );
        node.write("group", "");
        node
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.home.join(name), text).unwrap();
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let at = |name: &str| self.home.join(name);
        command
            .current_dir(&self.home)
            .env("HOME", at("home"))
            .env(
                "RABBITMQ_NODENAME",
                format!("faults{}@localhost", self.amqp),
            )
            .env("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", at("advanced.config"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins"))
            .env("RABBITMQ_MNESIA_BASE", at("mnesia"))
            .env("RABBITMQ_LOG_BASE", at("log"))
            .env("RABBITMQ_GENERATED_CONFIG_DIR", at("schema"))
            .env("RABBITMQ_CONF_ENV_FILE", at("none"))
            .env("RABBITMQ_DIST_PORT", self.dist.to_string())
            .env("ERL_EPMD_PORT", self.epmd.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
            )
            .env_remove("RABBITMQ_NODE_PORT")
            .stdin(Stdio::null());
        command
    }

    fn group(&self) -> Option<String> {
        let group = fs::read_to_string(self.home.join("group")).unwrap();
        (!group.is_empty()).then_some(group)
    }

    /// Starts the node if it doesn't run, and waits until it serves.
    pub async fn start(&self) {
        if self.group().is_none() {
            let output = fs::File::options()
                .create(true)
                .append(true)
                .open(self.home.join("output"))
                .unwrap();
            let mut command = self.command("sh");
            // The name service in the same group, to end with it.
            let script = "epmd -address 127.0.0.1 & exec \"$0\"";
            let child = command
                .args(["-c", script, &format!("{PROGRAMS}/rabbitmq-server")])
                .stdout(output.try_clone().unwrap())
                .stderr(output)
                .process_group(0)
                .spawn()
                .unwrap();
            self.write("group", &child.id().to_string());
            // Whoever asks how it ended would have to wait for it; its group tells as much.
            std::thread::spawn(move || child.wait_with_output());
        }
        let alive = format!(
            "{}/api/health/checks/port-listener/{}",
            self.api_url(),
            self.amqp
        );
        until("the node serves", || async {
            let answer = Client::new().get(&alive).send().await;
            answer.is_ok_and(|a| a.status().is_success())
        })
        .await;
    }

    /// Sends a signal to the node and all that belongs to it.
    pub fn signal(&self, signal: &str) {
        let group = self.group().unwrap();
        let sent = Command::new("kill")
            .args([signal, "--", &format!("-{group}")])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Kills it as a power failure would.
    pub async fn kill(&self) {
        self.signal("-KILL");
        self.gone().await;
    }

    /// Ends it in order.
    pub async fn stop(&self) {
        self.ctl(&["stop"]);
        self.signal("-KILL");
        self.gone().await;
    }

    async fn gone(&self) {
        let group = self.group().unwrap();
        until("the node is gone", || async {
            let probe = Command::new("kill")
                .args(["-0", "--", &format!("-{group}")])
                .stderr(Stdio::null())
                .status();
            !probe.unwrap().success()
        })
        .await;
        self.write("group", "");
    }

    /// Runs `rabbitmqctl`.
    pub fn ctl(&self, arguments: &[&str]) -> String {
        let output = self
            .command(&format!("{PROGRAMS}/rabbitmqctl"))
            .arg("-q")
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{arguments:?}: {text} {}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    }

    fn api_url(&self) -> String {
        format!("http://guest:guest@127.0.0.1:{}", self.api)
    }

    /// A virtual host on this node.
    pub async fn vhost(&self) -> Vhost {
        let amqp = format!("amqp://guest:guest@127.0.0.1:{}", self.amqp);
        Vhost::on(&amqp, &self.api_url()).await
    }
}

/// Ends the node with this process: its input is ours to close.
fn guard(home: &Path) -> Child {
    let script = "cat >/dev/null; group=$(cat group); [ -z \"$group\" ] || kill -KILL -$group; rm -rf \"$PWD\"";
    Command::new("sh")
        .args(["-c", script])
        .current_dir(home)
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap()
}

fn free_ports<const N: usize>() -> [u16; N] {
    let held: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|port| port.local_addr().unwrap().port())
}
