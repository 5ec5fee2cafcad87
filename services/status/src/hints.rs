//! Hints that webapp wrote a job: they make things faster, and nothing depends on them.

use crate::core::Core;
use reelmill_domain::wire::JobHint;
use reelmill_runtime::trace;
use std::time::Duration;
use tracing::{Instrument, Span};

/// Before another try at the broker.
const PAUSE: Duration = Duration::from_secs(1);

/// Consumes hints for ever.
pub async fn run(core: &Core) {
    loop {
        match core.broker.consume_jobs().await {
            Ok(mut hints) => {
                while let Some(delivery) = hints.next().await {
                    core.wakeups.dispatch.notify_one();
                    core.wakeups.sweep.notify_one();
                    core.wakeups.stories.notify_one();
                    let stop = core.stop(delivery.message.stop.clone());
                    stop.instrument(span(&delivery.message)).await;
                    if let Err(error) = delivery.ack().await {
                        tracing::debug!(%error, "a hint will come again");
                        break;
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "no hints come in; trying again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The span of a hint that came in a trace.
fn span(hint: &JobHint) -> Span {
    if hint.trace.is_none() {
        return Span::none();
    }
    let span = tracing::info_span!(
        target: "otel",
        "job hint",
        otel.kind = "consumer",
        reelmill.job = %hint.job,
    );
    trace::continue_from(&span, hint.trace.as_ref());
    span
}
