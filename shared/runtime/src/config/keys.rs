//! Every setting there is, with what it may be, what it is unless said, and what it is for. The one list.

use super::kind::{
    BuiltIn::{self, Found, Is, Unset},
    Key,
    Kind::{
        self, Address, Bool, Directives, HttpUrl, Lanes, Origins, Path, Program, Secret, SecretUrl,
        Text, Whole, Word,
    },
};

const fn key(name: &'static str, kind: Kind, default: BuiltIn, about: &'static str) -> Key {
    Key {
        name,
        kind,
        default,
        about,
    }
}

/// Ten years, the longest time that can be configured.
const TEN_YEARS_S: u64 = 10 * 365 * 86_400;
/// The largest number that every layer can hold.
const MAX: u64 = i64::MAX as u64;

/// Every setting, grouped by section.
pub const KEYS: &[Key] = &[
    key(
        "data.dir",
        Path,
        Found("`$XDG_DATA_HOME/reelmill`, that is `~/.local/share/reelmill`"),
        "The data folder: database, objects, scratch and lock lie in it unless said otherwise.",
    ),
    key(
        "database.url",
        SecretUrl(&["sqlite", "mysql"]),
        Found("`sqlite:<data.dir>/reelmill.db`"),
        "The database.",
    ),
    key(
        "database.pool",
        Whole(1, 1000),
        Is("10"),
        "Connections to a `mysql:` database that one service may hold.",
    ),
    key(
        "database.ca_file",
        Path,
        Unset("the system's"),
        "Certificates (PEM) of the authorities that a `mysql:` server may be signed by.",
    ),
    key(
        "broker.url",
        SecretUrl(&["embedded", "amqp", "amqps"]),
        Is("embedded:"),
        "The broker that carries tasks and events.",
    ),
    key(
        "broker.ca_file",
        Path,
        Unset("the system's"),
        "Certificates (PEM) of the authorities that an `amqps:` broker may be signed by.",
    ),
    key(
        "storage.url",
        SecretUrl(&["file", "s3", "swift"]),
        Found("`file:<data.dir>/objects`"),
        "Where sources and outputs lie.",
    ),
    key(
        "storage.shared",
        Bool,
        Is("false"),
        "The `file:` folder is one that every service sees (a network mount).",
    ),
    key(
        "storage.endpoint",
        HttpUrl,
        Unset("Amazon's"),
        "Where the S3 service answers, for `s3:` elsewhere than at Amazon.",
    ),
    key(
        "storage.public_endpoint",
        HttpUrl,
        Unset("the one that services use"),
        "The same service as proxies and browsers reach it: presigned URLs start with it.",
    ),
    key(
        "storage.region",
        Text,
        Unset("`us-east-1` for `s3:`, any for `swift:`"),
        "The region of an `s3:` bucket or a `swift:` service.",
    ),
    key(
        "storage.path_style",
        Bool,
        Found("`true` if `storage.endpoint` is set"),
        "The bucket stands in the path of an S3 URL, not in its host name.",
    ),
    key(
        "storage.access_key",
        Text,
        Unset("what the AWS environment gives"),
        "The name of the S3 key.",
    ),
    key(
        "storage.secret_key",
        Secret,
        Unset("what the AWS environment gives"),
        "The secret of the S3 key.",
    ),
    key(
        "storage.memory_bytes",
        Whole(16_777_216, MAX),
        Is("25165824"),
        "Memory that parts on their way to or from an `s3:` or `swift:` store may take in one process; more of them wait.",
    ),
    key(
        "storage.auth_url",
        HttpUrl,
        Unset("needed for `swift:`"),
        "Where a `swift:` user logs in; one that ends in `/v3` speaks Keystone, any other Swift's own v1.",
    ),
    key(
        "storage.user",
        Text,
        Unset("needed for `swift:`"),
        "The `swift:` user.",
    ),
    key(
        "storage.key",
        Secret,
        Unset("needed for `swift:`"),
        "Key or password of the `swift:` user.",
    ),
    key(
        "storage.project",
        Text,
        Unset("needed with Keystone"),
        "The Keystone project that holds the `swift:` container.",
    ),
    key(
        "storage.user_domain",
        Text,
        Is("Default"),
        "The Keystone domain of the `swift:` user.",
    ),
    key(
        "storage.project_domain",
        Text,
        Is("Default"),
        "The Keystone domain of the `swift:` project.",
    ),
    key(
        "storage.temp_url_key",
        Secret,
        Unset("the container's own, or a new one"),
        "The key that temporary URLs of a `swift:` container are signed with.",
    ),
    key(
        "http.public_url",
        HttpUrl,
        Unset("URLs are relative to the server"),
        "The address people use, when a proxy stands in front; URLs in answers start with it.",
    ),
    key(
        "http.cors_origins",
        Origins,
        Is(""),
        "Other web origins whose pages may use the API; `*` is any.",
    ),
    key(
        "http.accel_redirect",
        Bool,
        Is("false"),
        "Media is answered with `X-Accel-Redirect`: an nginx in front fetches it from the object store itself.",
    ),
    key(
        "webapp.listen",
        Address,
        Is("127.0.0.1:8080"),
        "Where `serve` listens, and webapp when alone.",
    ),
    key(
        "status.listen",
        Address,
        Is("127.0.0.1:8081"),
        "Where status listens when alone.",
    ),
    key(
        "encoder.listen",
        Address,
        Is("127.0.0.1:8082"),
        "Where an encoder alone answers health checks.",
    ),
    key(
        "encoder.name",
        Text,
        Found("the host's name"),
        "What people call this worker.",
    ),
    key(
        "encoder.slots",
        Whole(1, 256),
        Found("the number of processors"),
        "Encodes that run at once.",
    ),
    key(
        "encoder.lanes",
        Lanes,
        Is("light,encode"),
        "Lanes that this worker takes tasks from.",
    ),
    key(
        "encoder.ffmpeg",
        Program,
        Is("ffmpeg"),
        "The ffmpeg program, by name or path.",
    ),
    key(
        "encoder.ffprobe",
        Program,
        Is("ffprobe"),
        "The ffprobe program, by name or path.",
    ),
    key(
        "encoder.scratch",
        Path,
        Found("`<data.dir>/scratch`"),
        "Where runs keep their files; best on the same file system as the objects.",
    ),
    key(
        "encoder.stall_s",
        Whole(5, 86_400),
        Is("60"),
        "An ffmpeg that makes no progress for so long is ended.",
    ),
    key(
        "encoder.drain_grace_s",
        Whole(0, 86_400),
        Is("10"),
        "How long a graceful stop waits for running tasks before it gives them back.",
    ),
    key(
        "encoder.min_free_bytes",
        Whole(0, MAX),
        Is("268435456"),
        "With less than this free in the scratch folder, a task is given to another worker.",
    ),
    key(
        "encoder.cache_bytes",
        Whole(0, MAX),
        Is("10737418240"),
        "Sources that a worker keeps beside its scratch folder, so that one is fetched once for all its tasks.",
    ),
    key(
        "encoder.exit_when_idle_s",
        Whole(1, TEN_YEARS_S),
        Unset("it stays"),
        "An encoder alone that has had no task for so long ends itself.",
    ),
    key(
        "limits.upload_bytes",
        Whole(1, MAX),
        Is("1099511627776"),
        "Largest upload.",
    ),
    key(
        "limits.duration_s",
        Whole(1, TEN_YEARS_S),
        Is("86400"),
        "Longest film.",
    ),
    key(
        "limits.pixels",
        Whole(256, MAX),
        Is("67108864"),
        "Most samples in one picture (width × height).",
    ),
    key(
        "limits.streams",
        Whole(1, 1024),
        Is("64"),
        "Most streams in a file.",
    ),
    key(
        "tasks.lease_s",
        Whole(3, 3600),
        Is("10"),
        "A worker that is silent for so long has lost its tasks. The same for all services of one database.",
    ),
    key(
        "tasks.max_attempts",
        Whole(1, 100),
        Is("3"),
        "How often a task may end in an error of its own.",
    ),
    key(
        "workers.require_enable",
        Bool,
        Is("false"),
        "A new worker gets no task before somebody enables it.",
    ),
    key(
        "retention.output_s",
        Whole(60, TEN_YEARS_S),
        Unset("until deleted"),
        "How long published outputs stay, unless the job says otherwise.",
    ),
    key(
        "retention.source_s",
        Whole(60, TEN_YEARS_S),
        Unset("as long as its jobs"),
        "How long a source stays after its last job ended.",
    ),
    key(
        "retention.job_s",
        Whole(60, TEN_YEARS_S),
        Unset("until deleted"),
        "How long a job stays in the list after it ended.",
    ),
    key(
        "uploads.expire_s",
        Whole(60, TEN_YEARS_S),
        Is("86400"),
        "An upload that nobody continues or uses goes after so long.",
    ),
    key(
        "client.server",
        HttpUrl,
        Is("http://127.0.0.1:8080"),
        "The server that `submit`, `jobs` and their like talk to (also `REELMILL_SERVER`).",
    ),
    key(
        "client.ca_file",
        Path,
        Unset("the system's alone"),
        "Certificates (PEM) of further authorities that an `https:` server may be signed by.",
    ),
    key(
        "log.level",
        Directives,
        Is("info"),
        "How much is logged: `error`, `warn`, `info`, `debug`, `trace`, or by module (`info,reelmill_status=debug`).",
    ),
    key(
        "log.format",
        Word(&["auto", "text", "json"]),
        Is("auto"),
        "How it is logged; `auto` is text on a terminal and JSON otherwise.",
    ),
    key(
        "otel.endpoint",
        HttpUrl,
        Unset("nothing is sent"),
        "An OTLP receiver (over HTTP) for traces, metrics and logs.",
    ),
    key(
        "otel.headers",
        Secret,
        Unset("none"),
        "Headers for the OTLP receiver: `name=value`, separated by commas.",
    ),
    key(
        "otel.service_name",
        Text,
        Is("reelmill"),
        "What telemetry calls this installation; the service's own name is added.",
    ),
];

/// The setting of this name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
