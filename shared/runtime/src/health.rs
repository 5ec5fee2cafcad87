//! `/healthz` (the process lives) and `/readyz` (what it leans on can be used now). Anyone may ask: it says which part is not
//! ready, and a code. Hosts, paths and users are for the log alone, which hears of every change once.

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
const OK: &str = "ok";

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), Unready>> + Send + Sync>;

/// Why something can't be used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unready {
    /// Stable, one word: `unreachable`, `misconfigured`, `full`, `timed_out`, `opening`. Shown to anyone.
    pub code: &'static str,
    /// For the log alone; `None` when it is told there already.
    pub cause: Option<String>,
}

impl Unready {
    /// With a cause for the log.
    pub fn because(code: &'static str, cause: impl ToString) -> Self {
        Self {
            code,
            cause: Some(cause.to_string()),
        }
    }
}

/// What must be usable for this process to be ready.
#[derive(Clone, Default)]
pub struct Health {
    checks: Arc<BTreeMap<&'static str, Looked>>,
    last: Arc<Mutex<Last>>,
}

/// What was found, when, and what was told of it.
#[derive(Default)]
struct Last {
    found: Option<Found>,
    told: BTreeMap<&'static str, &'static str>,
}

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
    /// By what it leans on: `ok`, or a code: `unreachable`, `misconfigured`, `full`, `timed_out`, `opening`.
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
        R: Future<Output = Result<(), Unready>> + Send + 'static,
    {
        self.add(name, true, Arc::new(move || check().boxed()))
    }

    /// Adds a check under this name that is told, and keeps the process ready all the same.
    #[must_use]
    pub fn with_note<F, R>(self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Unready>> + Send + 'static,
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
        let fresh = last.found.as_ref();
        if let Some(found) = fresh.filter(|found| found.at.elapsed() < FRESH) {
            return (found.ready, found.view.clone());
        }
        let (ready, view) = self.look_now(&mut last.told).await;
        last.found = Some(Found {
            at: Instant::now(),
            ready,
            view: view.clone(),
        });
        (ready, view)
    }

    async fn look_now(
        &self,
        told: &mut BTreeMap<&'static str, &'static str>,
    ) -> (bool, HealthView) {
        let answers = join_all(self.checks.iter().map(|(name, looked)| async move {
            let answer = match tokio::time::timeout(PATIENCE, (looked.check)()).await {
                Ok(answer) => answer,
                Err(_) => Err(Unready::because(
                    "timed_out",
                    format!("no answer within {} s", PATIENCE.as_secs()),
                )),
            };
            (*name, looked.needed, answer)
        }))
        .await;
        let ready = answers
            .iter()
            .all(|(_, needed, answer)| !needed || answer.is_ok());
        let checks = answers
            .into_iter()
            .map(|(name, _, answer)| {
                tell(told, name, &answer);
                (name, answer.map_or_else(|e| e.code, |()| OK).to_owned())
            })
            .collect();
        let status = if ready { OK } else { "unavailable" };
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

/// Logs what has changed since the last look.
fn tell(
    told: &mut BTreeMap<&'static str, &'static str>,
    name: &'static str,
    answer: &Result<(), Unready>,
) {
    let code = answer.as_ref().map_or_else(|e| e.code, |()| OK);
    let before = told.insert(name, code).unwrap_or(OK);
    match answer {
        _ if before == code => {}
        Ok(()) => tracing::info!(name, "can be used again"),
        Err(Unready { cause: None, .. }) => {}
        Err(Unready {
            cause: Some(cause), ..
        }) => tracing::warn!(name, code, cause, "can't be used now"),
    }
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "It lives", body = HealthView)))]
async fn healthz() -> Json<HealthView> {
    Json(HealthView {
        status: OK,
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
        let away = || async {
            Err(Unready::because(
                "unreachable",
                "amqp://10.0.0.7:5672 refused user mill",
            ))
        };
        let bad = good
            .clone()
            .with("broker", away)
            .with("objects", std::future::pending);
        let (ready, view) = bad.look().await;
        assert!(!ready);
        assert_eq!(view.status, "unavailable");
        assert_eq!(view.checks["database"], "ok");
        assert_eq!(view.checks["broker"], "unreachable", "no host, no user");
        assert_eq!(view.checks["objects"], "timed_out");
        let noted = good.with_note("broker", away);
        let (ready, view) = noted.look().await;
        assert!(ready);
        assert_eq!(view.checks["broker"], "unreachable");
    }

    #[test]
    fn a_change_is_told_once() {
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let lines = told.clone();
        let log = tracing_subscriber::fmt()
            .with_writer(move || Lines(lines.clone()))
            .with_ansi(false)
            .finish();
        tracing::subscriber::with_default(log, || {
            let mut last = BTreeMap::new();
            let away = Err(Unready::because("unreachable", "10.0.0.7 refused"));
            let known = Err(Unready {
                code: "opening",
                cause: None,
            });
            for answer in [&Ok(()), &away, &away, &Ok(()), &Ok(()), &known] {
                tell(&mut last, "broker", answer);
            }
        });
        let told = String::from_utf8(told.lock().unwrap().clone()).unwrap();
        assert_eq!(told.matches("10.0.0.7 refused").count(), 1, "{told}");
        assert_eq!(told.lines().count(), 2, "{told}");
    }

    struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
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
