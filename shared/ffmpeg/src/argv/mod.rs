//! Command lines, pure: a spec goes in, the whole argument array comes out. No text of a user ever gets into one.

mod audio;
mod check;
mod common;
mod encode;
mod filters;
mod muxer;
mod thumbnails;
mod video;

pub use check::{decode, measure, pictures, probe};
pub use encode::encode;
pub use thumbnails::thumbnails;
