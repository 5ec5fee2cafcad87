//! How an I/O error becomes an error of the port, and how blocking work is run.

use reelmill_objects::ObjectError;
use std::io;

/// What was attempted on which key; makes the error of an I/O error.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// What was attempted.
    pub what: &'static str,
    /// On which key.
    pub key: &'a str,
}

impl Attempt<'_> {
    /// The error for its caller.
    pub fn failed(self, error: io::Error) -> ObjectError {
        let (attempt, key) = (self.what, self.key.to_owned());
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ObjectError::NotFound { key },
            // Too large for the file system or this process: as good as full for who sends it.
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => ObjectError::Full { attempt, key },
            _ => self.because(error),
        }
    }

    /// The error for its caller where a missing file is not a missing object.
    pub fn because(self, cause: impl ToString) -> ObjectError {
        ObjectError::Failed {
            attempt: self.what,
            key: self.key.to_owned(),
            cause: cause.to_string(),
        }
    }
}

/// Runs file work where it may block. It goes on even if the caller is dropped.
pub async fn blocking<T, F>(attempt: &'static str, key: &str, work: F) -> Result<T, ObjectError>
where
    T: Send + 'static,
    F: FnOnce(Attempt<'_>) -> Result<T, ObjectError> + Send + 'static,
{
    let owned = key.to_owned();
    let run = move || {
        work(Attempt {
            what: attempt,
            key: &owned,
        })
    };
    match tokio::task::spawn_blocking(run).await {
        Ok(result) => result,
        Err(gone) => Err(Attempt { what: attempt, key }.because(gone)),
    }
}
