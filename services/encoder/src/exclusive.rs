//! Which runs may run beside each other: a task that killed its worker twice runs alone, so that a third time names
//! the culprit.

use tokio::sync::watch;

/// The runs of this worker, as far as being alone goes.
pub struct Exclusive(watch::Sender<State>);

#[derive(Clone, Copy, Default)]
struct State {
    /// Runs there are.
    runs: usize,
    /// One of them must be alone; nothing new is taken.
    alone: bool,
}

impl Exclusive {
    /// No runs.
    pub fn new() -> Self {
        Self(watch::Sender::new(State::default()))
    }

    /// Lets a run in; `None` while another must be alone.
    pub fn enter(&self, alone: bool) -> Option<Entered> {
        let mut entered = false;
        self.0.send_modify(|state| {
            if !state.alone {
                entered = true;
                state.runs += 1;
                state.alone = alone;
            }
        });
        entered.then(|| Entered {
            runs: self.0.clone(),
            alone,
        })
    }

    /// Whether a run must be alone now, so that nothing new is taken.
    pub fn is_closed(&self) -> bool {
        self.0.borrow().alone
    }

    /// Waits until a run must be alone.
    pub async fn closed(&self) {
        self.wait(|state| state.alone).await;
    }

    /// Waits until no run must be alone.
    pub async fn open(&self) {
        self.wait(|state| !state.alone).await;
    }

    async fn wait(&self, until: impl FnMut(&State) -> bool) {
        // The sender is `self`, so the channel can't close while this waits.
        let _ = self.0.subscribe().wait_for(until).await;
    }
}

/// A run that was let in; it leaves when this goes.
pub struct Entered {
    runs: watch::Sender<State>,
    alone: bool,
}

impl Entered {
    /// Waits until no other run is there, if this one must be alone.
    pub async fn ready(&self) {
        if self.alone {
            // Likewise: this holds a sender.
            let _ = self.runs.subscribe().wait_for(|s| s.runs == 1).await;
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.runs.send_modify(|state| {
            state.runs -= 1;
            if self.alone {
                state.alone = false;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Exclusive;
    use futures::FutureExt;

    #[test]
    fn who_must_be_alone_waits_for_the_others_and_lets_nobody_in() {
        let exclusive = Exclusive::new();
        let one = exclusive.enter(false).unwrap();
        let two = exclusive.enter(false).unwrap();
        two.ready().now_or_never().unwrap();
        let alone = exclusive.enter(true).unwrap();
        assert!(exclusive.closed().now_or_never().is_some());
        assert!(exclusive.is_closed());
        assert!(exclusive.enter(false).is_none());
        assert!(exclusive.enter(true).is_none());
        assert!(alone.ready().now_or_never().is_none());
        drop(one);
        assert!(alone.ready().now_or_never().is_none());
        drop(two);
        assert!(alone.ready().now_or_never().is_some());
        assert!(exclusive.open().now_or_never().is_none());
        drop(alone);
        assert!(exclusive.open().now_or_never().is_some());
        assert!(!exclusive.is_closed());
        assert!(exclusive.enter(false).is_some());
    }
}
