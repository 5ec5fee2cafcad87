//! Objects out: a plain one by itself, a large one with its segments.

use crate::{
    core::Core,
    errors::Attempt,
    http::{Target, succeeded},
};
use reelmill_objects::ObjectError;
use reqwest::{Method, StatusCode, header::ACCEPT};
use serde::Deserialize;

/// What Swift says of a deletion of many.
#[derive(Deserialize)]
struct Report {
    #[serde(rename = "Response Status")]
    status: String,
    #[serde(rename = "Errors", default)]
    errors: Vec<(String, String)>,
}

impl Core {
    /// Removes the object of this key; not an error when there is none.
    pub async fn delete(&self, attempt: Attempt<'_>) -> Result<(), ObjectError> {
        let name = self.names.object(attempt)?;
        match self.head(attempt, &name).await? {
            None => Ok(()),
            Some(head) if head.is_large => self.delete_large(attempt, &name).await,
            Some(_) => self.remove(attempt, &name).await,
        }
    }

    async fn delete_large(&self, attempt: Attempt<'_>, name: &str) -> Result<(), ObjectError> {
        let answer = self
            .http
            .send(attempt, Method::DELETE, Target::Object(name), |r| {
                r.query(&[("multipart-manifest", "delete")])
                    .header(ACCEPT, "application/json")
            })
            .await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(());
        }
        let answer = succeeded(attempt, answer).await?;
        // It answers 200 before it begins; how it went is in the body.
        let body = answer.bytes().await.map_err(|e| attempt.unreachable(e))?;
        let report: Report = serde_json::from_slice(&body)
            .map_err(|e| attempt.because(format!("Swift's report can't be read ({e})")))?;
        if report.errors.is_empty() && report.status.starts_with("200") {
            return Ok(());
        }
        let first = report.errors.first().map(|(_, why)| why.as_str());
        // Another took it away at the same time.
        if report.status.starts_with("404") {
            return Ok(());
        }
        Err(attempt.because(format!(
            "Swift removed it only in part ({}{}); deleting again goes on",
            report.status,
            first.map(|why| format!(", {why}")).unwrap_or_default()
        )))
    }
}
