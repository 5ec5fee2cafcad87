//! What the read API asks for. Reads only, outside any transaction.

mod jobs;
mod media;
mod queue;
mod stats;
mod tallies;
mod told;
mod workers;

pub use jobs::{BadCursor, Cursor, JobRecord, job, jobs, page};
pub use media::{Offered, offered};
pub use queue::QUEUE_SEEN;
pub use stats::{LaneCount, jobs_by_state, lanes, tasks_by_state};
pub use tallies::{Tally, tallies};
pub use told::told_after;
pub use workers::{Running, running};
