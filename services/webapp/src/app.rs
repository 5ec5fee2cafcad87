//! What every handler of the webapp may use.

use crate::{config::WebappConfig, uploads::Intake};
use reelmill_broker::Broker;
use reelmill_runtime::http::ApiProblem;
use reelmill_store::Store;
use std::{ops::Deref, sync::Arc};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts.
pub struct Parts {
    /// Settings.
    pub config: WebappConfig,
    /// The database.
    pub store: Store,
    /// For hints.
    pub broker: Arc<dyn Broker>,
    /// Where uploads go in.
    pub intake: Intake,
    /// Work that outlives its request.
    pub tasks: TaskTracker,
}

impl App {
    /// From its parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Runs work to its end even if the client goes away: what came must be made to count.
    pub async fn detached<T, F>(&self, work: F) -> Result<T, ApiProblem>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ApiProblem>> + Send + 'static,
    {
        match self.tasks.spawn(work.in_current_span()).await {
            Ok(outcome) => outcome,
            Err(error) => Err(ApiProblem::internal("taking the upload in", &error)),
        }
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
