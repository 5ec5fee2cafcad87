//! Sources that are kept, shared, evicted and fetched again.

use super::Cache;
use async_trait::async_trait;
use bytes::Bytes;
use reelmill_domain::spec::Input;
use reelmill_folder::FolderStore;
use reelmill_objects::{ByteStream, ObjectError, ObjectMeta, ObjectStore, Page, UploadSink};
use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::sync::Semaphore;

const SOON: Duration = Duration::from_secs(30);

/// A store that is reached over a network: it copies, when it is let, and may fail.
struct Remote {
    store: Arc<FolderStore>,
    links: bool,
    /// Begun fetches.
    fetches: AtomicUsize,
    /// Fetches that were dropped before they came to an end.
    dropped: AtomicUsize,
    /// One permit lets one fetch through.
    gate: Semaphore,
    /// How many fetches fail first.
    failing: AtomicUsize,
}

struct Underway<'a>(&'a Remote, bool);

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if !self.1 {
            self.0.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl ObjectStore for Remote {
    async fn fetch(&self, key: &str, to: &Path) -> Result<(), ObjectError> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let mut underway = Underway(self, false);
        self.gate.acquire().await.unwrap().forget();
        underway.1 = true;
        let left = self
            .failing
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if left.is_ok() {
            return Err(ObjectError::Failed {
                attempt: "fetching",
                key: key.into(),
                cause: "503".into(),
            });
        }
        if self.links {
            return self.store.fetch(key, to).await;
        }
        self.store.fetch(key, &to.with_extension("link")).await?;
        fs::copy(to.with_extension("link"), to).unwrap();
        fs::remove_file(to.with_extension("link")).unwrap();
        Ok(())
    }
    async fn put_file(&self, key: &str, file: &Path) -> Result<ObjectMeta, ObjectError> {
        self.store.put_file(key, file).await
    }
    async fn put_bytes(&self, key: &str, bytes: Bytes) -> Result<ObjectMeta, ObjectError> {
        self.store.put_bytes(key, bytes).await
    }
    async fn read(&self, key: &str, range: Range<u64>) -> Result<ByteStream, ObjectError> {
        self.store.read(key, range).await
    }
    async fn head(&self, key: &str) -> Result<ObjectMeta, ObjectError> {
        self.store.head(key).await
    }
    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        self.store.delete(key).await
    }
    async fn list(&self, prefix: &str, c: Option<&str>, n: usize) -> Result<Page, ObjectError> {
        self.store.list(prefix, c, n).await
    }
    async fn check(&self) -> Result<(), ObjectError> {
        self.store.check().await
    }
    fn uploads(&self) -> &dyn UploadSink {
        self.store.uploads()
    }
}

struct Bench {
    folder: TempDir,
    remote: Arc<Remote>,
    cache: Arc<Cache>,
    links: AtomicUsize,
}

impl Bench {
    fn new(bytes: u64) -> Self {
        Self::with(bytes, false, Duration::ZERO)
    }

    fn with(bytes: u64, links: bool, retry: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let remote = Arc::new(Remote {
            store: FolderStore::open(&folder.path().join("objects")).unwrap(),
            links,
            fetches: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            failing: AtomicUsize::new(0),
        });
        let kept = folder.path().join("sources");
        let cache = Cache::open(remote.clone(), retry, kept, bytes, 0).unwrap();
        Self {
            folder,
            remote,
            cache: Arc::new(cache),
            links: AtomicUsize::new(0),
        }
    }

    async fn store(&self, name: &str, bytes: usize) -> Input {
        let body = Bytes::from(name.repeat(bytes)[..bytes].to_owned());
        let key = format!("sources/{name}");
        self.remote.put_bytes(&key, body).await.unwrap();
        Input {
            key,
            bytes: bytes as u64,
        }
    }

    fn path(&self) -> PathBuf {
        let n = self.links.fetch_add(1, Ordering::SeqCst);
        self.folder.path().join(format!("run-{n}"))
    }

    /// Fetches, and gives the run's link back.
    async fn fetch(&self, input: &Input) -> PathBuf {
        self.remote.gate.add_permits(1);
        let to = self.path();
        self.cache.fetch(input, &to).await.unwrap();
        self.remote.gate.forget_permits(1);
        assert_eq!(fs::metadata(&to).unwrap().len(), input.bytes);
        to
    }

    /// Fetches for a run that ends at once.
    async fn use_once(&self, input: &Input) {
        fs::remove_file(self.fetch(input).await).unwrap();
    }

    fn spawn(&self, input: &Input) -> tokio::task::JoinHandle<Result<bool, Arc<ObjectError>>> {
        let (cache, input, to) = (self.cache.clone(), input.clone(), self.path());
        tokio::spawn(async move { cache.fetch(&input, &to).await })
    }

    fn fetches(&self) -> usize {
        self.remote.fetches.load(Ordering::SeqCst)
    }

    fn kept(&self) -> u64 {
        let files = fs::read_dir(self.folder.path().join("sources")).unwrap();
        files.map(|f| f.unwrap().metadata().unwrap().len()).sum()
    }

    async fn until(&self, what: impl Fn(&Self) -> bool) {
        let wait = async {
            while !what(self) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(SOON, wait).await.unwrap();
    }
}

#[tokio::test]
async fn a_source_is_fetched_once_however_many_want_it_at_once() {
    let bench = Bench::new(1000);
    let film = bench.store("film", 100).await;
    let all: Vec<_> = (0..16).map(|_| bench.spawn(&film)).collect();
    bench.until(|b| b.fetches() == 1).await;
    bench.remote.gate.add_permits(16);
    for one in all {
        one.await.unwrap().unwrap();
    }
    bench.use_once(&film).await;
    assert_eq!(bench.fetches(), 1);
    assert_eq!(bench.kept(), 100);
}

#[tokio::test]
async fn who_stops_waiting_does_not_stop_the_others() {
    let bench = Bench::new(1000);
    let film = bench.store("film", 100).await;
    let (first, second) = (bench.spawn(&film), bench.spawn(&film));
    bench.until(|b| b.fetches() == 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    bench.remote.gate.add_permits(1);
    second.await.unwrap().unwrap();
    assert_eq!(
        (bench.fetches(), bench.remote.dropped.load(Ordering::SeqCst)),
        (1, 0)
    );
}

#[tokio::test]
async fn a_fetch_that_nobody_waits_for_ends_and_the_next_one_begins_anew() {
    let bench = Bench::new(100);
    let film = bench.store("film", 100).await;
    let alone = bench.spawn(&film);
    bench.until(|b| b.fetches() == 1).await;
    alone.abort();
    bench
        .until(|b| b.remote.dropped.load(Ordering::SeqCst) == 1)
        .await;
    // Its room is free again, too: the next one is kept.
    bench.until(|b| b.kept() == 0).await;
    bench.use_once(&film).await;
    assert_eq!((bench.fetches(), bench.kept()), (2, 100));
}

#[tokio::test]
async fn a_failure_is_that_of_all_who_waited_and_the_next_one_tries_again() {
    let bench = Bench::new(1000);
    let film = bench.store("film", 100).await;
    bench.remote.failing.store(1, Ordering::SeqCst);
    let both = [bench.spawn(&film), bench.spawn(&film)];
    bench.until(|b| b.fetches() == 1).await;
    bench.remote.gate.add_permits(1);
    for one in both {
        let error = one.await.unwrap().unwrap_err();
        assert!(error.to_string().contains("503"), "{error}");
    }
    bench.use_once(&film).await;
    assert_eq!(bench.fetches(), 2);
}

#[tokio::test]
async fn a_store_that_is_away_for_a_while_is_asked_again() {
    let bench = Bench::with(1000, false, SOON);
    let film = bench.store("film", 100).await;
    bench.remote.failing.store(3, Ordering::SeqCst);
    bench.remote.gate.add_permits(3);
    bench.use_once(&film).await;
    assert_eq!(bench.fetches(), 4);
}

#[tokio::test]
async fn the_least_recently_used_goes_first() {
    let bench = Bench::new(300);
    let mut films = Vec::new();
    for name in ["a", "b", "c"] {
        let film = bench.store(name, 100).await;
        bench.use_once(&film).await;
        films.push(film);
    }
    bench.use_once(&films[0]).await;
    assert_eq!(bench.fetches(), 3);
    let fourth = bench.store("d", 100).await;
    bench.use_once(&fourth).await;
    assert_eq!(bench.kept(), 300);
    for (film, fetches) in [(&films[0], 4), (&films[2], 4), (&films[1], 5)] {
        bench.use_once(film).await;
        assert_eq!(bench.fetches(), fetches, "{}", film.key);
    }
}

#[tokio::test]
async fn what_a_run_uses_stays_and_who_finds_no_room_goes_straight_through() {
    let bench = Bench::new(150);
    let (used, other) = (bench.store("used", 100).await, bench.store("o", 100).await);
    let link = bench.fetch(&used).await;
    for fetches in [2, 3] {
        bench.use_once(&other).await;
        assert_eq!((bench.fetches(), bench.kept()), (fetches, 100));
    }
    fs::remove_file(link).unwrap();
    bench.use_once(&other).await;
    bench.use_once(&other).await;
    assert_eq!((bench.fetches(), bench.kept()), (4, 100));
}

#[tokio::test]
async fn a_source_larger_than_the_cache_and_a_cache_of_none_go_straight_through() {
    for bound in [99, 0] {
        let bench = Bench::new(bound);
        let film = bench.store("film", 100).await;
        bench.use_once(&film).await;
        bench.use_once(&film).await;
        assert_eq!((bench.fetches(), bench.kept()), (2, 0));
    }
}

#[tokio::test]
async fn what_the_store_links_is_not_kept_twice() {
    let bench = Bench::with(1000, true, Duration::ZERO);
    let film = bench.store("film", 100).await;
    bench.remote.gate.add_permits(4);
    bench.use_once(&film).await;
    bench.use_once(&film).await;
    assert_eq!(bench.kept(), 0);
}

#[tokio::test]
async fn another_size_under_the_same_key_is_an_error_and_is_not_kept() {
    let bench = Bench::new(1000);
    let mut film = bench.store("film", 100).await;
    film.bytes = 101;
    bench.remote.gate.add_permits(1);
    let error = bench.cache.fetch(&film, &bench.path()).await.unwrap_err();
    assert!(error.to_string().contains("100 bytes came"), "{error}");
    assert_eq!(bench.kept(), 0);
}

#[tokio::test]
async fn runs_cannot_write_to_what_they_share() {
    let bench = Bench::new(1000);
    let film = bench.store("film", 100).await;
    let link = bench.fetch(&film).await;
    assert!(fs::metadata(link).unwrap().permissions().readonly());
}

#[tokio::test]
async fn a_part_that_was_made_here_need_not_come_back() {
    let bench = Bench::new(1000);
    let part = bench.store("part", 100).await;
    let made = bench.folder.path().join("made");
    fs::write(&made, [7; 100]).unwrap();
    bench.cache.keep(&part, &made);
    assert!(!made.exists());
    let link = bench.fetch(&part).await;
    assert_eq!(fs::read(&link).unwrap(), [7; 100]);
    assert_eq!(bench.fetches(), 0);
    bench.cache.forget(&part);
    assert_eq!(bench.kept(), 0);
    bench.use_once(&part).await;
    assert_eq!(bench.fetches(), 1);
}

#[tokio::test]
async fn a_full_disk_takes_kept_sources_first_but_none_in_use() {
    let bench = Bench::new(1000);
    let (idle, used) = (bench.store("idle", 100).await, bench.store("u", 100).await);
    bench.use_once(&idle).await;
    let _link = bench.fetch(&used).await;
    assert_eq!(bench.kept(), 200);
    let free = bench.cache.make_free(u64::MAX).unwrap();
    assert!(free > 0 && free < u64::MAX);
    assert_eq!(bench.kept(), 100);
}
