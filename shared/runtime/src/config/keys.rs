//! Every setting there is: its name, what it may be, what it is unless said, and what it is for. The one list.

/// A setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted: `section.key`.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is unless said.
    pub default: BuiltIn,
    /// What it is for, in one sentence.
    pub about: &'static str,
}

/// What a setting may be.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A whole number in these bounds, both included.
    Whole(u64, u64),
    /// `true` or `false`.
    Bool,
    /// `address:port`.
    Address,
    /// A path; made absolute from the working folder.
    Path,
    /// A program's name or path.
    Program,
    /// Text of 1 to 200 characters.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Log directives as `tracing` takes them.
    Directives,
    /// Names of lanes: lower-case letters, digits and dashes.
    Lanes,
    /// An `http:` or `https:` URL.
    HttpUrl,
    /// Web origins: `scheme://host[:port]` each.
    Origins,
    /// A URL that may hold a password, with one of these schemes.
    SecretUrl(&'static [&'static str]),
}

/// What a setting is unless said.
#[derive(Debug, Clone, Copy)]
pub enum BuiltIn {
    /// This, as it would stand in the environment.
    Is(&'static str),
    /// Found at start, as these words say.
    Found(&'static str),
    /// Not set, which means this.
    Unset(&'static str),
}

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

use BuiltIn::{Found, Is, Unset};
use Kind::{
    Address, Bool, Directives, HttpUrl, Lanes, Origins, Path, Program, SecretUrl, Text, Whole, Word,
};

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
        "broker.url",
        SecretUrl(&["embedded", "amqp", "amqps"]),
        Is("embedded:"),
        "The broker that carries tasks and events.",
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
        "A worker that is silent for so long has lost its tasks.",
    ),
    key(
        "tasks.max_attempts",
        Whole(1, 100),
        Is("3"),
        "How often a task may end in an error of its own.",
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
];

/// The setting of this name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// `; did you mean …?` for a name that is nearly one of ours, or nothing.
pub(super) fn hint(name: &str) -> String {
    let (section, last) = name.rsplit_once('.').unwrap_or(("", name));
    let near = KEYS.iter().find(|key| {
        let (s, l) = key.name.split_once('.').unwrap_or(("", key.name));
        (l == last && s != section)
            || (s == section && distance(l, last) <= 2)
            || distance(key.name, name) <= 2
    });
    near.map_or_else(String::new, |key| format!("; did you mean `{}`?", key.name))
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let next = (corner + usize::from(ca != *cb))
                .min(row[j] + 1)
                .min(row[j + 1] + 1);
            corner = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}
