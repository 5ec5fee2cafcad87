//! The webapp: takes bytes and wishes in. Uploads, every write of the API, the page. It never runs ffmpeg and never decides
//! what becomes of a job: that is `domain`'s.

mod app;
mod config;
mod jobs;
mod names;
mod owner;
mod page;
mod problems;
mod trace;
mod uploads;
mod webapp;
mod workers;

pub use config::WebappConfig;
pub use webapp::Webapp;
