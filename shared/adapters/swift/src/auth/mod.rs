//! Logging in: one token for all requests, renewed before it ends or when Swift refuses it, by one caller at a time.

mod v1;
mod v3;

use crate::{
    config::{Secret, SwiftAuth},
    errors::Attempt,
};
use reelmill_objects::ObjectError;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use thiserror::Error;
use tokio::sync::Mutex;
use url::Url;

/// A token is renewed this long before it ends, or when a fifth of its life is left if that is shorter.
const EARLY: Duration = Duration::from_secs(120);

/// Why there is no token.
#[derive(Debug, Clone, Error)]
pub enum AuthError {
    /// The address is none.
    #[error("the login address {0} is no URL")]
    Address(String),
    /// The server has no such user, or the password is wrong.
    #[error("{0} refuses this user (401): check user, key or password, project and domains")]
    Refused(String),
    /// No answer, or one that is not a login's.
    #[error("logging in at {at} failed: {cause}")]
    Failed {
        /// Where.
        at: String,
        /// Why.
        cause: String,
        /// Whether it may be tried again.
        again: bool,
    },
    /// The catalogue has no object store.
    #[error(
        "{at} knows no {interface} address of an object-store{region}: ask for the right region or interface"
    )]
    NoService {
        /// Where.
        at: String,
        /// Which address was wanted.
        interface: &'static str,
        /// ` in region R`, or nothing.
        region: String,
    },
}

impl AuthError {
    /// What it means for who attempted something that needs a login.
    pub fn stops(self, attempt: Attempt<'_>) -> ObjectError {
        match &self {
            Self::Failed { .. } => attempt.because(self),
            Self::Address(_) | Self::Refused(_) | Self::NoService { .. } => {
                attempt.misconfigured(self)
            }
        }
    }

    /// Whether it may be tried again.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Failed { again: true, .. })
    }
}

/// A login that holds.
#[derive(Debug)]
pub struct Session {
    /// The account's address.
    pub storage: Url,
    /// Goes with every request.
    pub token: Secret,
    /// From here on it is to be renewed.
    renew_at: Option<Instant>,
}

impl Session {
    fn new(storage: Url, token: String, lives: Option<Duration>) -> Self {
        let renew_at = lives.map(|lives| Instant::now() + lives - EARLY.min(lives / 5));
        Self {
            storage,
            token: Secret::new(token),
            renew_at,
        }
    }

    fn is_good(&self) -> bool {
        self.renew_at.is_none_or(|at| Instant::now() < at)
    }
}

/// The login of one store.
pub struct Login {
    http: reqwest::Client,
    auth: SwiftAuth,
    region: Option<String>,
    session: Mutex<Option<Arc<Session>>>,
}

impl Login {
    /// Nobody is logged in yet.
    pub fn new(http: reqwest::Client, auth: SwiftAuth, region: Option<String>) -> Self {
        Self {
            http,
            auth,
            region,
            session: Mutex::new(None),
        }
    }

    /// A session that holds. Whoever comes while one logs in waits for its result.
    pub async fn session(&self) -> Result<Arc<Session>, AuthError> {
        self.other_than(None).await
    }

    /// A session that is not `refused`, which Swift takes no more.
    pub async fn instead_of(&self, refused: &Arc<Session>) -> Result<Arc<Session>, AuthError> {
        self.other_than(Some(refused)).await
    }

    async fn other_than(&self, refused: Option<&Arc<Session>>) -> Result<Arc<Session>, AuthError> {
        let mut held = self.session.lock().await;
        if let Some(session) = &*held {
            let is_refused = refused.is_some_and(|refused| Arc::ptr_eq(refused, session));
            if session.is_good() && !is_refused {
                return Ok(session.clone());
            }
        }
        let session = Arc::new(match &self.auth {
            SwiftAuth::V1 { url, user, key } => v1::log_in(&self.http, url, user, key).await?,
            SwiftAuth::V3 {
                url,
                who,
                interface,
            } => v3::log_in(&self.http, url, who, *interface, self.region.as_deref()).await?,
        });
        tracing::debug!(storage = %session.storage, "logged in to Swift");
        *held = Some(session.clone());
        Ok(session)
    }
}

/// A failed answer of a login server.
fn failed(at: &Url, status: reqwest::StatusCode) -> AuthError {
    match status.as_u16() {
        401 | 403 => AuthError::Refused(shown(at)),
        code => AuthError::Failed {
            at: shown(at),
            cause: format!("it answered {code}"),
            again: code >= 500 || code == 429 || code == 498,
        },
    }
}

/// No answer of a login server.
fn unreachable(at: &Url, error: reqwest::Error) -> AuthError {
    AuthError::Failed {
        at: shown(at),
        cause: crate::errors::cause(error),
        again: true,
    }
}

/// An answer that is not a login's.
fn strange(at: &Url, cause: impl ToString) -> AuthError {
    AuthError::Failed {
        at: shown(at),
        cause: cause.to_string(),
        again: false,
    }
}

/// An address without what may be secret in it.
fn shown(at: &Url) -> String {
    format!("{}{}", at.origin().ascii_serialization(), at.path())
}
