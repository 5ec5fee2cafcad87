//! How a failure of the SDK becomes an error of the port, in words that help whoever runs the store. Must never tell a
//! secret: only codes, and what the store says of itself.

use crate::S3Config;
use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use reelmill_objects::ObjectError;
use std::error::Error;

/// The most that is told of a store's own words.
const LONGEST: usize = 300;

/// Where the store is, for those who must mend something.
#[derive(Debug, Clone)]
pub struct Place {
    bucket: String,
    endpoint: String,
}

impl Place {
    /// Of a configuration.
    pub fn of(config: &S3Config) -> Self {
        let endpoint = match &config.endpoint {
            Some(url) => url.origin().ascii_serialization(),
            None => format!("Amazon S3 in {}", config.region),
        };
        Self {
            bucket: config.bucket.clone(),
            endpoint,
        }
    }

    /// What was attempted, on which key.
    pub fn attempt<'a>(&'a self, what: &'static str, key: &'a str) -> Attempt<'a> {
        Attempt {
            place: self,
            what,
            key,
        }
    }
}

/// What was attempted; makes the error of a failure.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    place: &'a Place,
    what: &'static str,
    key: &'a str,
}

impl Attempt<'_> {
    /// The error for a failed request.
    pub fn failed<E>(self, error: SdkError<E, HttpResponse>) -> ObjectError
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let status = status(&error);
        let code = error.code().unwrap_or_default().to_owned();
        let key = self.key.to_owned();
        match (code.as_str(), status) {
            ("NoSuchBucket", _) => self.misconfigured(self.place.no_bucket()),
            ("NoSuchKey" | "NotFound", _) | ("", Some(404)) => ObjectError::NotFound { key },
            (
                "InsufficientStorage"
                | "QuotaExceeded"
                | "XMinioStorageFull"
                | "EntityTooLarge"
                | "InsufficientCapacity"
                | "StorageFull",
                _,
            )
            | (_, Some(507)) => ObjectError::Full {
                attempt: self.what,
                key,
            },
            _ => match self.place.misconfigured(&error, &code, status) {
                Some(cause) => self.misconfigured(cause),
                None => self.because(self.place.cause(&error, &code, status)),
            },
        }
    }

    fn misconfigured(self, cause: String) -> ObjectError {
        ObjectError::Misconfigured {
            attempt: self.what,
            key: self.key.to_owned(),
            cause,
        }
    }

    /// The error for any other cause.
    pub fn because(self, cause: impl ToString) -> ObjectError {
        ObjectError::Failed {
            attempt: self.what,
            key: self.key.to_owned(),
            cause: cause.to_string(),
        }
    }

    /// The error for an upload whose sender broke off.
    pub fn broke_off(self, cause: impl ToString) -> ObjectError {
        ObjectError::Incoming {
            attempt: self.what,
            key: self.key.to_owned(),
            cause: cause.to_string(),
        }
    }
}

impl Place {
    fn no_bucket(&self) -> String {
        format!(
            "there is no bucket `{}` at {}: make it, or correct storage.url",
            self.bucket, self.endpoint
        )
    }

    /// What somebody must set right, if that is why.
    fn misconfigured<E>(
        &self,
        error: &SdkError<E, HttpResponse>,
        code: &str,
        status: Option<u16>,
    ) -> Option<String>
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let Self { bucket, endpoint } = self;
        let cause = match (code, status) {
            ("InvalidAccessKeyId", _) => {
                format!("{endpoint} doesn't know the key that storage.access_key names ({code})")
            }
            ("SignatureDoesNotMatch", _) => format!(
                "{endpoint} doesn't accept the signature: storage.secret_key or storage.region is wrong ({code})"
            ),
            ("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired", _) => format!(
                "{endpoint} doesn't take the token of this machine's key any more: renew it, or correct the role or profile that it comes from ({code})"
            ),
            ("AuthorizationHeaderMalformed" | "PermanentRedirect", _) => {
                format!("storage.region is not the region of bucket `{bucket}` ({code})")
            }
            ("RequestTimeTooSkewed", _) => format!(
                "the clocks of this machine and of {endpoint} differ by too much: set them right ({code})"
            ),
            ("AccessDenied" | "AllAccessDisabled", _) | ("", Some(401 | 403)) => format!(
                "{endpoint} denies the key that storage.access_key names this on bucket `{bucket}`: give it the right to (AccessDenied)"
            ),
            _ if matches!(error, SdkError::DispatchFailure(f) if !f.is_timeout())
                && is_without_key(error) =>
            {
                "no key was found: set storage.access_key and storage.secret_key, or give this machine a role".to_owned()
            }
            _ => return None,
        };
        Some(cause)
    }

    fn cause<E>(&self, error: &SdkError<E, HttpResponse>, code: &str, status: Option<u16>) -> String
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        match (code, status) {
            ("PreconditionFailed", _) | (_, Some(412)) => {
                "it was replaced by another object while it was read".to_owned()
            }
            ("InvalidPart" | "InvalidPartOrder", _) => format!(
                "a part is not what was stored: somebody else wrote to this upload ({code})"
            ),
            ("NoSuchUpload", _) => {
                "the upload is finished, or was removed (NoSuchUpload)".to_owned()
            }
            _ => self.chain(error, code, status),
        }
    }

    fn chain<E>(&self, error: &SdkError<E, HttpResponse>, code: &str, status: Option<u16>) -> String
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let endpoint = &self.endpoint;
        let said = match error {
            SdkError::ServiceError(_) => {
                let words = error.message().map_or_else(|| roots(error), str::to_owned);
                let status = status.map_or(String::new(), |s| format!("{s} "));
                format!("{endpoint} answered {status}{code}: {words}")
            }
            SdkError::TimeoutError(_) => format!("{endpoint} took too long"),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                format!("{endpoint} took too long")
            }
            other => format!("{endpoint} can't be reached: {}", roots(other)),
        };
        said.chars().take(LONGEST).collect()
    }
}

fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|r| r.status().as_u16())
}

fn is_without_key(error: &dyn Error) -> bool {
    roots(error).contains("credential")
}

/// What a failure came from, the nearest cause first, without its own general words.
fn roots(error: &dyn Error) -> String {
    let mut all: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !all.iter().any(|seen| seen.contains(&words)) {
            all.push(words);
        }
        next = cause.source();
    }
    all.join(": ")
}
