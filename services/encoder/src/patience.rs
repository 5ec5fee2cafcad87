//! How long to wait before trying again: soon at first, then less and less often, up to a bound.

use std::time::Duration;

/// The first pause.
const FIRST: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

/// Grows with every failure in a row.
pub struct Patience(Duration);

impl Patience {
    /// Nothing has failed yet.
    pub fn new() -> Self {
        Self(FIRST)
    }

    /// Something worked: start anew.
    pub fn reset(&mut self) {
        self.0 = FIRST;
    }

    /// Pauses, longer each time.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(LONGEST);
    }
}
