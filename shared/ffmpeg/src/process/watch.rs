//! The watchdog: notices a child in which nothing moves. Counts, never acts.

use std::time::{Duration, Instant};

/// Bytes read and written that count as movement: a child that only repeats its progress report writes less in a minute.
const GROWTH: u64 = 256 << 10;

/// Patience with one child.
pub(super) struct Watch {
    stall: Duration,
    wall: Duration,
    started: Instant,
    moved: Instant,
    transferred: u64,
}

/// What the watchdog thinks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is well.
    Moving,
    /// Nothing moved for too long.
    Stalled,
    /// Too long altogether.
    OverTime,
}

impl Watch {
    pub(super) fn new(stall: Duration, wall: Duration, now: Instant) -> Self {
        Self {
            stall,
            wall,
            started: now,
            moved: now,
            transferred: 0,
        }
    }

    /// How often to look.
    pub(super) fn interval(&self) -> Duration {
        (self.stall / 8).clamp(Duration::from_millis(10), Duration::from_secs(1))
    }

    /// The child got on.
    pub(super) fn moved(&mut self, now: Instant) {
        self.moved = now;
    }

    /// Looks at the clock, and at how much the child has read and written (an index moved to the front of a large
    /// file, or a sheet filled from all of a film, is work of minutes with no frame to show for it).
    pub(super) fn look(&mut self, transferred: u64, now: Instant) -> Verdict {
        if transferred >= self.transferred.saturating_add(GROWTH) {
            self.transferred = transferred;
            self.moved(now);
        }
        if now.duration_since(self.started) >= self.wall {
            Verdict::OverTime
        } else if now.duration_since(self.moved) >= self.stall {
            Verdict::Stalled
        } else {
            Verdict::Moving
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn only_movement_keeps_it_calm() {
        let start = Instant::now();
        let mut watch = Watch::new(10 * S, 100 * S, start);
        assert_eq!(watch.look(500, start + 9 * S), Verdict::Moving);
        watch.moved(start + 9 * S);
        assert_eq!(watch.look(9_000, start + 18 * S), Verdict::Moving);
        assert_eq!(watch.look(20_000, start + 20 * S), Verdict::Stalled);
        assert_eq!(watch.look(GROWTH, start + 20 * S), Verdict::Moving);
    }

    #[test]
    fn movement_does_not_help_for_ever() {
        let start = Instant::now();
        let mut watch = Watch::new(10 * S, 30 * S, start);
        watch.moved(start + 29 * S);
        assert_eq!(watch.look(0, start + 29 * S), Verdict::Moving);
        assert_eq!(watch.look(0, start + 30 * S), Verdict::OverTime);
    }
}
