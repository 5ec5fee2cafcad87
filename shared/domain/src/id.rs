//! Typed ids, one per thing that has one. Never minted here: the caller passes a UUIDv7 in.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id!(
    /// A job: one source and the outputs asked of it.
    JobId
);
id!(
    /// One rendition that a job makes.
    OutputId
);
id!(
    /// What one worker runs at one time.
    TaskId
);
id!(
    /// One delivery of an attempt to one worker.
    RunId
);
id!(
    /// A media file that came in.
    SourceId
);
id!(
    /// A resumable upload.
    UploadId
);
id!(
    /// A file in the object store, counted by reference.
    FileId
);
id!(
    /// A worker process; new at each start.
    WorkerId
);
id!(
    /// One message from a worker; the same on every redelivery.
    EventId
);
