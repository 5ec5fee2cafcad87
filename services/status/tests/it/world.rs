//! A database, a broker, an object store, and as many statuses as wanted.

use crate::cluster::Cluster;
use reelmill_broker::Broker;
use reelmill_domain::{
    event::JobEvent,
    id::{FileId, JobId, OutputId, TaskId, UploadId},
    job::{Job, JobState},
    keys,
    output::Output,
    preset,
    spec::{Input, SourceLimits},
    task::Task,
    wire::{JobHint, SCHEMA},
};
use reelmill_embedded::EmbeddedBroker;
use reelmill_folder::FolderStore;
use reelmill_objects::ObjectStore;
use reelmill_status::{Status, StatusConfig};
use reelmill_store::{
    AfterCommit, Change, Policy, Store, apply,
    jobs::NewJob,
    refs::{self, Holder},
    submit,
    uploads::{self, NewUpload},
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer than anything takes on a busy machine.
pub const SOON: Duration = Duration::from_secs(30);
/// Short, so that a test can let one lapse.
pub const LEASE: Duration = Duration::from_secs(2);

pub const LIMITS: SourceLimits = SourceLimits {
    duration_s: 3600,
    pixels: 1 << 26,
    streams: 32,
};
pub const POLICY: Policy = Policy {
    max_attempts: 3,
    limits: LIMITS,
    cores: 1,
    expire_after_s: None,
};

pub struct World {
    pub store: Store,
    pub broker: Arc<dyn Broker>,
    pub objects: Arc<dyn ObjectStore>,
    _dir: TempDir,
    _cluster: Option<Cluster>,
}

/// Runs a test in both worlds: all in one process, and on real servers.
macro_rules! in_both_worlds {
    ($test:ident) => {
        mod $test {
            use crate::world::World;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                super::$test(World::embedded().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn cluster() {
                super::$test(World::cluster().await).await;
            }
        }
    };
}
pub(crate) use in_both_worlds;

/// A running status; stops when dropped.
pub struct Running {
    pub url: String,
    stop: CancellationToken,
    _server: tokio_util::task::AbortOnDropHandle<()>,
    status: Option<JoinHandle<()>>,
}

pub fn config() -> StatusConfig {
    StatusConfig {
        lease: LEASE,
        sweep_every: Duration::from_millis(200),
        ..StatusConfig::new(LIMITS)
    }
}

impl World {
    /// MariaDB, RabbitMQ and S3.
    pub async fn cluster() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cluster = Cluster::make().await;
        let store = Store::connect(&cluster.database_url()).await.unwrap();
        store.migrate().await.unwrap();
        Self {
            store,
            broker: cluster.broker().await,
            objects: cluster.objects(dir.path()).await,
            _dir: dir,
            _cluster: Some(cluster),
        }
    }

    /// SQLite, the broker within the process, and a folder.
    pub async fn embedded() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("t.db").display());
        let store = Store::connect(&url).await.unwrap();
        store.migrate().await.unwrap();
        let objects = FolderStore::open(&dir.path().join("objects")).unwrap();
        Self {
            store,
            broker: EmbeddedBroker::new(),
            objects,
            _dir: dir,
            _cluster: None,
        }
    }

    pub async fn status(&self) -> Running {
        self.status_with(config()).await
    }

    pub async fn status_with(&self, config: StatusConfig) -> Running {
        let status = Status::new(
            config,
            self.store.clone(),
            self.broker.clone(),
            self.objects.clone(),
        );
        let (router, _) = status.router().split_for_parts();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let stop = CancellationToken::new();
        let token = stop.clone();
        let running = tokio::spawn(async move { status.run(token).await.unwrap() });
        let server = tokio_util::task::AbortOnDropHandle::new(server);
        Running {
            url,
            stop,
            _server: server,
            status: Some(running),
        }
    }

    /// What webapp does for an upload of a few bytes and a job of it.
    pub async fn submit(&self, presets: &[&str]) -> Job {
        let (file, token) = (FileId(Uuid::now_v7()), Uuid::now_v7());
        let input = Input {
            key: keys::source(file),
            bytes: 6,
        };
        self.objects
            .put_bytes(&input.key, "source".into())
            .await
            .unwrap();
        let new = NewUpload {
            id: UploadId(Uuid::now_v7()),
            owner: String::new(),
            name: "clip.mp4".into(),
            metadata: String::new(),
            length: Some(6),
            object_key: input.key.clone(),
            sink: Value::Null,
            expires_in_ms: 3_600_000,
            lock: Some((token, 60_000)),
        };
        let upload = uploads::insert(self.store.db(), new).await.unwrap();
        assert!(
            uploads::complete(self.store.db(), &upload, token, file, 6)
                .await
                .unwrap()
        );
        uploads::release(self.store.db(), upload.id, token)
            .await
            .unwrap();
        let upload = uploads::find(self.store.db(), upload.id)
            .await
            .unwrap()
            .unwrap();
        let source = uploads::use_as_source(
            self.store.db(),
            &upload,
            reelmill_domain::id::SourceId(Uuid::now_v7()),
        );
        let source = source.await.unwrap();
        let chosen: Vec<_> = presets
            .iter()
            .map(|name| preset::by_name(name).unwrap().clone())
            .collect();
        let names = preset::file_names("clip.mp4", &chosen);
        let outputs = chosen
            .into_iter()
            .zip(names)
            .map(|(p, n)| Output::new(OutputId(Uuid::now_v7()), p, n));
        let job = Job {
            id: JobId(Uuid::now_v7()),
            owner: String::new(),
            name: "clip".into(),
            source,
            input: input.clone(),
            media: None,
            outputs: outputs.collect(),
            priority: 5,
            paused: false,
            strict: false,
            expire_after_s: None,
            state: JobState::Queued,
            warnings: Vec::new(),
        };
        let probe = Task::probe(TaskId(Uuid::now_v7()), job.id, input, LIMITS);
        let (written, first) = (&job, &probe);
        self.store
            .transact(|txn| async move {
                submit::write(&*txn, written, &NewJob::default(), first).await
            })
            .await
            .unwrap();
        self.hint(job.id, &[]).await;
        job
    }

    /// An upload that somebody may go on with: its key.
    pub async fn open_upload(&self) -> String {
        let id = UploadId(Uuid::now_v7());
        let key = keys::source(FileId(id.0));
        let new = NewUpload {
            id,
            owner: String::new(),
            name: "clip.mp4".into(),
            metadata: String::new(),
            length: Some(6),
            object_key: key.clone(),
            sink: Value::Null,
            expires_in_ms: 3_600_000,
            lock: None,
        };
        uploads::insert(self.store.db(), new).await.unwrap();
        key
    }

    /// What webapp does for a wish.
    pub async fn wish(&self, job: JobId, event: JobEvent) {
        let after = apply(&self.store, job, Change::Job(event), &POLICY)
            .await
            .unwrap();
        self.hint(job, &after).await;
    }

    pub async fn delete(&self, job: JobId) {
        let delete = self.store.transact(|txn| async move {
            reelmill_store::delete::delete(&*txn, "", job, &POLICY).await
        });
        let after = delete.await.unwrap();
        self.hint(job, &after).await;
    }

    async fn hint(&self, job: JobId, after: &[AfterCommit]) {
        let stop = after.iter().filter_map(|what| match what {
            AfterCommit::Stop(run) => Some(*run),
            _ => None,
        });
        let hint = JobHint {
            schema: SCHEMA,
            job,
            stop: stop.collect(),
            trace: None,
        };
        self.broker.publish_job(&hint).await.unwrap();
    }

    /// Waits until the database's clock has gone on by so much.
    pub async fn pass(&self, time: Duration) {
        let clock = async || reelmill_store::now(self.store.db()).await.unwrap();
        let end = clock()
            .await
            .plus_ms(i64::try_from(time.as_millis()).unwrap());
        until("time has passed", async || {
            (clock().await > end).then_some(())
        })
        .await;
    }

    /// A stored file that nobody holds.
    pub async fn doomed(&self, key: &str) {
        let upload = Holder::Upload(UploadId(Uuid::now_v7()));
        let (db, file) = (self.store.db(), FileId(Uuid::now_v7()));
        refs::add_file(db, file, key, 1, upload).await.unwrap();
        refs::release(db, upload).await.unwrap();
    }

    /// Waits until the sweeper has been everywhere.
    pub async fn swept(&self) {
        // Between two of its rounds lies one that is whole.
        for key in ["sources/first", "sources/second"] {
            self.objects.put_bytes(key, "x".into()).await.unwrap();
            self.doomed(key).await;
            until("the sweeper has come by", async || {
                self.objects_under(key).await.is_empty().then_some(())
            })
            .await;
        }
    }

    /// Every object under a prefix.
    pub async fn objects_under(&self, prefix: &str) -> Vec<String> {
        let page = self.objects.list(prefix, None, 1000).await.unwrap();
        page.objects.into_iter().map(|o| o.key).collect()
    }
}

impl Running {
    pub async fn get(&self, path: &str) -> reqwest::Response {
        reqwest::get(format!("{}{path}", self.url)).await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    pub async fn job(&self, job: JobId) -> Value {
        self.json(&format!("/api/v1/jobs/{job}")).await
    }

    pub async fn until_state(&self, job: JobId, state: &str) -> Value {
        until(&format!("job is {state}"), async || {
            let view = self.job(job).await;
            (view["state"] == state).then_some(view)
        })
        .await
    }

    /// Ends it in order and waits.
    pub async fn stop(mut self) {
        self.stop.cancel();
        self.status.take().unwrap().await.unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Asks again until there is something.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + SOON;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
