//! Expectation against measurement. Pure.
use super::Measured;
use reelmill_domain::output::OutputMedia;
use reelmill_domain::spec::Expectation;
use std::fmt;

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Stable, for programs.
    pub code: &'static str,
    /// In plain words.
    pub message: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Accepts a measured output, or lists everything that is wrong with it.
///
/// # Errors
/// At least one mismatch.
pub fn judge(_expect: &Expectation, _measured: &Measured) -> Result<OutputMedia, Vec<Mismatch>> {
    todo!()
}
