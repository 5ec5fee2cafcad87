//! JSON in text columns, and numbers between the domain's types and SQL's signed ones.

use crate::StoreError;
use serde::{Serialize, de::DeserializeOwned};

/// Writes a value for a text column.
pub(crate) fn to_json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|cause| StoreError::Unreadable {
        what,
        id: "to be written".into(),
        cause: cause.to_string(),
    })
}

/// Reads a text column of the row `id`.
pub(crate) fn from_json<T: DeserializeOwned>(
    what: &'static str,
    id: &dyn std::fmt::Display,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|cause| StoreError::Unreadable {
        what,
        id: id.to_string(),
        cause: cause.to_string(),
    })
}

/// The row `id` lacks a value that its state needs.
pub(crate) fn lacks(what: &'static str, id: &dyn std::fmt::Display, column: &str) -> StoreError {
    StoreError::Unreadable {
        what,
        id: id.to_string(),
        cause: format!("`{column}` is missing"),
    }
}

/// A count as SQL keeps it; beyond its range it stays at the largest.
pub(crate) fn int(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A count as SQL kept it; a negative one, which nothing writes, is zero.
pub(crate) fn count(int: i32) -> u32 {
    u32::try_from(int).unwrap_or(0)
}

/// A size as SQL keeps it.
pub(crate) fn long(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// A size as SQL kept it.
pub(crate) fn size(long: i64) -> u64 {
    u64::try_from(long).unwrap_or(0)
}
