//! How an upload is cut into parts, and which numbers they get. Pure.
//!
//! S3 takes parts 1 to 10,000 of at most 5 GiB, all but the last at least 5 MiB; an object of 5 TiB must fit. With a
//! length that is known, parts are equal (some stores insist): 8 MiB, or what 9,000 of them need. Without, they grow.
//!
//! The parts of an upload fill *slots*, and each slot has several numbers (`stride`). A writer picks one of them by its
//! *salt*: so two writers that fill the same slot rarely use the same number, and the one that lost its lock can't write
//! over what the other one has stored. See `uploads`.

use std::ops::Range;

/// The smallest part, and the one that is usual.
const PART: u64 = 8 * 1024 * 1024;
/// The largest part number there is.
pub const NUMBERS: u32 = 10_000;
/// The largest part number of a store that keeps fewer, as OpenStack Swift's S3 API does unless it is told otherwise
/// (`max_upload_part_num`).
pub const FEWER: u32 = 1_000;
/// Of ten part numbers, so many are planned for.
const NINE: u64 = 9;
/// Without a length: parts double so often, up to 4 GiB.
const DOUBLINGS: u64 = 9;

/// The cut of one upload.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    length: Option<u64>,
    /// The largest part number that the store takes.
    numbers: u32,
}

impl Schedule {
    /// For an upload of that length, if it is known, to a store with that many part numbers.
    pub fn of(length: Option<u64>, numbers: u32) -> Self {
        Self { length, numbers }
    }

    /// Whether it needs no more part numbers than every store has.
    pub fn suits_every_store(length: u64) -> bool {
        length <= PART * u64::from(FEWER)
    }

    /// Whether everything fits into one part.
    pub fn is_one_part(&self) -> bool {
        self.length.is_some_and(|length| length <= PART)
    }

    /// The size of equal parts.
    fn equal(&self, length: u64) -> u64 {
        let parts = if Self::suits_every_store(length) {
            u64::from(FEWER)
        } else {
            u64::from(self.numbers) / 10 * NINE
        };
        PART.max(length.div_ceil(parts))
    }

    /// Without a length: how many slots have the same size, and how many there are in all. With 10,000 numbers that is
    /// 5 TiB, the largest object; with 1,000 it is 1 TiB.
    fn growing(&self) -> (u64, u32) {
        match self.numbers {
            FEWER => (30, 500),
            _ => (150, 2_500),
        }
    }

    /// Where a slot begins.
    pub fn start(&self, slot: usize) -> u64 {
        let slot = slot as u64;
        match self.length {
            Some(length) => (slot * self.equal(length)).min(length),
            None => {
                let (same, _) = self.growing();
                let doubled = (slot / same).min(DOUBLINGS);
                let before = same * PART * ((1 << doubled) - 1);
                before + (slot - doubled * same) * (PART << doubled)
            }
        }
    }

    /// The bytes that fill a slot. Zero behind the end.
    pub fn size(&self, slot: usize) -> u64 {
        self.start(slot + 1) - self.start(slot)
    }

    /// The part's number for a slot and a salt; `None` when there are no more.
    pub fn number(&self, slot: usize, salt: u32) -> Option<u16> {
        let (slots, numbers) = match self.length {
            Some(length) => {
                let slots = length.div_ceil(self.equal(length)).max(1) as u32;
                (slots, if slots <= FEWER { FEWER } else { self.numbers })
            }
            None => (self.growing().1, self.numbers),
        };
        let stride = (numbers / slots).max(1);
        let number = u32::try_from(slot).ok()?.checked_mul(stride)? + salt % stride + 1;
        u16::try_from(number).ok().filter(|_| number <= numbers)
    }

    /// The parts of a file of that length: where each begins and ends.
    pub fn of_file(length: u64, numbers: u32) -> impl Iterator<Item = Range<u64>> {
        let part = Self::of(Some(length), numbers).equal(length);
        (0..length.div_ceil(part)).map(move |n| n * part..((n + 1) * part).min(length))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test speaks by panicking")]
mod tests {
    use super::{FEWER, NUMBERS, PART, Schedule};

    const LARGEST_PART: u64 = 5 << 30;
    const TIB: u64 = 1 << 40;

    #[test]
    fn a_known_length_is_cut_into_equal_parts_that_fit() {
        for length in [
            1,
            PART - 1,
            PART,
            PART + 1,
            10 * PART,
            1000 * PART,
            70 << 30,
            TIB,
            5 * TIB,
        ] {
            for numbers in [FEWER, NUMBERS] {
                let cut = Schedule::of(Some(length), numbers);
                let part = cut.size(0).max(PART);
                let slots = length.div_ceil(part) as usize;
                if numbers == NUMBERS {
                    assert_eq!(part, PART.max(length.div_ceil(9000)), "{length}");
                }
                assert!(slots <= numbers as usize);
                assert!(part <= LARGEST_PART || numbers == FEWER);
                assert!((0..slots - 1).all(|s| cut.size(s) == part), "{length}");
                assert_eq!(cut.start(slots), length);
                assert_eq!(cut.size(slots), 0);
                let last = cut.number(slots - 1, u32::MAX).unwrap();
                assert!(u32::from(last) <= numbers);
                if Schedule::suits_every_store(length) {
                    assert!(u32::from(last) <= FEWER, "{length}");
                }
                let file: Vec<_> = Schedule::of_file(length, numbers).collect();
                assert_eq!((file.len(), file[0].start), (slots, 0));
                assert_eq!(file[slots - 1].end, length);
            }
        }
    }

    #[test]
    fn an_unknown_length_may_be_the_largest_there_is() {
        for (numbers, slots, most) in [(NUMBERS, 2_500, 5 * TIB), (FEWER, 500, TIB)] {
            let cut = Schedule::of(None, numbers);
            assert!(cut.start(slots) >= most);
            assert!((0..slots).all(|s| (PART..=LARGEST_PART).contains(&cut.size(s))));
            assert!((0..slots).all(|s| cut.size(s) <= cut.size(s + 1)));
            assert!(u32::from(cut.number(slots - 1, u32::MAX).unwrap()) <= numbers);
            assert!(cut.number(slots, 0).is_none());
        }
    }

    #[test]
    fn numbers_rise_with_the_slots_and_differ_between_salts() {
        for cut in [
            Schedule::of(None, NUMBERS),
            Schedule::of(Some(1 << 30), FEWER),
        ] {
            for slot in 0..127 {
                let numbers: Vec<u16> = (0..4).map(|s| cut.number(slot, s).unwrap()).collect();
                assert!(numbers.windows(2).all(|n| n[0] < n[1]));
                assert!(numbers[3] < cut.number(slot + 1, 0).unwrap());
            }
        }
    }
}
