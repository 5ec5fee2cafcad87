//! A user who does not give up: whatever fails is tried again, and every wish must become exactly one job.

use super::kind::Kind;
use super::tally::Tally;
use super::wish::{Clip, Fate, Way, Wish};
use anyhow::{Context, Result, bail};
use reelmill_tests::api::{self, Answer, Api};
use reelmill_tests::wait::secs;
use reqwest::Method;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

/// Longer than anything is broken at a stretch.
const PATIENCE: Duration = Duration::from_secs(300);
/// For a job to end while everything breaks and others go first.
const TO_END: Duration = Duration::from_secs(1800);
/// For one request.
const REQUEST: Duration = Duration::from_secs(30);

/// What all users share.
pub struct Users<'a> {
    pub api: Api,
    pub seed: u64,
    pub clips: &'a [Clip],
    pub tally: &'a Tally,
    /// Finished uploads by film.
    pub uploads: RefCell<BTreeMap<usize, Vec<String>>>,
    /// The jobs that were accepted, and those of them that were deleted.
    pub accepted: RefCell<BTreeMap<String, Wish>>,
    pub deleted: RefCell<Vec<String>>,
}

impl Users<'_> {
    /// Uploads, submits and sees to the job's fate.
    pub async fn wish(&self, mut wish: Wish) {
        let number = wish.number;
        if let Err(error) = self.fulfil(&mut wish).await {
            self.tally.wrong(format!("wish {number}: {error:#}"));
        }
    }

    async fn fulfil(&self, wish: &mut Wish) -> Result<()> {
        let id = loop {
            let upload = self.upload(wish).await?;
            if let Some(id) = self.submit(wish, &upload).await? {
                break id;
            }
            // The upload has gone meanwhile: another one.
            wish.way = Way::Whole;
        };
        let before = self.accepted.borrow_mut().insert(id.clone(), wish.clone());
        if let Some(other) = before {
            bail!("{id} is the job of wish {} too", other.number);
        }
        match wish.fate {
            Fate::Kept => Ok(()),
            Fate::Cancelled(after) => {
                tokio::time::sleep(after).await;
                let path = format!("/api/v1/jobs/{id}/cancel");
                let answer = self.ask(Method::POST, &path, &[], "").await?;
                expect(&answer, &[200], "cancelling")?;
                if answer.json()?["state"] != "completed" {
                    self.tally.hit(Kind::JobCancelled, 1);
                }
                Ok(())
            }
            Fate::Deleted => self.delete(&id).await,
        }
    }

    async fn delete(&self, id: &str) -> Result<()> {
        let path = format!("/api/v1/jobs/{id}");
        let deadline = tokio::time::Instant::now() + TO_END;
        loop {
            let job = self.ask(Method::GET, &path, &[], "").await?;
            expect(&job, &[200], "looking at a job")?;
            if api::ended(&job.json()?) {
                break;
            }
            if tokio::time::Instant::now() > deadline {
                bail!("{id} has not ended after {TO_END:?}: {}", job.text);
            }
            tokio::time::sleep(secs(2)).await;
        }
        self.deleted.borrow_mut().push(id.to_owned());
        // 404: an earlier try went through, and its answer was lost.
        let answer = self.ask(Method::DELETE, &path, &[], "").await?;
        expect(&answer, &[204, 404], "deleting")?;
        self.tally.hit(Kind::JobDeleted, 1);
        Ok(())
    }

    /// The id of a finished upload of the wish's film.
    async fn upload(&self, wish: &mut Wish) -> Result<String> {
        let shared = match wish.way {
            Way::Shared => {
                let uploads = self.uploads.borrow();
                let known = uploads.get(&wish.clip);
                known.and_then(|all| all.last().cloned())
            }
            _ => None,
        };
        if let Some(id) = shared {
            return Ok(id);
        }
        let clip = &self.clips[wish.clip];
        let name = clip.path.file_name().context("no name")?.to_string_lossy();
        let id = match wish.way {
            Way::Pieces { count, broken } => {
                super::pieces::upload(self, &name, &clip.bytes, count, broken, &mut wish.chance)
                    .await?
            }
            _ => {
                let path = format!("/api/v1/uploads?name={name}");
                let bytes = clip.bytes.clone();
                let answer = self.ask(Method::PUT, &path, &[], bytes).await?;
                expect(&answer, &[201], "uploading")?;
                api::id(&answer.json()?)?
            }
        };
        let mut uploads = self.uploads.borrow_mut();
        uploads.entry(wish.clip).or_default().push(id.clone());
        Ok(id)
    }

    /// The job's id; `None` when the upload is not there any more.
    async fn submit(&self, wish: &Wish, upload: &str) -> Result<Option<String>> {
        let outputs: Vec<Value> = wish.presets.iter().map(|p| json!({"preset": p})).collect();
        let body = json!({
            "source": {"upload": upload}, "outputs": outputs,
            "priority": wish.priority, "metadata": {"wish": wish.number},
        });
        let key = format!("soak-{}-{}", self.seed, wish.number);
        let headers = [
            ("idempotency-key", key.as_str()),
            ("content-type", "application/json"),
        ];
        let path = "/api/v1/jobs";
        let first = self
            .ask(Method::POST, path, &headers, body.to_string())
            .await?;
        if matches!(first.status, 404 | 410 | 422) && first.text.contains("upload") {
            self.tally.count("uploads that expired before their job");
            return Ok(None);
        }
        expect(&first, &[200, 201], "submitting")?;
        let id = api::id(&first.json()?)?;
        if wish.twice {
            let again = self
                .ask(Method::POST, path, &headers, body.to_string())
                .await?;
            expect(&again, &[200, 201], "submitting again")?;
            if api::id(&again.json()?)? != id {
                bail!("two sends of one key are two jobs: {id} and {}", again.text);
            }
            self.tally.hit(Kind::SubmittedTwice, 1);
        }
        Ok(Some(id))
    }

    /// A request that is sent until it is answered with something else than trouble of the servers' own.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<bytes::Bytes>,
    ) -> Result<Answer> {
        let body = body.into();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let once = self.api.raw(method.clone(), path, headers, body.clone());
            let last = match tokio::time::timeout(REQUEST, once).await {
                Ok(Ok(answer)) if answer.status < 500 && answer.status != 423 => {
                    return Ok(answer);
                }
                Ok(Ok(answer)) => {
                    self.tally.count(match answer.status {
                        423 => "answers: 423",
                        500 => "answers: 500",
                        502 => "answers: 502",
                        503 => "answers: 503",
                        504 => "answers: 504",
                        _ => "answers: other 5xx",
                    });
                    format!("{} {}", answer.status, answer.text)
                }
                Ok(Err(error)) => {
                    self.tally.count("requests broken");
                    format!("{error:#}")
                }
                Err(_) => {
                    self.tally.count("requests without an answer in 30 s");
                    "no answer".into()
                }
            };
            if tokio::time::Instant::now() > deadline {
                bail!("{method} {path} in vain for {PATIENCE:?}; at last: {last}");
            }
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
    }
}

/// Fails when a request was answered otherwise.
pub fn expect(answer: &Answer, wanted: &[u16], what: &str) -> Result<()> {
    if !wanted.contains(&answer.status) {
        bail!("{what}: {} {}", answer.status, answer.text);
    }
    Ok(())
}
