//! Who runs beside whom: a task that killed its worker twice runs alone, so that a third time names the culprit.

use tokio::sync::watch;

/// The runs of this worker, as far as being alone goes.
pub struct Company(watch::Sender<State>);

#[derive(Clone, Copy, Default)]
struct State {
    /// Runs there are.
    members: usize,
    /// One of them must be alone; nothing new is taken.
    alone: bool,
}

impl Company {
    /// Nobody.
    pub fn new() -> Self {
        Self(watch::Sender::new(State::default()))
    }

    /// Joins; `None` when another must be alone.
    pub fn join(&self, alone: bool) -> Option<Place> {
        let mut joined = false;
        self.0.send_modify(|state| {
            if !state.alone {
                joined = true;
                state.members += 1;
                state.alone = alone;
            }
        });
        joined.then(|| Place {
            company: self.0.clone(),
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

/// A run's place in the company; it leaves when this goes.
pub struct Place {
    company: watch::Sender<State>,
    alone: bool,
}

impl Place {
    /// Waits until nobody else is there, if this one must be alone.
    pub async fn ready(&self) {
        if self.alone {
            // Likewise: this holds a sender.
            let _ = self.company.subscribe().wait_for(|s| s.members == 1).await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.company.send_modify(|state| {
            state.members -= 1;
            if self.alone {
                state.alone = false;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Company;
    use futures::FutureExt;

    #[test]
    fn who_must_be_alone_waits_for_the_others_and_lets_nobody_in() {
        let company = Company::new();
        let one = company.join(false).unwrap();
        let two = company.join(false).unwrap();
        two.ready().now_or_never().unwrap();
        let alone = company.join(true).unwrap();
        assert!(company.closed().now_or_never().is_some());
        assert!(company.is_closed());
        assert!(company.join(false).is_none());
        assert!(company.join(true).is_none());
        assert!(alone.ready().now_or_never().is_none());
        drop(one);
        assert!(alone.ready().now_or_never().is_none());
        drop(two);
        assert!(alone.ready().now_or_never().is_some());
        assert!(company.open().now_or_never().is_none());
        drop(alone);
        assert!(company.open().now_or_never().is_some());
        assert!(!company.is_closed());
        assert!(company.join(false).is_some());
    }
}
