//! In which order a group of faults comes, and when: every kind once in each round, shuffled by the seed, with random pauses.

use super::chance::Chance;
use super::kind::Kind;
use std::time::Duration;

/// An endless row of faults.
#[derive(Debug)]
pub struct Schedule {
    kinds: &'static [Kind],
    chance: Chance,
    round: Duration,
    left: Vec<Kind>,
    rounds: u32,
}

impl Schedule {
    /// So long a round of all kinds takes when nothing delays it.
    pub fn new(kinds: &'static [Kind], chance: Chance, round: Duration) -> Self {
        Self {
            kinds,
            chance,
            round,
            left: Vec::new(),
            rounds: 0,
        }
    }

    /// The next one, and when it is due after the beginning.
    pub fn next(&mut self) -> (Kind, Duration) {
        if self.left.is_empty() {
            self.left = self.kinds.to_vec();
            self.chance.shuffle(&mut self.left);
            self.rounds += 1;
        }
        let place = self.kinds.len() - self.left.len();
        let share = self.round / u32::try_from(self.kinds.len()).unwrap_or(1);
        let place = u32::try_from(place).unwrap_or_default();
        let begun = self.round * (self.rounds - 1) + share * place;
        let millis = usize::try_from(share.as_millis() / 2).unwrap_or_default();
        let due = begun + self.chance.ms(0, millis);
        // It is not empty: it has just been filled.
        (self.left.pop().unwrap_or(self.kinds[0]), due)
    }
}

#[test]
fn the_same_seed_gives_the_same_faults_and_each_round_has_all() {
    use super::kind::{BROKER, PROCESSES};
    let row = |seed| {
        let round = Duration::from_secs(50);
        let mut schedule = Schedule::new(PROCESSES, Chance::new(seed, 1), round);
        (0..PROCESSES.len() * 3)
            .map(|_| schedule.next())
            .collect::<Vec<_>>()
    };
    assert_eq!(row(7), row(7));
    assert_ne!(row(7), row(8));
    for round in row(7).chunks(PROCESSES.len()) {
        let mut kinds: Vec<Kind> = round.iter().map(|(kind, _)| *kind).collect();
        kinds.sort();
        assert_eq!(kinds, PROCESSES);
        assert!(round.is_sorted_by_key(|(_, due)| *due));
    }
    assert!(BROKER.iter().all(|kind| !PROCESSES.contains(kind)));
}
