//! Chance that can be repeated: the same seed throws the same.

/// xorshift64: Marsaglia, "Xorshift RNGs", 2003.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// True so often out of a million.
    pub fn falls(&mut self, of_a_million: u64) -> bool {
        // The upper bits are the better ones.
        (self.next() >> 20) % 1_000_000 < of_a_million
    }

    /// One of so many.
    pub fn pick(&mut self, of: usize) -> usize {
        let of = of.max(1) as u64;
        usize::try_from((self.next() >> 20) % of).unwrap_or_default()
    }
}
