//! Every metric there is: its name as Prometheus shows it, its unit, what it counts. The one list; records nothing.

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name, unit and `_total` included, as Prometheus wants it.
    pub name: &'static str,
    /// Its unit as UCUM writes it: `s`, `By`, `1`, or `{things}`.
    pub unit: &'static str,
    /// What it is, in one sentence.
    pub help: &'static str,
    /// The labels that every sample of it has.
    pub labels: &'static [&'static str],
}

const fn metric(
    name: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        unit,
        help,
        labels,
    }
}

/// Seconds of requests: from a cache's answer to a slow page.
pub const REQUEST_S: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// Seconds of tasks: from a thumbnail to a long film.
pub const TASK_S: &[f64] = &[
    0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0, 10_800.0, 36_000.0,
];
/// Seconds of film made in a second.
pub const SPEED: &[f64] = &[
    0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0,
];

pub const BUILD_INFO: Metric = metric(
    "reelmill_build_info",
    "1",
    &["version"],
    "Always 1; the label says which version runs.",
);
pub const HTTP_REQUEST_SECONDS: Metric = metric(
    "reelmill_http_request_seconds",
    "s",
    &["method", "route", "status"],
    "Time until an HTTP request's answer began.",
);
pub const UPLOAD_BYTES: Metric = metric(
    "reelmill_upload_bytes_total",
    "By",
    &[],
    "Bytes of uploads that were made durable.",
);
pub const JOBS_SUBMITTED: Metric = metric(
    "reelmill_jobs_submitted_total",
    "{job}",
    &[],
    "Jobs that were accepted.",
);
pub const JOBS_ENDED: Metric = metric(
    "reelmill_jobs_ended_total",
    "{job}",
    &["state"],
    "Jobs that ended, by how.",
);
pub const TASK_RELEASES: Metric = metric(
    "reelmill_task_releases_total",
    "{task}",
    &["lane"],
    "Tasks that were released to workers.",
);
pub const TASK_FAILURES: Metric = metric(
    "reelmill_task_failures_total",
    "{failure}",
    &["code"],
    "Attempts of tasks that ended in an error of their own.",
);
pub const LEASES_LAPSED: Metric = metric(
    "reelmill_leases_lapsed_total",
    "{run}",
    &[],
    "Runs whose worker fell silent.",
);
pub const DEAD_TASKS: Metric = metric(
    "reelmill_dead_tasks_total",
    "{message}",
    &["why"],
    "Task messages that the broker gave up on: expired, or delivered too often.",
);
pub const EVENTS: Metric = metric(
    "reelmill_events_total",
    "{event}",
    &["kind"],
    "Events of workers that were taken in.",
);
pub const EVENTS_REFUSED: Metric = metric(
    "reelmill_events_refused_total",
    "{event}",
    &["why"],
    "Events of workers that were not taken in: of a newer version, impossible to apply, or a start of a worker that waits to be enabled.",
);
pub const UNREADABLE_MESSAGES: Metric = metric(
    "reelmill_unreadable_messages",
    "{message}",
    &[],
    "Messages that the broker keeps apart because no service could read them.",
);
pub const EVENT_LAG: Metric = metric(
    "reelmill_event_lag_seconds",
    "s",
    &[],
    "How late the last mark came through the queue of events, by the database's clock.",
);
pub const STREAMS: Metric = metric(
    "reelmill_event_streams",
    "{stream}",
    &[],
    "Clients that listen to events of jobs.",
);
pub const SWEPT: Metric = metric(
    "reelmill_swept_total",
    "{thing}",
    &["what"],
    "Things that had had their time and were removed.",
);
pub const QUEUE_DEPTH: Metric = metric(
    "reelmill_queue_depth",
    "{task}",
    &["lane"],
    "Tasks that wait to be released.",
);
pub const LANE_BUSY: Metric = metric(
    "reelmill_lane_busy",
    "{task}",
    &["lane"],
    "Tasks that are released or running.",
);
pub const LANE_SLOTS: Metric = metric(
    "reelmill_lane_slots",
    "{slot}",
    &["lane"],
    "Slots of live workers.",
);
pub const WORKERS: Metric = metric(
    "reelmill_workers",
    "{worker}",
    &[],
    "Workers that were heard within the lease.",
);
pub const TASKS: Metric = metric(
    "reelmill_tasks",
    "{task}",
    &["state"],
    "Tasks of jobs that have not ended.",
);
pub const JOBS: Metric = metric("reelmill_jobs", "{job}", &["state"], "Jobs.");
pub const RUN_SECONDS: Metric = metric(
    "reelmill_run_seconds",
    "s",
    &["kind", "outcome"],
    "Time of a task on this worker, fetching and storing included.",
);
pub const ENCODE_SECONDS: Metric = metric(
    "reelmill_encode_seconds",
    "s",
    &["preset"],
    "Time that ffmpeg took for one encode.",
);
pub const ENCODE_SPEED: Metric = metric(
    "reelmill_encode_speed",
    "1",
    &["preset"],
    "Seconds of film that an encode made in a second.",
);
pub const SOURCE_FETCHES: Metric = metric(
    "reelmill_source_fetches_total",
    "{source}",
    &["result"],
    "Sources that tasks asked this worker for: fetched, or there already.",
);
pub const OBJECT_BYTES: Metric = metric(
    "reelmill_object_bytes_total",
    "By",
    &["direction"],
    "Bytes that this worker moved from (`in`) and to (`out`) the object store.",
);
pub const OBJECT_SECONDS: Metric = metric(
    "reelmill_object_seconds",
    "s",
    &["direction"],
    "Time of one file on its way from (`in`) or to (`out`) the object store, tries again included.",
);
pub const RENEWALS: Metric = metric(
    "reelmill_renewals_total",
    "{renewal}",
    &["result"],
    "Renewals of this worker: sent, or failed because the broker was away.",
);
pub const FREE_SLOTS: Metric = metric(
    "reelmill_worker_free_slots",
    "{slot}",
    &["lane"],
    "Slots of this worker that could take a task; lanes may share them.",
);
pub const PROCESS_CPU: Metric = metric(
    "process_cpu_seconds_total",
    "s",
    &[],
    "Processor time of this process, without that of ffmpeg.",
);
pub const PROCESS_MEMORY: Metric = metric(
    "process_resident_memory_bytes",
    "By",
    &[],
    "Resident memory of this process.",
);
pub const PROCESS_FDS: Metric = metric(
    "process_open_fds",
    "{file}",
    &[],
    "Open files of this process.",
);
pub const PROCESS_START: Metric = metric(
    "process_start_time_seconds",
    "s",
    &[],
    "When this process started, since 1970.",
);
