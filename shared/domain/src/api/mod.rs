//! The JSON of the HTTP API, as people and programs see it: shared by the services that write it and the CLI that reads it.
//! Shapes only; names here are public and stay.

mod job;
mod list;
mod new_job;
mod preset;
mod problem;
pub mod render;
mod stats;
mod stream;
mod upload;
mod worker;

pub use job::{FileView, JobView, MediaView, OutputView, SourceView};
pub use list::Page;
pub use new_job::{NameOrPreset, NewJob, NewOutput, NewSource, PatchJob};
pub use preset::PresetView;
pub use problem::Problem;
pub use stats::{LaneStats, Stats};
pub use stream::{OutputProgress, ProgressView, StreamDeleted, StreamJob, StreamOutput};
pub use upload::UploadView;
pub use worker::{PatchWorker, WorkerState, WorkerTask, WorkerView};
