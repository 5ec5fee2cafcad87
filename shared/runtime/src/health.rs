//! `/healthz` (the process lives) and `/readyz` (what it leans on can be used now). Never says more than a name and a reason.

use axum::{Json, extract::State, http::StatusCode};
use futures::{FutureExt, future::BoxFuture, future::join_all};
use serde::Serialize;
use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};
use tokio::{sync::Mutex, time::Instant};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What was found stands for so long, however many ask: a check may cost the object store a write.
const FRESH: Duration = Duration::from_secs(1);
/// A check that takes longer counts as failed.
const PATIENCE: Duration = Duration::from_secs(3);

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What must be usable for this process to be ready.
#[derive(Clone, Default)]
pub struct Health {
    checks: Arc<BTreeMap<&'static str, Looked>>,
    last: Arc<Mutex<Option<Found>>>,
}

/// What was found, and when.
struct Found {
    at: Instant,
    ready: bool,
    view: HealthView,
}

/// One thing that is looked at.
#[derive(Clone)]
struct Looked {
    check: Check,
    /// Without it the process can't work.
    needed: bool,
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

    /// Adds a check under this name: the process can't work unless it passes.
    #[must_use]
    pub fn with<F, R>(self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.add(name, true, Arc::new(move || check().boxed()))
    }

    /// Adds a check under this name that is told, and keeps the process ready all the same.
    #[must_use]
    pub fn with_note<F, R>(self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.add(name, false, Arc::new(move || check().boxed()))
    }

    fn add(self, name: &'static str, needed: bool, check: Check) -> Self {
        let mut checks = (*self.checks).clone();
        checks.insert(name, Looked { check, needed });
        Self {
            checks: Arc::new(checks),
            last: Arc::default(),
        }
    }

    /// How the process is: by every check at once, a moment ago at most.
    pub async fn look(&self) -> (bool, HealthView) {
        let mut last = self.last.lock().await;
        if let Some(found) = last.as_ref().filter(|found| found.at.elapsed() < FRESH) {
            return (found.ready, found.view.clone());
        }
        let (ready, view) = self.look_now().await;
        *last = Some(Found {
            at: Instant::now(),
            ready,
            view: view.clone(),
        });
        (ready, view)
    }

    async fn look_now(&self) -> (bool, HealthView) {
        let answers = join_all(self.checks.iter().map(|(name, looked)| async move {
            let answer = match tokio::time::timeout(PATIENCE, (looked.check)()).await {
                Ok(answer) => answer,
                Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
            };
            (*name, looked.needed, answer)
        }))
        .await;
        let ready = answers
            .iter()
            .all(|(_, needed, answer)| !needed || answer.is_ok());
        let checks = answers
            .into_iter()
            .map(|(name, _, answer)| (name, answer.err().unwrap_or_else(|| "ok".into())))
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
        let noted = good.with_note("broker", || async { Err("away".to_owned()) });
        let (ready, view) = noted.look().await;
        assert!(ready);
        assert_eq!(view.checks["broker"], "away");
    }
    #[tokio::test(start_paused = true)]
    async fn many_who_ask_look_once() {
        let looks = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let counted = looks.clone();
        let health = Health::new().with("objects", move || {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            async { Ok(()) }
        });
        join_all((0..9).map(|_| health.look())).await;
        assert_eq!(looks.load(std::sync::atomic::Ordering::SeqCst), 1);
        tokio::time::advance(FRESH).await;
        health.look().await;
        assert_eq!(looks.load(std::sync::atomic::Ordering::SeqCst), 2);
    }
}
