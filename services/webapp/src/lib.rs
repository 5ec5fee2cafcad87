//! The webapp: takes bytes and wishes in. Uploads, every write of the API, the page. It never runs ffmpeg and never decides
//! what becomes of a job: that is `domain`'s.

mod app;
mod config;
mod problems;
mod uploads;
mod webapp;

pub use config::WebappConfig;
pub use webapp::Webapp;
