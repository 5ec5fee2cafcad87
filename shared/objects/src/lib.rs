//! The ObjectStore port: where sources, parts and outputs lie. Keys are ours; user text never is one.

mod contract;
mod error;
mod key;
pub mod suite;

pub use contract::{Appended, ByteStream, ObjectMeta, ObjectStore, Page, Unfinished, UploadSink};
pub use error::ObjectError;
pub use key::{LONGEST_KEY, LONGEST_SEGMENT, check_key, check_prefix};
