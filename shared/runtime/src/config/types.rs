//! The configuration as typed values, units in the names. [`super::keys`] says what each key means and may be.

use super::{Password, Secret};
use serde::Deserialize;
use std::{net::SocketAddr, path::PathBuf};
use url::Url;

/// Everything that can be configured, already checked.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// Where things lie on this machine.
    pub data: Data,
    /// The database.
    pub database: Database,
    /// The broker.
    pub broker: Broker,
    /// The object store.
    pub storage: Storage,
    /// The HTTP surface that all services share.
    pub http: Http,
    /// Where webapp (and `serve`) listens.
    pub webapp: Listener,
    /// Where status listens when alone.
    pub status: Listener,
    /// The worker.
    pub encoder: Encoder,
    /// What sources may be at most.
    pub limits: Limits,
    /// How tasks are held.
    pub tasks: Tasks,
    /// How workers are let in.
    pub workers: Workers,
    /// How long things stay.
    #[serde(default)]
    pub retention: Retention,
    /// Uploads.
    pub uploads: Uploads,
    /// The command line's own.
    pub client: Client,
    /// Logs.
    pub log: Log,
    /// Telemetry that is sent elsewhere.
    pub otel: Otel,
}

/// `data.*`
#[derive(Debug, Clone, Deserialize)]
pub struct Data {
    /// The data folder, absolute.
    pub dir: PathBuf,
}

/// `database.*`
#[derive(Debug, Clone, Deserialize)]
pub struct Database {
    /// Which database.
    pub url: Secret,
    /// Most connections to a server.
    pub pool: u32,
    /// Authorities that the server's certificate may be signed by; absent: the system's.
    pub ca_file: Option<PathBuf>,
}

/// `broker.*`
#[derive(Debug, Clone, Deserialize)]
pub struct Broker {
    /// Which broker.
    pub url: Secret,
    /// Authorities that the broker's certificate may be signed by; absent: the system's.
    pub ca_file: Option<PathBuf>,
}

/// `storage.*`
#[derive(Debug, Clone, Deserialize)]
pub struct Storage {
    /// Which object store.
    pub url: Secret,
    /// The folder is one that every service sees.
    pub shared: bool,
    /// S3: where it answers; absent: Amazon's.
    pub endpoint: Option<Url>,
    /// S3: where proxies and browsers reach it; absent: the same.
    pub public_endpoint: Option<Url>,
    /// S3 and Swift: the region.
    pub region: Option<String>,
    /// S3: the bucket stands in the path.
    pub path_style: bool,
    /// S3: the key's name.
    pub access_key: Option<String>,
    /// S3: the key's secret.
    pub secret_key: Option<Password>,
    /// S3 and Swift: memory for parts on their way, in bytes.
    pub memory_bytes: u64,
    /// Swift: where users log in.
    pub auth_url: Option<Url>,
    /// Swift: the user.
    pub user: Option<String>,
    /// Swift: the user's key or password.
    pub key: Option<Password>,
    /// Swift, Keystone: the project.
    pub project: Option<String>,
    /// Swift, Keystone: the user's domain.
    pub user_domain: String,
    /// Swift, Keystone: the project's domain.
    pub project_domain: String,
    /// Swift: what temporary URLs are signed with.
    pub temp_url_key: Option<Password>,
}

/// `http.*`
#[derive(Debug, Clone, Deserialize)]
pub struct Http {
    /// The address people use; absent: relative URLs.
    pub public_url: Option<Url>,
    /// Other web origins that may use the API; `*` is any.
    pub cors_origins: Vec<String>,
    /// nginx fetches media from the object store itself.
    pub accel_redirect: bool,
}

/// `webapp.*`, `status.*`
#[derive(Debug, Clone, Deserialize)]
pub struct Listener {
    /// Address and port.
    pub listen: SocketAddr,
}

/// `encoder.*`
#[derive(Debug, Clone, Deserialize)]
pub struct Encoder {
    /// Where an encoder alone answers health checks.
    pub listen: SocketAddr,
    /// What people call this worker.
    pub name: String,
    /// Encodes at once.
    pub slots: u16,
    /// Lanes that it takes tasks from.
    pub lanes: Vec<String>,
    /// The program, or its path.
    pub ffmpeg: PathBuf,
    /// The program, or its path.
    pub ffprobe: PathBuf,
    /// Where runs keep their files, absolute.
    pub scratch: PathBuf,
    /// An ffmpeg without progress for so long is ended, in seconds.
    pub stall_s: u64,
    /// How long a graceful stop waits for running tasks, in seconds.
    pub drain_grace_s: u64,
    /// Free space in the scratch folder below which no task is taken on, in bytes.
    pub min_free_bytes: u64,
    /// Sources that are kept for further tasks, in bytes.
    pub cache_bytes: u64,
    /// An encoder alone ends after so many seconds without a task; absent: never.
    pub exit_when_idle_s: Option<u64>,
}

/// `limits.*`
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Limits {
    /// Largest upload, in bytes.
    pub upload_bytes: u64,
    /// Longest film, in seconds.
    pub duration_s: u64,
    /// Most samples in one picture (width × height).
    pub pixels: u64,
    /// Most streams in a file.
    pub streams: u32,
}

/// `tasks.*`
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Tasks {
    /// Silence after which a run is lost, in seconds.
    pub lease_s: u64,
    /// Attempts of a task that may end in an error of their own.
    pub max_attempts: u32,
}

/// `workers.*`
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Workers {
    /// A new worker gets no task before somebody enables it.
    pub require_enable: bool,
}

/// `retention.*`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Retention {
    /// How long published outputs stay, in seconds; absent: until deleted.
    pub output_s: Option<u64>,
    /// How long a source stays after its last job ended, in seconds; absent: as long as its job.
    pub source_s: Option<u64>,
    /// How long a job stays in the list after it ended, in seconds; absent: until deleted.
    pub job_s: Option<u64>,
}

/// `uploads.*`
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Uploads {
    /// An upload that nobody continues or uses goes after so many seconds.
    pub expire_s: u64,
}

/// `client.*`
#[derive(Debug, Clone, Deserialize)]
pub struct Client {
    /// The server that `submit`, `jobs` and their like talk to.
    pub server: String,
    /// Further authorities that the server's certificate may be signed by.
    pub ca_file: Option<PathBuf>,
}

/// `log.*`
#[derive(Debug, Clone, Deserialize)]
pub struct Log {
    /// A level, or directives (`info,reelmill_status=debug`).
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `otel.*`
#[derive(Debug, Clone, Deserialize)]
pub struct Otel {
    /// The OTLP receiver (over HTTP); absent: nothing is sent.
    pub endpoint: Option<Url>,
    /// Headers for it, `name=value`, separated by commas.
    pub headers: Option<Password>,
    /// What telemetry calls this installation.
    pub service_name: String,
}
