//! The tables as SeaORM sees them, one file each. Shapes only. Times are milliseconds of the database's clock,
//! `*_json` columns hold JSON as text, ids are UUIDv7.

pub mod commit;
pub mod ended_count;
pub mod file_ref;
pub mod idempotency_key;
pub mod job;
pub mod job_event;
pub mod lane;
pub mod output;
pub mod prefix_sweep;
pub mod sole_claim;
pub mod source;
pub mod stored_file;
pub mod task;
pub mod task_need;
pub mod upload;
pub mod worker;
pub mod worker_wish;
