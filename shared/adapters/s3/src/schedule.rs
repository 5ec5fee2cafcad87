//! How an upload is cut into parts, and which numbers they get. Pure.
//!
//! S3 takes parts 1 to 10,000 of at most 5 GiB, all but the last at least 5 MiB; an object of 5 TiB must fit. With a
//! length that is known, parts are equal (some stores insist). Without, they grow.
//!
//! The parts of an upload fill *slots*, and each slot has several numbers (`stride`). A writer picks one of them by its
//! *salt*: so two writers that fill the same slot rarely use the same number, and the one that lost its lock can't write
//! over what the other one has stored. See `uploads`.

/// The smallest part, and the one that is usual.
const PART: u64 = 8 * 1024 * 1024;
/// Parts of an upload whose length is known.
const PARTS: u64 = 9_000;
/// The largest part number.
const NUMBERS: u32 = 10_000;
/// Without a length: so many parts of a size, then so many of twice that, up to the largest.
const SAME: u64 = 150;
const DOUBLINGS: u64 = 9;
const SLOTS: u32 = 2_500;

/// The largest object, 5 TiB.
#[cfg(test)]
const LARGEST: u64 = 5 << 40;

/// The cut of one upload.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    length: Option<u64>,
}

impl Schedule {
    /// For an upload of that length, if it is known.
    pub fn of(length: Option<u64>) -> Self {
        Self { length }
    }

    /// The size of the parts of so many bytes in all.
    pub fn part_of(length: u64) -> u64 {
        PART.max(length.div_ceil(PARTS))
    }

    /// Whether everything fits into one part.
    pub fn is_one_part(&self) -> bool {
        self.length.is_some_and(|length| length <= PART)
    }

    /// Where a slot begins.
    pub fn start(&self, slot: usize) -> u64 {
        let slot = slot as u64;
        match self.length {
            Some(length) => (slot * Self::part_of(length)).min(length),
            None => {
                let (doubled, rest) = ((slot / SAME).min(DOUBLINGS), slot);
                let before = SAME * PART * ((1 << doubled) - 1);
                before + (rest - doubled * SAME) * (PART << doubled)
            }
        }
    }

    /// The bytes that fill a slot. Zero behind the end.
    pub fn size(&self, slot: usize) -> u64 {
        self.start(slot + 1) - self.start(slot)
    }

    /// The part's number for a slot and a salt; `None` when there are no more.
    pub fn number(&self, slot: usize, salt: u32) -> Option<u16> {
        let slots = match self.length {
            Some(length) => length.div_ceil(Self::part_of(length)).max(1) as u32,
            None => SLOTS,
        };
        let stride = NUMBERS / slots;
        let number = u32::try_from(slot).ok()?.checked_mul(stride)? + salt % stride + 1;
        u16::try_from(number).ok().filter(|_| number <= NUMBERS)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test speaks by panicking")]
mod tests {
    use super::{LARGEST, PART, Schedule};

    const LARGEST_PART: u64 = 5 << 30;

    #[test]
    fn a_known_length_is_cut_into_equal_parts_that_fit() {
        for length in [
            1,
            PART - 1,
            PART,
            PART + 1,
            10 * PART,
            70 << 30,
            100 << 30,
            LARGEST,
        ] {
            let cut = Schedule::of(Some(length));
            let part = PART.max(length.div_ceil(9000));
            let slots = length.div_ceil(part) as usize;
            assert!(part <= LARGEST_PART && slots <= 9000);
            assert!((0..slots - 1).all(|s| cut.size(s) == part), "{length}");
            assert_eq!(cut.start(slots), length);
            assert_eq!(cut.size(slots), 0);
            assert!(cut.number(slots - 1, u32::MAX).unwrap() <= 10_000);
        }
    }

    #[test]
    fn an_unknown_length_may_be_the_largest_there_is() {
        let cut = Schedule::of(None);
        assert!(cut.start(2_500) >= LARGEST);
        assert!((0..2_500).all(|s| (PART..=LARGEST_PART).contains(&cut.size(s))));
        assert!((0..2_500).all(|s| cut.size(s) <= cut.size(s + 1)));
        assert!(cut.number(2_499, 3).is_some());
        assert!(cut.number(2_500, 0).is_none());
    }

    #[test]
    fn numbers_rise_with_the_slots_and_differ_between_salts() {
        for cut in [Schedule::of(None), Schedule::of(Some(1 << 30))] {
            for slot in 0..127 {
                let numbers: Vec<u16> = (0..4).map(|s| cut.number(slot, s).unwrap()).collect();
                assert!(numbers.windows(2).all(|n| n[0] < n[1]));
                assert!(numbers[3] < cut.number(slot + 1, 0).unwrap());
            }
        }
    }
}
