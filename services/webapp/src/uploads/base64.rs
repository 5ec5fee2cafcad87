//! base64 in headers: padding as the sender likes it, and bits that mean nothing are no error.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes, or nothing when it is no base64.
pub(super) fn lenient(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text.trim()).ok()
}
