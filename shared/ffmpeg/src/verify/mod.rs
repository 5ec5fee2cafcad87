//! Whether an output is what its plan expects. An encoder that exited 0 proves nothing: the file is decoded.
mod damaged;
mod decodable;
mod judge;
mod measure;
mod theora;

pub use damaged::judge_damaged;
pub use decodable::{Decodable, decodable};
pub use judge::{Mismatch, judge};
pub use measure::{Measured, MeasuredAudio, MeasuredVideo, measure};
