//! One listener from the first moment on: until the service is there, it answers that it lives and what it waits for.

use axum::{Router, extract::Request};
use std::sync::{Arc, OnceLock};
use tower::ServiceExt;

/// Leads requests to the service, or to what stands in for it.
#[derive(Clone)]
pub struct Gate {
    waiting: Router,
    service: Arc<OnceLock<Router>>,
}

impl Gate {
    /// Nothing but `waiting` yet.
    pub fn new(waiting: Router) -> Self {
        Self {
            waiting,
            service: Arc::default(),
        }
    }

    /// From now on all requests go to the service.
    pub fn open(&self, service: Router) {
        // Only the first service counts, and there is one.
        self.service.get_or_init(|| service);
    }

    /// What a listener serves.
    pub fn router(self) -> Router {
        Router::new().fallback(async move |request: Request| {
            let now = self.service.get().unwrap_or(&self.waiting);
            now.clone().oneshot(request).await
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests speak by panicking")]
mod tests {
    use super::*;
    use axum::{body::Body, http::StatusCode, routing::get};

    #[tokio::test]
    async fn requests_go_to_the_service_once_it_is_there() {
        let gate = Gate::new(Router::new().fallback(async || StatusCode::SERVICE_UNAVAILABLE));
        let router = gate.clone().router();
        let ask = || {
            let request = Request::get("/there").body(Body::empty()).unwrap();
            let answer = router.clone().oneshot(request);
            async { answer.await.unwrap().status() }
        };
        assert_eq!(ask().await, StatusCode::SERVICE_UNAVAILABLE);
        gate.open(Router::new().route("/there", get(async || "here")));
        assert_eq!(ask().await, StatusCode::OK);
    }
}
