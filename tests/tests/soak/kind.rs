//! The disturbances there are, in the groups that go on side by side.

/// One way to disturb the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    EncoderKilled,
    EncoderFrozen,
    EncoderDrained,
    StatusKilled,
    StatusFrozen,
    StatusDrained,
    WebappKilled,
    WebappDiesAfterCommit,
    WebappDrained,
    BrokerRestarted,
    BrokerGone,
    ConnectionsClosed,
    QueuePurged,
    QueueDeleted,
    TasksRepeated,
    EventsRepeated,
    HintsRepeated,
    DatabaseKilled,
    DatabaseFrozen,
    StoreRefuses,
    StoreResets,
    UploadBroken,
    SubmittedTwice,
    JobCancelled,
    JobDeleted,
}

use Kind::*;

/// What happens to our own processes, one after another.
pub const PROCESSES: &[Kind] = &[
    EncoderKilled,
    EncoderFrozen,
    EncoderDrained,
    StatusKilled,
    StatusFrozen,
    StatusDrained,
    WebappKilled,
    WebappDiesAfterCommit,
    WebappDrained,
];

/// What happens to the broker.
pub const BROKER: &[Kind] = &[
    BrokerRestarted,
    BrokerGone,
    ConnectionsClosed,
    QueuePurged,
    QueueDeleted,
    TasksRepeated,
    EventsRepeated,
    HintsRepeated,
];

/// What happens to database and object store.
pub const STORES: &[Kind] = &[DatabaseKilled, DatabaseFrozen, StoreRefuses, StoreResets];

/// What users do.
pub const USERS: &[Kind] = &[UploadBroken, SubmittedTwice, JobCancelled, JobDeleted];

impl Kind {
    /// What it is, and what its second count counts.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            EncoderKilled => ("encoder killed (SIGKILL) at work", "tasks it ran"),
            EncoderFrozen => ("encoder stopped past its lease, woken", "leases lapsed"),
            EncoderDrained => ("encoder told to end (SIGTERM) at work", "tasks it ran"),
            StatusKilled => ("status killed with jobs running", "jobs running"),
            StatusFrozen => ("status stopped for 3 to 6 s, woken", "jobs running"),
            StatusDrained => ("status told to end with jobs running", "jobs running"),
            WebappKilled => ("webapp killed", "processes"),
            WebappDiesAfterCommit => ("webapp dead between commit and hint", "jobs committed"),
            WebappDrained => ("webapp told to end", "processes"),
            BrokerRestarted => ("RabbitMQ stopped or killed, back later", "connections lost"),
            BrokerGone => ("RabbitMQ out of reach for 4 to 8 s", "connections lost"),
            ConnectionsClosed => ("every connection closed by RabbitMQ", "connections lost"),
            QueuePurged => ("messages of a queue thrown away", "messages lost"),
            QueueDeleted => ("a queue deleted", "queues"),
            TasksRepeated => ("tasks delivered five times", "messages added"),
            EventsRepeated => ("events five times, late, out of order", "messages added"),
            HintsRepeated => ("job hints five times", "messages added"),
            DatabaseKilled => ("MariaDB killed, back later", "connections lost"),
            DatabaseFrozen => ("MariaDB stopped for 5 s", "connections waiting"),
            StoreRefuses => ("object store answers 500 and 503", "requests"),
            StoreResets => ("object store resets or cuts short", "requests"),
            UploadBroken => ("upload broken off in a piece, taken up", "uploads"),
            SubmittedTwice => ("the same job submitted again", "requests"),
            JobCancelled => ("job cancelled", "jobs"),
            JobDeleted => ("job deleted, its upload shared or not", "jobs"),
        }
    }
}
