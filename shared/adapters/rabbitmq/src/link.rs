//! One connection that is kept: opened again, with everything on it, whenever it is lost. It must never make a caller wait
//! without bound.

use crate::{
    config::Target,
    connect::{self, Opened, Plug},
    headless::Headless,
    topology,
};
use futures::StreamExt;
use lapin::{Channel, Connection, Event};
use reelmill_broker::{Backoff, BrokerError};
use std::{pin::Pin, sync::Arc};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// How long a caller waits for a connection that is away, and for anything it asked of the broker.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// A connection that held so long was a good one: the next is tried soon.
const HELD: Duration = Duration::from_secs(10);
/// How often a connection is looked at, besides what it says by itself.
const LOOK: Duration = Duration::from_secs(1);
/// How long an orderly end may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// A connection that is up.
pub struct Live {
    connection: Connection,
    plug: Plug,
    /// Why the broker takes nothing from this connection now.
    blocked: watch::Sender<Option<String>>,
}

impl Live {
    /// A new channel.
    pub async fn channel(&self, attempt: &'static str) -> Result<Channel, BrokerError> {
        within(attempt, self.connection.create_channel()).await
    }

    /// Whether it is still good.
    pub fn is_up(&self) -> bool {
        self.connection.status().connected()
    }

    /// Why the broker takes nothing now, if so.
    pub fn blocked(&self) -> Option<String> {
        self.blocked.borrow().clone()
    }

    /// Waits until the broker takes messages.
    pub async fn unblocked(&self) {
        let mut blocked = self.blocked.subscribe();
        // The sender is in `self`: this can only end well.
        let _ended = blocked.wait_for(Option::is_none).await;
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.plug.pull();
    }
}

#[derive(Clone)]
enum State {
    Up(Arc<Live>),
    Away(Arc<str>),
}

/// A connection that is kept.
pub struct Link {
    state: watch::Receiver<State>,
    ending: CancellationToken,
}

impl Link {
    /// Begins to keep a connection under a name; returns at once.
    pub fn keep(target: Target, name: String) -> Self {
        let (tell, state) = watch::channel(State::Away("not connected yet".into()));
        let ending = CancellationToken::new();
        let ended = ending.clone();
        tokio::spawn(async move {
            ended.run_until_cancelled(keep(&target, &name, &tell)).await;
            let last = tell.send_replace(State::Away("the broker is closed".into()));
            if let State::Up(live) = last {
                farewell(&live).await;
            }
        });
        Self { state, ending }
    }

    /// Ends the connection, and every consumer on it.
    pub fn end(&self) {
        self.ending.cancel();
    }

    /// The connection, if it is up.
    pub fn now(&self, attempt: &'static str) -> Result<Arc<Live>, BrokerError> {
        if self.ending.is_cancelled() {
            return Err(BrokerError::Closed);
        }
        match &*self.state.borrow() {
            State::Up(live) if live.is_up() => Ok(live.clone()),
            State::Up(_) => Err(unreachable(attempt, "the connection was lost")),
            State::Away(cause) => Err(unreachable(attempt, cause)),
        }
    }

    /// The connection; waits for it up to `deadline`.
    pub async fn wait(
        &self,
        attempt: &'static str,
        deadline: Instant,
    ) -> Result<Arc<Live>, BrokerError> {
        if let Ok(live) = self.now(attempt) {
            return Ok(live);
        }
        let mut state = self.state.clone();
        let up = state.wait_for(|state| match state {
            State::Up(live) => live.is_up(),
            State::Away(_) => self.ending.is_cancelled(),
        });
        // Whatever came of it: `now` says it best.
        let _waited = timeout_at(deadline, up).await;
        self.now(attempt)
    }
}

async fn keep(target: &Target, name: &str, tell: &watch::Sender<State>) {
    let mut backoff = Backoff::new();
    let mut said = String::new();
    let mut headless = Headless::default();
    loop {
        let began = Instant::now();
        let cause = match begin(target, name, &mut headless).await {
            Ok((live, events)) => {
                tracing::info!(broker = target.shown, name, "connected");
                tell.send_replace(State::Up(live.clone()));
                // The next outage is told, whatever the last one was.
                said.clear();
                let cause = hold(&live, events).await;
                tell.send_replace(State::Away(cause.as_str().into()));
                if began.elapsed() > HELD {
                    backoff.reset();
                    headless.all_is_well();
                }
                cause
            }
            Err(cause) => cause,
        };
        headless.note(&cause);
        tell.send_replace(State::Away(cause.as_str().into()));
        if cause != said {
            tracing::warn!(broker = target.shown, name, %cause, "the broker is away; trying again");
            said = cause;
        }
        sleep(backoff.pause()).await;
    }
}

type Events = Pin<Box<dyn futures::Stream<Item = Event> + Send>>;

/// Opens the connection and makes what every caller counts on.
async fn begin(
    target: &Target,
    name: &str,
    headless: &mut Headless,
) -> Result<(Arc<Live>, Events), String> {
    let Opened {
        connection,
        events,
        plug,
    } = connect::open(target, name).await?;
    let live = Arc::new(Live {
        connection,
        plug,
        blocked: watch::Sender::new(None),
    });
    let making = async {
        let channel = live.connection.create_channel().await?;
        headless.delete(&channel).await?;
        topology::declare(&channel).await?;
        headless.look(&channel).await
    };
    match timeout(2 * PATIENCE, making).await {
        Ok(Ok(())) => Ok((live, events)),
        Ok(Err(error)) => Err(format!("its queues can't be made: {error}")),
        Err(_) => Err("its queues were not made in time".into()),
    }
}

/// Stays with a connection until it is lost; says why it was.
async fn hold(live: &Live, mut events: Events) -> String {
    let mut why = None;
    while live.is_up() {
        match timeout(LOOK, events.next()).await {
            Ok(Some(Event::ConnectionBlocked(reason))) => {
                tracing::warn!(%reason, "the broker takes no messages now");
                live.blocked.send_replace(Some(reason));
            }
            Ok(Some(Event::ConnectionUnblocked)) => {
                tracing::info!("the broker takes messages again");
                live.blocked.send_replace(None);
            }
            // Also told for errors of one channel only.
            Ok(Some(Event::Error(error))) => why = Some(error.to_string()),
            Ok(Some(_)) | Err(_) => {}
            Ok(None) => break,
        }
    }
    why.unwrap_or_else(|| "the connection was closed".into())
}

async fn farewell(live: &Live) {
    if live.is_up() && live.blocked().is_none() {
        let closing = live.connection.close(200, "bye".into());
        if !matches!(timeout(FAREWELL, closing).await, Ok(Ok(()))) {
            tracing::debug!("the connection did not end in order");
        }
    }
}

/// The error of a broker that can't be used.
pub fn unreachable(attempt: &'static str, cause: impl ToString) -> BrokerError {
    BrokerError::Unreachable {
        attempt,
        cause: cause.to_string(),
    }
}

/// Asks the broker for something; it has to answer within [`PATIENCE`].
pub async fn within<T>(
    attempt: &'static str,
    asked: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    match timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(unreachable(attempt, error)),
        Err(_) => Err(unreachable(
            attempt,
            format!("no answer within {} s", PATIENCE.as_secs()),
        )),
    }
}

/// A lock whose holder never panics.
pub fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
