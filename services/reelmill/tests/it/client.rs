//! The client commands against a real server: submit, follow, fetch, list, cancel, workers.

use crate::{
    reelmill::{Ended, reelmill, run},
    server::Server,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A clip that is kept with the project.
pub fn clip() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/media/bigbuckbunny.mp4")
}

struct Client<'a> {
    home: &'a Path,
    server: &'a Server,
}

impl Client<'_> {
    fn run(&self, args: &[&str]) -> Ended {
        run(reelmill(self.home)
            .args(args)
            .env("REELMILL_SERVER", &self.server.url))
    }
}

#[test]
fn a_film_goes_in_and_its_outputs_come_out() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path());
    let client = Client {
        home: home.path(),
        server: &server,
    };
    let film = clip();
    let film = film.to_str().unwrap();
    let submitted = client.run(&[
        "submit",
        film,
        "--to",
        "mp4-260p,audio-mp3,thumbnails",
        "--download",
        "out",
    ]);
    let fetched: Vec<&str> = submitted.done().lines().collect();
    assert_eq!(
        fetched,
        [
            "out/bigbuckbunny.mp4",
            "out/bigbuckbunny.mp3",
            "out/bigbuckbunny.thumbnails/poster.jpg"
        ]
    );
    for file in fetched {
        assert!(
            fs::metadata(home.path().join(file)).unwrap().len() > 1000,
            "{file}"
        );
    }
    // Nothing is remembered of an upload that was used.
    let remembered = home.path().join(".local/state/reelmill/uploads");
    assert_eq!(fs::read_dir(remembered).unwrap().count(), 0);

    let jobs = client.run(&["jobs", "--json"]).json();
    let job = &jobs["items"][0];
    assert_eq!(job["state"], "completed", "{job}");
    let id = job["id"].as_str().unwrap();
    assert!(client.run(&["jobs"]).done().contains(id));
    let shown = client.run(&["jobs", id]);
    assert!(
        shown.done().contains(&format!("{}/media/", server.url)),
        "{}",
        shown.out
    );
    client.run(&["jobs", id, "--watch"]).done();
    let again = client.run(&["cancel", id]);
    assert_eq!(again.done().trim(), format!("{id} completed"));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn what_a_server_refuses_is_one_line_and_code_2() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path());
    let client = Client {
        home: home.path(),
        server: &server,
    };
    let film = clip();
    client
        .run(&["submit", film.to_str().unwrap(), "--to", "betamax"])
        .unfit(&["betamax"]);
    client
        .run(&["submit", "http://films.example/a.mp4", "--to", "avi"])
        .unfit(&["source.url", "not available"]);
    client
        .run(&["submit", "missing.mp4", "--to", "avi"])
        .unfit(&["missing.mp4"]);
    client
        .run(&["jobs", "0193a5b8-0000-7000-8000-000000000000"])
        .unfit(&["no"]);
    client.run(&["presets", "betamax"]).unfit(&["betamax"]);
}

#[test]
fn a_job_that_fails_is_code_1() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path());
    let client = Client {
        home: home.path(),
        server: &server,
    };
    fs::write(home.path().join("letter.mp4"), "Dear Sir or Madam").unwrap();
    let ended = client.run(&["submit", "letter.mp4", "--to", "avi", "--wait"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("failed"), "{ended:?}");
}

#[test]
fn presets_and_workers_are_listed_and_workers_obey() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path());
    let client = Client {
        home: home.path(),
        server: &server,
    };
    let presets = client.run(&["presets"]);
    for name in ["avi", "mkv", "ogg", "webm", "mp4-1080p", "thumbnails"] {
        assert!(
            presets.done().lines().any(|l| l.starts_with(name)),
            "{}",
            presets.out
        );
    }
    assert!(
        client
            .run(&["presets", "webm"])
            .done()
            .contains("encoder = \"libvpx-vp9\"")
    );
    assert_eq!(
        client.run(&["presets", "webm", "--json"]).json()["name"],
        "webm"
    );

    let workers = client.run(&["workers", "--json"]).json();
    let id = workers["items"][0]["id"].as_str().unwrap().to_owned();
    for (order, state) in [
        ("drain", "draining"),
        ("disable", "disabled"),
        ("enable", "live"),
    ] {
        let told = client.run(&["workers", &id, order, "--json"]).json();
        assert_eq!(told["items"][0]["state"], state, "{told}");
    }
    assert!(client.run(&["workers"]).done().contains(&id));
}

#[test]
fn an_interrupted_upload_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path());
    let film = home.path().join("film.mp4");
    fs::copy(clip(), &film).unwrap();
    let size = fs::metadata(&film).unwrap().len();
    // What an interrupted call leaves: an upload with its first half, and the memory of it.
    let rt = tokio::runtime::Runtime::new().unwrap();
    let url = rt.block_on(async {
        let http = reqwest::Client::new();
        let begun = http
            .post(format!("{}/api/v1/uploads", server.url))
            .header("tus-resumable", "1.0.0")
            .header("upload-length", size)
            .header("upload-metadata", "filename ZmlsbS5tcDQ=")
            .send()
            .await
            .unwrap();
        let location = begun.headers()["location"].to_str().unwrap().to_owned();
        let url = begun.url().join(&location).unwrap();
        let half = fs::read(&film).unwrap()[..usize::try_from(size / 2).unwrap()].to_vec();
        let sent = http
            .patch(url.clone())
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", 0)
            .header("content-type", "application/offset+octet-stream")
            .body(half)
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 204);
        url
    });
    remember(home.path(), &server.url, &film, url.as_str());
    let submitted = run(reelmill(home.path())
        .args([
            "submit",
            "film.mp4",
            "--to",
            "audio-mp3",
            "--wait",
            "--json",
        ])
        .env("REELMILL_SERVER", &server.url));
    submitted.done();
    let kept = rt.block_on(async {
        let upload = reqwest::get(url).await.unwrap();
        upload.json::<serde_json::Value>().await.unwrap()
    });
    assert_eq!(
        kept["complete"], true,
        "the first upload was not the one that went on: {kept}"
    );
}

/// Writes the memory of an upload as `submit` does.
fn remember(home: &Path, server: &str, film: &Path, url: &str) {
    use sha2::{Digest, Sha256};
    let meta = fs::metadata(film).unwrap();
    let modified = meta
        .modified()
        .unwrap()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let path = fs::canonicalize(film).unwrap();
    let mut hash = Sha256::new();
    hash.update(server);
    hash.update([0]);
    hash.update(path.as_os_str().as_encoded_bytes());
    let name: String = hash
        .finalize()
        .iter()
        .take(16)
        .map(|b| format!("{b:02x}"))
        .collect();
    let folder = home.join(".local/state/reelmill/uploads");
    fs::create_dir_all(&folder).unwrap();
    let memory = serde_json::json!({"server": server, "url": url, "source":
        {"path": path, "bytes": meta.len(), "modified_ns": u64::try_from(modified.as_nanos()).unwrap()}});
    fs::write(folder.join(format!("{name}.json")), memory.to_string()).unwrap();
}
