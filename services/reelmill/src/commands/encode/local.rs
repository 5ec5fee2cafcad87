//! The service of one call: the same webapp, status and encoder as `serve`, asked through its router without a listener.

use crate::{
    identity::Identity,
    service::{self, Ffmpeg, Service},
    show::one_line,
    wire,
};
use anyhow::{Context, bail};
use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, header},
};
use reelmill_domain::{
    api::{JobView, Problem},
    id::{FileId, JobId, UploadId},
    job::Job,
    keys,
    worker::Abilities,
};
use reelmill_folder::FolderStore;
use reelmill_runtime::{
    config::{Config, Role},
    lifecycle::Lifecycle,
};
use reelmill_store::{Store, StoreError, read, uploads};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tower::ServiceExt;
use uuid::Uuid;

/// Answers are our own: far below this.
const MOST_ANSWER_BYTES: usize = 64 << 20;
/// How long a source may wait for its job; it is taken in right before.
const SOURCE_STAYS_MS: i64 = 24 * 3600 * 1000;

/// The service of one call.
pub struct Local {
    /// The running services.
    pub service: Service,
    /// Their database.
    store: Store,
    /// Their object store.
    pub folder: Arc<FolderStore>,
    /// What the ffmpeg here can do.
    pub abilities: Abilities,
}

impl Local {
    /// Starts it, with everything on this machine.
    pub async fn start(config: &Config, life: &Lifecycle) -> anyhow::Result<Self> {
        let ffmpeg = Ffmpeg::look(config).await?;
        let wiring = wire::plan(Role::All, config)?;
        let backends = wiring.open().await?;
        let abilities = ffmpeg.abilities.clone();
        let plan = service::Plan {
            role: Role::All,
            config,
            wiring: &wiring,
            listen: config.webapp.listen,
            ffmpeg: Some(ffmpeg),
        };
        let (store, folder) = (backends.store.clone(), backends.folder.clone());
        Ok(Self {
            service: service::start(plan, backends, life).await?,
            store: store.context("`encode` works with a database of its own")?,
            folder: folder.context("`encode` works in a folder of its own")?,
            abilities,
        })
    }

    /// Takes a file in as a complete upload, without copying it where that is possible.
    pub async fn take_in(&self, source: &Identity) -> anyhow::Result<UploadId> {
        let (file, id, token) = (
            FileId(Uuid::now_v7()),
            UploadId(Uuid::now_v7()),
            Uuid::now_v7(),
        );
        let key = keys::source(file);
        let stored = self.folder.adopt(&key, &source.path).await?;
        if stored.bytes != source.bytes {
            bail!(
                "{} is being written to: wait until it is finished",
                source.path.display()
            );
        }
        let name = source.name();
        self.store
            .transact(|txn| {
                let new = uploads::NewUpload {
                    id,
                    owner: String::new(),
                    name: name.clone(),
                    metadata: String::new(),
                    length: Some(stored.bytes),
                    object_key: key.clone(),
                    sink: serde_json::Value::Null,
                    expires_in_ms: SOURCE_STAYS_MS,
                    lock: Some((token, SOURCE_STAYS_MS)),
                };
                async move {
                    let txn = txn.as_ref();
                    let upload = uploads::insert(txn, new).await?;
                    uploads::complete(txn, &upload, token, file, stored.bytes).await?;
                    uploads::release(txn, id, token).await?;
                    Ok::<_, StoreError>(())
                }
            })
            .await?;
        Ok(id)
    }

    /// Asks for a job.
    pub async fn submit(&self, upload: UploadId, presets: &[&str]) -> anyhow::Result<JobView> {
        let outputs: Vec<_> = presets
            .iter()
            .map(|p| serde_json::json!({"preset": p}))
            .collect();
        let body = serde_json::json!({"source": {"upload": upload}, "outputs": outputs});
        self.call(Method::POST, "/api/v1/jobs", Some(body)).await
    }

    /// A job as the API shows it; `None` when there is none.
    pub async fn view(&self, job: JobId) -> anyhow::Result<Option<JobView>> {
        self.try_call(Method::GET, &format!("/api/v1/jobs/{job}"), None)
            .await
    }

    /// A job as the domain knows it: with the object keys of its outputs.
    pub async fn job(&self, id: JobId) -> anyhow::Result<Option<Job>> {
        let record = read::job(self.store.db(), "", id).await?;
        Ok(record.map(|r| r.job))
    }

    /// Ends a job and lets go of all it holds.
    pub async fn drop_job(&self, id: JobId) -> anyhow::Result<()> {
        let path = format!("/api/v1/jobs/{id}");
        let cancelled: Option<JobView> = self
            .try_call(Method::POST, &format!("{path}/cancel"), None)
            .await?;
        if cancelled.is_some() {
            self.answer(Method::DELETE, &path, None).await?;
        }
        Ok(())
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> anyhow::Result<T> {
        self.try_call(method, path, body)
            .await?
            .with_context(|| format!("{path} is not there"))
    }

    async fn try_call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> anyhow::Result<Option<T>> {
        let Some(bytes) = self.answer(method, path, body).await? else {
            return Ok(None);
        };
        let value = serde_json::from_slice(&bytes)
            .with_context(|| format!("{path} was not answered as expected"))?;
        Ok(Some(value))
    }

    /// The body of an answer; `None` for 404.
    async fn answer(
        &self,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> anyhow::Result<Option<Vec<u8>>> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |b| Body::from(b.to_string())))?;
        // The router's error type is empty: it always answers.
        let response = self.service.router.clone().oneshot(request).await?;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), MOST_ANSWER_BYTES).await?;
        if status.is_success() {
            return Ok(Some(bytes.to_vec()));
        }
        if status.as_u16() == 404 {
            return Ok(None);
        }
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => bail!("{}", one_line(&problem.detail)),
            Err(_) => bail!("{path} answered {status}"),
        }
    }
}
