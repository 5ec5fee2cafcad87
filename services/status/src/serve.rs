//! Status as one thing: its router, and its parts that run until it is stopped.

use crate::{
    aggregate, apart, api,
    config::StatusConfig,
    core::Core,
    dead, dispatch,
    feed::{self, Feed},
    hints,
    judging::Judging,
    latest::LatestProgress,
    marks, progress, reap, sweep,
    wakeups::Wakeups,
};
use futures::future::BoxFuture;
use reelmill_broker::Broker;
use reelmill_domain::api::Stats;
use reelmill_objects::ObjectStore;
use reelmill_store::{Store, StoreError};
use std::sync::Arc;
use thiserror::Error;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

/// Why status ended by itself.
#[derive(Debug, Error)]
pub enum StatusError {
    /// A part of it panicked; the log says where.
    #[error("a part of status broke down ({cause}); restart it and report this")]
    BrokeDown {
        /// Its last words.
        cause: String,
    },
}

/// Status; cheap to clone. Several may run on one database.
#[derive(Clone)]
pub struct Status(Arc<Core>);

impl Status {
    /// Nothing runs before [`Status::run`].
    pub fn new(
        config: StatusConfig,
        store: Store,
        broker: Arc<dyn Broker>,
        objects: Arc<dyn ObjectStore>,
    ) -> Self {
        Self(Arc::new(Core {
            config,
            store,
            broker,
            objects,
            wakeups: Wakeups::default(),
            feed: Feed::default(),
            latest: LatestProgress::default(),
            judging: Judging::default(),
            closing: CancellationToken::new(),
        }))
    }

    /// Every read of the API, and `/media`. No path that webapp has, but with other methods.
    pub fn router(&self) -> OpenApiRouter {
        api::router(self.0.clone())
    }

    /// Figures of the whole service, for its metrics.
    ///
    /// # Errors
    /// What the database said.
    pub async fn figures(&self) -> Result<Stats, StoreError> {
        api::figures(&self.0).await
    }

    /// Runs until `shutdown`; then open streams end too. An event in the middle of its transaction comes again.
    ///
    /// # Errors
    /// A part broke down: then all of status ends, since half of it would hang every job.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), StatusError> {
        let _closing = self.0.closing.clone().drop_guard();
        if self.0.config.alone {
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = reap::predecessor(&self.0) => {}
            }
        }
        // Dropped with this future, and every part with it.
        let mut parts: JoinSet<&'static str> = JoinSet::new();
        for (name, part) in parts_of(&self.0) {
            parts.spawn(async move {
                part.await;
                name
            });
        }
        tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            Some(ended) = parts.join_next() => Err(StatusError::BrokeDown {
                cause: match ended {
                    Ok(part) => format!("what is to {part} ended"),
                    Err(error) => error.to_string(),
                },
            }),
        }
    }
}

fn parts_of(core: &Arc<Core>) -> Vec<(&'static str, BoxFuture<'static, ()>)> {
    macro_rules! part {
        ($name:literal, $run:path) => {{
            let core = core.clone();
            let part: BoxFuture<'static, ()> = Box::pin(async move { $run(&core).await });
            ($name, part)
        }};
    }
    vec![
        part!("take events in", aggregate::run),
        part!("take hints in", hints::run),
        part!("bury dead tasks", dead::run),
        part!("release tasks", dispatch::run),
        part!("measure the lag of events", marks::run),
        part!("count what can't be read", apart::run),
        part!("reap", reap::run),
        part!("sweep", sweep::run),
        part!("listen to progress", progress::listen),
        part!("tell progress", progress::tell),
        part!("read the stories", feed::run),
    ]
}
