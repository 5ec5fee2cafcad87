//! The service as the executable sees it: made once, its routes merged, its background work run until the stop.

use crate::{
    app::{App, Parts},
    config::WebappConfig,
    jobs, page,
    uploads::{self, Intake},
    workers,
};
use reelmill_broker::Broker;
use reelmill_objects::ObjectStore;
use reelmill_store::{Store, StoreError};
use std::sync::Arc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use utoipa_axum::router::OpenApiRouter;

/// The webapp.
#[derive(Clone)]
pub struct Webapp {
    app: App,
}

impl Webapp {
    /// Makes the service; call it before anything listens. When it has the database to itself, the upload locks of a process
    /// that died are voided.
    ///
    /// # Errors
    /// What the database said.
    pub async fn new(
        config: WebappConfig,
        store: Store,
        broker: Arc<dyn Broker>,
        objects: Arc<dyn ObjectStore>,
    ) -> Result<Self, StoreError> {
        if config.alone {
            let voided = store
                .transact(|txn| async move { reelmill_store::uploads::void_all(&*txn).await })
                .await?;
            if voided > 0 {
                tracing::info!(voided, "freed uploads that a dead process had locked");
            }
        }
        let expiry_s = i64::try_from(config.upload_expiry_s).unwrap_or(i64::MAX);
        let intake = Intake {
            store: store.clone(),
            objects,
            stop: CancellationToken::new(),
            largest: config.upload_bytes,
            expiry_ms: expiry_s.saturating_mul(1000),
        };
        Ok(Self {
            app: App::new(Parts {
                config,
                store,
                broker,
                intake,
                tasks: TaskTracker::new(),
            }),
        })
    }

    /// The routes: uploads, every write, the page. Needs [`reelmill_runtime::http::with_manners`] around it.
    pub fn router(&self) -> OpenApiRouter {
        uploads::router(self.app.clone())
            .merge(jobs::router(self.app.clone()))
            .merge(workers::router(self.app.clone()))
            .merge(page::router().into())
    }

    /// Runs what needs no request, until `shutdown`; then lets uploads store what they have, and returns when they have.
    pub async fn run(&self, shutdown: CancellationToken) {
        let intake = &self.app.intake;
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = intake.sweep() => {}
        }
        intake.stop.cancel();
        self.app.tasks.close();
        self.app.tasks.wait().await;
    }
}
