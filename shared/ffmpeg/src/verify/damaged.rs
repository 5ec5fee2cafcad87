//! Judges the output of a damaged source. Pure.
use super::{Decodable, Measured, Mismatch};
use reelmill_domain::event::Warning;
use reelmill_domain::output::OutputMedia;
use reelmill_domain::spec::Expectation;

/// Like [`super::judge`], but against what of the source can be decoded. No warning: the source is whole, its packets
/// merely outnumber its pictures.
///
/// # Errors
/// The output is not even what could be decoded.
pub fn judge_damaged(
    _expect: &Expectation,
    _measured: &Measured,
    _decodable: &Decodable,
    _declared_s: f64,
) -> Result<(OutputMedia, Vec<Warning>), Vec<Mismatch>> {
    todo!()
}
