//! `/healthz` (the process lives) and `/readyz` (what it leans on can be used now). Never says more than a name and a reason.

use axum::{Json, extract::State, http::StatusCode};
use futures::{FutureExt, future::BoxFuture, future::join_all};
use serde::Serialize;
use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// A check that takes longer counts as failed.
const PATIENCE: Duration = Duration::from_secs(3);

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What must be usable for this process to be ready.
#[derive(Clone, Default)]
pub struct Health {
    checks: Arc<BTreeMap<&'static str, Check>>,
}

/// How the process is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HealthView {
    /// `ok` or `unavailable`.
    pub status: &'static str,
    /// By what it leans on: `ok`, or why it can't be used.
    pub checks: BTreeMap<&'static str, String>,
}

impl Health {
    /// Nothing to lean on.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check under this name.
    #[must_use]
    pub fn with<F, R>(self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        let mut checks = (*self.checks).clone();
        checks.insert(name, Arc::new(move || check().boxed()));
        Self {
            checks: Arc::new(checks),
        }
    }

    /// Runs every check at once.
    pub async fn look(&self) -> (bool, HealthView) {
        let answers = join_all(self.checks.iter().map(|(name, check)| async move {
            let answer = match tokio::time::timeout(PATIENCE, check()).await {
                Ok(answer) => answer,
                Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
            };
            (*name, answer)
        }))
        .await;
        let ready = answers.iter().all(|(_, answer)| answer.is_ok());
        let checks = answers
            .into_iter()
            .map(|(name, answer)| (name, answer.err().unwrap_or_else(|| "ok".into())))
            .collect();
        let status = if ready { "ok" } else { "unavailable" };
        (ready, HealthView { status, checks })
    }

    /// `GET /healthz` and `GET /readyz`.
    pub fn router(self) -> OpenApiRouter {
        OpenApiRouter::new()
            .routes(routes!(healthz))
            .routes(routes!(readyz))
            .with_state(self)
    }
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "It lives", body = HealthView)))]
async fn healthz() -> Json<HealthView> {
    Json(HealthView {
        status: "ok",
        checks: BTreeMap::new(),
    })
}

/// Whether it can serve now.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "It can serve", body = HealthView),
    (status = 503, description = "Something it leans on can't be used", body = HealthView),
))]
async fn readyz(State(health): State<Health>) -> (StatusCode, Json<HealthView>) {
    let (ready, view) = health.look().await;
    let code = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (code, Json(view))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_failed_or_hanging_check_makes_it_unready() {
        let good = Health::new().with("database", || async { Ok(()) });
        assert!(good.look().await.0);
        let bad = good
            .clone()
            .with("broker", || async { Err("away".to_owned()) })
            .with("objects", std::future::pending);
        let (ready, view) = bad.look().await;
        assert!(!ready);
        assert_eq!(view.status, "unavailable");
        assert_eq!(view.checks["database"], "ok");
        assert_eq!(view.checks["broker"], "away");
        assert_eq!(view.checks["objects"], "no answer within 3 s");
    }
}
