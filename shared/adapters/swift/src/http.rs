//! One request to Swift, tried again when that may help: with backoff, a new token when the old one is refused, and a
//! container when there is none yet. What the answer means is the caller's business.

use crate::{
    auth::{Login, Session},
    config::SwiftConfig,
    errors::Attempt,
};
use bytes::Bytes;
use reelmill_objects::ObjectError;
use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
    redirect,
};
use std::{sync::Arc, time::Duration};
use url::Url;
use uuid::Uuid;

/// How often one request is sent at most; with the waits below about 11 s.
pub const TRIES: u32 = 8;
/// The first wait; each next one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait, and the longest that a `Retry-After` is followed.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// For how long a connection may be silent.
const SILENCE: Duration = Duration::from_secs(60);
/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(5);

/// Requests of one store.
pub struct Http {
    client: reqwest::Client,
    login: Login,
    container: String,
}

/// What of the account is meant.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// The container.
    Container,
    /// An object in it, by name.
    Object(&'a str),
}

impl Http {
    /// Nothing is connected yet.
    pub fn new(config: &SwiftConfig) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("reelmill/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECTING)
            .read_timeout(SILENCE)
            // A token must not follow an answer to another host.
            .redirect(redirect::Policy::none())
            .build()?;
        let login = Login::new(client.clone(), config.auth.clone(), config.region.clone());
        Ok(Self {
            client,
            login,
            container: config.container.clone(),
        })
    }

    /// The session that holds now.
    pub async fn session(&self, attempt: Attempt<'_>) -> Result<Arc<Session>, ObjectError> {
        let mut tries = 1;
        loop {
            match self.login.session().await {
                Err(e) if e.may_pass() && tries < TRIES => wait(tries, None).await,
                done => return done.map_err(|e| e.stops(attempt)),
            }
            tries += 1;
        }
    }

    /// Sends a request, again and again if need be. The answer may still be a refusal.
    pub async fn send(
        &self,
        attempt: Attempt<'_>,
        method: Method,
        target: Target<'_>,
        make: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, ObjectError> {
        self.send_patiently(TRIES, attempt, method, target, make)
            .await
    }

    /// As [`Http::send`], with so many tries.
    pub async fn send_patiently(
        &self,
        most: u32,
        attempt: Attempt<'_>,
        method: Method,
        target: Target<'_>,
        make: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, ObjectError> {
        let mut refused: Option<Arc<Session>> = None;
        let mut renewed = false;
        for tries in 1.. {
            let last = tries >= most;
            let session = match &refused {
                Some(old) => self.login.instead_of(old).await,
                None => self.login.session().await,
            };
            let session = match session {
                Ok(session) => session,
                Err(e) if e.may_pass() && !last => {
                    retrying(attempt, tries, &e);
                    wait(tries, None).await;
                    continue;
                }
                Err(e) => return Err(e.stops(attempt)),
            };
            let url = self.url(&session.storage, target, attempt)?;
            let request = self
                .client
                .request(method.clone(), url)
                .header("X-Auth-Token", session.token.expose());
            match make(request).send().await {
                Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED && !renewed => {
                    renewed = true;
                    refused = Some(session);
                }
                Ok(answer) if may_pass(answer.status()) && !last => {
                    retrying(attempt, tries, &answer.status());
                    wait(tries, retry_after(&answer)).await;
                }
                Ok(answer) => return Ok(answer),
                Err(e) if last => return Err(attempt.unreachable(e)),
                Err(e) => {
                    retrying(attempt, tries, &crate::errors::cause(e));
                    // A server that refuses a token may close the connection before its answer is read.
                    if tries == 2 {
                        refused = Some(session);
                    }
                    wait(tries, None).await;
                }
            }
        }
        Err(attempt.because("it was never sent"))
    }

    /// As [`Http::send`]; an answer that is no success is an error.
    pub async fn ok(
        &self,
        attempt: Attempt<'_>,
        method: Method,
        target: Target<'_>,
        make: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, ObjectError> {
        succeeded(attempt, self.send(attempt, method, target, make).await?).await
    }

    /// The whole body of a GET, however often it breaks off; with its headers. `None` when there is no such thing.
    pub async fn whole(
        &self,
        attempt: Attempt<'_>,
        target: Target<'_>,
        make: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Option<(HeaderMap, Bytes)>, ObjectError> {
        for tries in 1.. {
            let answer = self.send(attempt, Method::GET, target, &make).await?;
            if answer.status() == StatusCode::NOT_FOUND {
                return Ok(None);
            }
            let answer = succeeded(attempt, answer).await?;
            let headers = answer.headers().clone();
            match answer.bytes().await {
                Ok(body) => return Ok(Some((headers, body))),
                Err(e) if tries >= TRIES => return Err(attempt.unreachable(e)),
                Err(e) => {
                    retrying(attempt, tries, &crate::errors::cause(e));
                    wait(tries, None).await;
                }
            }
        }
        Err(attempt.because("it was never sent"))
    }

    /// As [`Http::send`] for what writes an object: a missing container is made.
    pub async fn write(
        &self,
        attempt: Attempt<'_>,
        method: Method,
        name: &str,
        make: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, ObjectError> {
        let target = Target::Object(name);
        let answer = self.send(attempt, method.clone(), target, &make).await?;
        if answer.status() != StatusCode::NOT_FOUND {
            return succeeded(attempt, answer).await;
        }
        self.make_container(attempt).await?;
        let answer = self.send(attempt, method, target, make).await?;
        match answer.status() {
            // To the port that would say that the object is missing.
            StatusCode::NOT_FOUND => {
                Err(attempt.because("Swift answered 404 to a write, though the container is there"))
            }
            _ => succeeded(attempt, answer).await,
        }
    }

    /// Makes the container; not an error when it is there.
    pub async fn make_container(&self, attempt: Attempt<'_>) -> Result<(), ObjectError> {
        let answer = self
            .send(attempt, Method::PUT, Target::Container, |r| r)
            .await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Err(attempt.misconfigured("Swift has no such account")),
            _ => succeeded(attempt, answer).await.map(drop),
        }
    }

    /// An address outside the account, without a token: what a cluster says of itself.
    pub async fn public(&self, url: Url) -> Result<Response, reqwest::Error> {
        self.client.get(url).send().await
    }

    /// The address of a target.
    pub fn url(
        &self,
        storage: &Url,
        target: Target<'_>,
        attempt: Attempt<'_>,
    ) -> Result<Url, ObjectError> {
        let mut url = storage.clone();
        let mut path = url
            .path_segments_mut()
            .map_err(|()| attempt.because("the account's address is no base of other addresses"))?;
        path.pop_if_empty().push(&self.container);
        if let Target::Object(name) = target {
            path.extend(name.split('/'));
        }
        drop(path);
        Ok(url)
    }
}

/// The answer, or what it means that it is no success.
pub async fn succeeded(attempt: Attempt<'_>, answer: Response) -> Result<Response, ObjectError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    // The reason is a courtesy: without it the status speaks alone.
    let text = answer.text().await.unwrap_or_default();
    Err(attempt.answered(status, &text))
}

/// Whether asking again may help: an overloaded or broken server, or one that limits (498 is Swift's rate limit).
fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 498 | 500 | 502 | 503 | 504)
}

fn retry_after(answer: &Response) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.parse().ok().map(Duration::from_secs)
}

/// Waits before the next try: between half and the whole of a span that doubles, so that clients drift apart.
pub async fn wait(tries: u32, asked: Option<Duration>) {
    let whole = FIRST_WAIT * 2u32.saturating_pow(tries.saturating_sub(1).min(16));
    let whole = whole.max(asked.unwrap_or_default()).min(LONGEST_WAIT);
    let chance = u32::from(Uuid::now_v7().as_bytes()[15]);
    tokio::time::sleep(whole / 2 + whole / 2 * chance / 255).await;
}

fn retrying(attempt: Attempt<'_>, tries: u32, why: &dyn std::fmt::Display) {
    tracing::debug!(what = attempt.what, key = attempt.key, tries, %why, "Swift is asked again");
}
