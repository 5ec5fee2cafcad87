//! A MariaDB of a test's own, to be killed and stopped. Its certificate is signed by an authority of its own.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub struct Server {
    dir: tempfile::TempDir,
    port: u16,
    child: Child,
}

impl Server {
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        certificates(dir.path());
        let data = dir.path().join("data");
        run(Command::new(program("mariadb-install-db"))
            .args([
                "--no-defaults",
                "--skip-test-db",
                "--auth-root-authentication-method=normal",
            ])
            .arg(format!("--datadir={}", data.display()))
            .args(as_root()));
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = spawn(dir.path(), port);
        let server = Self { dir, port, child };
        server.ready().await;
        server
    }

    /// Its admin URL; certificates aren't looked at.
    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}", self.port)
    }

    pub fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// Kills it as a power cut would, and starts it again.
    pub async fn crash(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(self.dir.path(), self.port);
        self.ready().await;
    }

    /// Holds it still.
    pub async fn freeze(&self, time: Duration) {
        self.signal("STOP");
        tokio::time::sleep(time).await;
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        run(Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]));
    }

    async fn ready(&self) {
        let begun = Instant::now();
        while sea_orm::Database::connect(self.url()).await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("a test's MariaDB could not be ended: {error}");
        }
    }
}

fn spawn(dir: &Path, port: u16) -> Child {
    let path = |name: &str| dir.join(name).display().to_string();
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(dir.join("log"))
        .unwrap();
    Command::new(program("mariadbd"))
        .arg("--no-defaults")
        .args(as_root())
        .arg(format!("--datadir={}", path("data")))
        .arg(format!("--port={port}"))
        .arg(format!("--ssl-ca={}", path("ca.pem")))
        .arg(format!("--ssl-cert={}", path("server.pem")))
        .arg(format!("--ssl-key={}", path("server.key")))
        .args([
            "--bind-address=127.0.0.1",
            "--socket=s",
            "--skip-name-resolve",
            "--skip-log-bin",
        ])
        .args(["--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M"])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// As root it would otherwise refuse to run.
fn as_root() -> Option<&'static str> {
    let id = Command::new("id").arg("-u").output().unwrap();
    (id.stdout.trim_ascii() == b"0").then_some("--user=root")
}

fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let dirs = std::env::split_paths(&path).chain(usual);
    let mut found = dirs.map(|dir| dir.join(name)).filter(|file| file.is_file());
    found.next().unwrap_or_else(|| {
        panic!("{name} is not installed: run scripts/servers.sh start, which installs MariaDB")
    })
}

/// An authority, and a certificate of it for 127.0.0.1 alone.
fn certificates(dir: &Path) {
    let key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "9",
    ];
    let openssl = |args: &[&str]| run(Command::new("openssl").current_dir(dir).args(args));
    let ca = [
        "req",
        "-x509",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-subj",
        "/CN=authority",
    ];
    openssl(&[&ca[..], &key].concat());
    let server = [
        "req",
        "-x509",
        "-keyout",
        "server.key",
        "-out",
        "server.pem",
        "-subj",
        "/CN=server",
    ];
    let signed = [
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-addext",
    ];
    openssl(
        &[
            &server[..],
            &key,
            &signed,
            &["basicConstraints=critical,CA:FALSE"],
        ]
        .concat(),
    );
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(
        done.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}
