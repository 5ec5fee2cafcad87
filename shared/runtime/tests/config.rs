//! The configuration: which layer wins, what is refused and in which words, and that secrets never print.
#![allow(clippy::unwrap_used, reason = "tests speak by panicking")]

use reelmill_runtime::config::{self, Flag, KEYS, Role, Sources, StorageUrl, load, world};
use std::{fs, path::PathBuf};

/// Sources of one file's text, some variables and no flag.
fn sources(toml: &str, variables: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("reelmill.toml");
    fs::write(&file, toml).unwrap();
    let variables = variables
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    let sources = Sources {
        file: Some(file),
        variables: Some(variables),
        flags: vec![],
    };
    (dir, sources)
}

fn refusal(toml: &str, variables: &[(&str, &str)]) -> String {
    let (_dir, sources) = sources(toml, variables);
    let text = load(&sources).unwrap_err().to_string();
    assert!(!text.contains('\n'), "{text:?} has several lines");
    text
}

#[test]
fn with_nothing_said_it_works_on_a_laptop() {
    let (_dir, sources) = sources("", &[]);
    let loaded = load(&sources).unwrap();
    let c = &loaded.config;
    assert_eq!(c.webapp.listen.to_string(), "127.0.0.1:8080");
    assert!(c.data.dir.is_absolute());
    let chosen = world(Role::All, c).unwrap();
    assert_eq!(
        chosen.database,
        Some(config::DatabaseUrl::Sqlite(c.data.dir.join("reelmill.db")))
    );
    assert_eq!(
        chosen.storage,
        StorageUrl::Folder(c.data.dir.join("objects"))
    );
    assert_eq!(chosen.broker, config::BrokerUrl::Embedded);
    assert_eq!(c.encoder.lanes, ["light", "encode"]);
    assert!(c.encoder.slots >= 1);
    assert_eq!(c.retention.output_s, None);
    assert_eq!(loaded.settings.len(), KEYS.len());
}

#[test]
fn each_layer_beats_the_one_before() {
    let toml = "[limits]\nupload_bytes = 1000\nstreams = 3\npixels = 4096\n[encoder]\nlanes = [\"light\"]\n";
    let (_dir, mut sources) = sources(
        toml,
        &[
            ("REELMILL__LIMITS__STREAMS", "4"),
            ("REELMILL__LIMITS__PIXELS", "5000"),
            ("REELMILL__ENCODER__LANES", "light, encode-gpu"),
            ("REELMILL__STORAGE__SHARED", "true"),
            ("REELMILL__ENCODER__NAME", "007"),
            ("REELMILL_SERVER", "not ours"),
            ("PATH", "/bin"),
        ],
    );
    sources.flags.push(Flag {
        key: "limits.pixels",
        flag: "--pixels",
        value: "6000".into(),
    });
    let loaded = load(&sources).unwrap();
    let c = &loaded.config;
    assert_eq!(
        (c.limits.upload_bytes, c.limits.streams, c.limits.pixels),
        (1000, 4, 6000)
    );
    assert_eq!(c.encoder.lanes, ["light", "encode-gpu"]);
    assert!(c.storage.shared);
    let from = |key: &str| {
        let setting = loaded.settings.iter().find(|s| s.key == key).unwrap();
        setting.from.clone()
    };
    assert!(from("limits.upload_bytes").ends_with("reelmill.toml"));
    assert_eq!(
        from("limits.streams"),
        "environment REELMILL__LIMITS__STREAMS"
    );
    assert_eq!(from("limits.pixels"), "flag --pixels");
    assert_eq!(from("limits.duration_s"), "default");
}

#[test]
fn what_lies_in_the_data_folder_moves_with_it() {
    let (_dir, sources) = sources("", &[("REELMILL__DATA__DIR", "/srv/mill")]);
    let c = load(&sources).unwrap().config;
    assert_eq!(c.database.url.expose(), "sqlite:/srv/mill/reelmill.db");
    assert_eq!(c.storage.url.expose(), "file:/srv/mill/objects");
    assert_eq!(c.encoder.scratch, PathBuf::from("/srv/mill/scratch"));
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let text = refusal("[encoder]\nslot = 2\n", &[]);
    assert!(
        text.contains("`encoder.slot`") && text.contains("reelmill.toml"),
        "{text}"
    );
    assert!(text.contains("did you mean `encoder.slots`?"), "{text}");
    let text = refusal("", &[("REELMILL__LIMIT__UPLOAD_BYTES", "7")]);
    assert!(
        text.contains("environment REELMILL__LIMIT__UPLOAD_BYTES"),
        "{text}"
    );
    assert!(
        text.contains("did you mean `limits.upload_bytes`?"),
        "{text}"
    );
    for (toml, key) in [
        ("encoder = 3\n", "`encoder`"),
        ("[encoder.slots]\nmany = 3\n", "`encoder.slots.many`"),
    ] {
        let text = refusal(toml, &[("REELMILL__ENCODER__SLOTS", "2")]);
        assert!(text.contains(key), "{text}");
    }
}

#[test]
fn a_bad_value_is_named_with_what_is_allowed() {
    for (toml, words) in [
        (
            "[encoder]\nslots = 0\n",
            ["`encoder.slots = 0`", "from 1 to 256"],
        ),
        (
            "[encoder]\nslots = \"many\"\n",
            ["`encoder.slots = many`", "from 1 to 256"],
        ),
        (
            "[encoder]\nslots = 1.5\n",
            ["`encoder.slots = 1.5`", "from 1 to 256"],
        ),
        (
            "[encoder]\nslots = -1\n",
            ["`encoder.slots = -1`", "from 1 to 256"],
        ),
        (
            "[webapp]\nlisten = \"localhost\"\n",
            ["`webapp.listen = localhost`", "127.0.0.1:8080"],
        ),
        (
            "[log]\nformat = \"xml\"\n",
            ["`log.format = xml`", "`auto`, `text`, `json`"],
        ),
        (
            "[storage]\nshared = \"maybe\"\n",
            ["`storage.shared = maybe`", "`true` or `false`"],
        ),
        (
            "[database]\nurl = \"postgres://a:hunter2@b\"\n",
            ["postgres://a:***@b", "`sqlite:`, `mysql:`"],
        ),
        (
            "[http]\ncors_origins = [\"https://a.example/path\"]\n",
            ["https://a.example/path", "web origins"],
        ),
        (
            "[http]\npublic_url = \"ftp://a\"\n",
            ["ftp://a", "`https://` URL"],
        ),
        (
            "[encoder]\nlanes = []\n",
            ["encoder.lanes", "names of lanes"],
        ),
        (
            "[storage]\nsecret_key = \"two\\nhunter2 lines\"\n",
            ["`storage.secret_key = ***`", "one line"],
        ),
        ("[log\n", ["reelmill.toml", "line 1"]),
    ] {
        let text = refusal(toml, &[]);
        for word in words {
            assert!(text.contains(word), "{text:?} lacks {word:?}");
        }
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_missing_file_that_was_asked_for_is_an_error() {
    let sources = Sources {
        file: Some("/nowhere/reelmill.toml".into()),
        variables: Some(config_map()),
        flags: vec![],
    };
    let text = load(&sources).unwrap_err().to_string();
    assert!(
        text.contains("/nowhere/reelmill.toml") && text.contains("not found"),
        "{text}"
    );
}

fn config_map() -> std::collections::HashMap<String, String> {
    std::collections::HashMap::new()
}

#[test]
fn secrets_print_nowhere() {
    let (_dir, sources) = sources(
        "[database]\nurl = \"mysql://mill:hunter2@db/mill\"\n[broker]\nurl = \"amqps://mill:hunter2@mq\"\n\
         [storage]\nurl = \"s3://bucket?secret=hunter2\"\nsecret_key = \"hunter2\"\nkey = \"hunter2\"\n\
         temp_url_key = \"hunter2\"\n[otel]\nheaders = \"authorization=hunter2\"\n",
        &[],
    );
    let loaded = load(&sources).unwrap();
    let shown = format!(
        "{loaded:?} {:?} {}",
        world(Role::All, &loaded.config).unwrap(),
        serde_json::to_string(&loaded.settings).unwrap()
    );
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("mysql://mill:***@db/mill"));
    assert_eq!(
        loaded.config.database.url.expose(),
        "mysql://mill:hunter2@db/mill"
    );
}

#[test]
fn worlds_that_cannot_work_are_refused() {
    let outcome = |role, toml: &str| {
        let (_dir, sources) = sources(toml, &[]);
        world(role, &load(&sources).unwrap().config)
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    let amqp = "[broker]\nurl = \"amqp://mq\"\n";
    let mysql = "[database]\nurl = \"mysql://db/mill\"\n";
    let shared = "[storage]\nshared = true\n";
    let s3 = "[storage]\nurl = \"s3://bucket\"\n";
    for (role, toml, word) in [
        (Role::Webapp, String::new(), "broker.url"),
        (Role::Encoder, String::new(), "broker.url"),
        (Role::Status, format!("{amqp}{s3}"), "database.url"),
        (Role::Encoder, amqp.to_owned(), "storage.shared"),
        (Role::All, format!("{amqp}{mysql}"), "storage.shared"),
        (
            Role::All,
            "[storage]\nurl = \"file:\"\n".to_owned(),
            "names no path",
        ),
    ] {
        let text = outcome(role, &toml).unwrap_err();
        assert!(text.contains(word), "{role:?} {toml}: {text}");
    }
    for (role, toml) in [
        (Role::All, String::new()),
        (Role::All, format!("{amqp}{s3}")),
        (Role::Encoder, format!("{amqp}{shared}")),
        (Role::Status, format!("{amqp}{mysql}{s3}")),
        (Role::Webapp, format!("{amqp}{mysql}{s3}")),
    ] {
        assert_eq!(outcome(role, &toml), Ok(()), "{role:?} {toml}");
    }
}

#[test]
fn both_spellings_of_a_folder_are_the_same() {
    for url in ["file:/srv/objects", "file:///srv/objects"] {
        let (_dir, sources) = sources(&format!("[storage]\nurl = \"{url}\"\n"), &[]);
        let chosen = world(Role::All, &load(&sources).unwrap().config).unwrap();
        assert_eq!(chosen.storage, StorageUrl::Folder("/srv/objects".into()));
    }
}

#[test]
fn a_value_may_lie_in_a_file_that_a_variable_names() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    let path = file.to_str().unwrap();
    for (held, key) in [("0123\n", "0123"), ("a b\r\n", "a b"), ("x", "x")] {
        fs::write(&file, held).unwrap();
        let (_dir, sources) = sources("", &[("REELMILL__STORAGE__SECRET_KEY_FILE", path)]);
        let loaded = load(&sources).unwrap();
        assert_eq!(loaded.config.storage.secret_key.unwrap().expose(), key);
        let shown = loaded.settings.iter();
        let shown = shown.clone().find(|s| s.key == "storage.secret_key");
        assert_eq!(shown.unwrap().value.as_deref(), Some("***"));
        assert_eq!(
            shown.unwrap().from,
            "file of environment REELMILL__STORAGE__SECRET_KEY_FILE"
        );
    }
    // A key that ends so by its own name is no such file.
    let (_dir, sources) = sources("", &[("REELMILL__DATABASE__CA_FILE", path)]);
    assert_eq!(load(&sources).unwrap().config.database.ca_file, Some(file));
}

#[test]
fn a_file_that_cannot_be_read_and_a_value_set_twice_are_refused() {
    let text = refusal("", &[("REELMILL__BROKER__URL_FILE", "/nowhere/url")]);
    assert!(
        text.contains("REELMILL__BROKER__URL_FILE") && text.contains("/nowhere/url"),
        "{text}"
    );
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("url");
    fs::write(&file, "amqp://mill:hunter2@mq\n").unwrap();
    let both = [
        ("REELMILL__BROKER__URL", "embedded:"),
        ("REELMILL__BROKER__URL_FILE", file.to_str().unwrap()),
    ];
    let text = refusal("", &both);
    assert!(
        text.contains("`broker.url` is set twice") && !text.contains("hunter2"),
        "{text}"
    );
}

#[test]
fn the_environment_is_taken_as_the_text_that_it_is() {
    let (_dir, sources) = sources(
        "",
        &[
            ("REELMILL__ENCODER__NAME", "007"),
            ("REELMILL__STORAGE__SECRET_KEY", "1e5"),
            ("REELMILL__STORAGE__PATH_STYLE", "false"),
            ("REELMILL__STORAGE__ENDPOINT", "http://store:9000"),
        ],
    );
    let c = load(&sources).unwrap().config;
    assert_eq!(c.encoder.name, "007");
    assert_eq!(c.storage.secret_key.unwrap().expose(), "1e5");
    assert!(!c.storage.path_style);
}

#[test]
fn a_store_of_ones_own_has_the_bucket_in_the_path() {
    let endpoint = ("REELMILL__STORAGE__ENDPOINT", "http://store:9000");
    for (variables, path_style) in [(&[endpoint][..], true), (&[], false)] {
        let (_dir, sources) = sources("", variables);
        assert_eq!(
            load(&sources).unwrap().config.storage.path_style,
            path_style
        );
    }
}
