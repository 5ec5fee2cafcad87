//! Listings of the container: by name, page by page; and of objects alone, which steps over what is hidden.

use crate::{core::Core, errors::Attempt, http::Target};
use reelmill_objects::{ObjectError, ObjectMeta, Page};
use reqwest::header::DATE;
use serde::Deserialize;

/// What Swift lists at once, unless told otherwise (`container_listing_limit`).
const PAGE: usize = 10_000;

/// What a listing says of an object.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    pub name: String,
    /// The whole, also of a large object.
    pub bytes: u64,
    /// In UTC, without saying so: `2026-11-20T12:00:00.000000`.
    pub last_modified: String,
}

/// A part of a listing.
pub struct Names {
    pub entries: Vec<Entry>,
    /// Swift's time, as it sent it.
    pub date: Option<String>,
}

impl Core {
    /// Names that begin with `start`, behind `after`, at most `limit`, fewer only at the end or if that is more than
    /// Swift lists at once. A container that isn't there is empty.
    pub async fn list_names(
        &self,
        attempt: Attempt<'_>,
        start: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Names, ObjectError> {
        let limit = limit.min(PAGE).to_string();
        let got = self
            .http
            .whole(attempt, Target::Container, |r| {
                r.query(&[
                    ("format", "json"),
                    ("prefix", start),
                    ("marker", after.unwrap_or_default()),
                    ("limit", &limit),
                ])
            })
            .await?;
        let Some((headers, body)) = got else {
            return Ok(Names {
                entries: Vec::new(),
                date: None,
            });
        };
        let date = headers.get(DATE).and_then(|d| d.to_str().ok());
        let date = date.map(str::to_owned);
        let entries = serde_json::from_slice(&body)
            .map_err(|e| attempt.because(format!("Swift's listing can't be read ({e})")))?;
        Ok(Names { entries, date })
    }

    /// A page of objects.
    pub async fn list_objects(
        &self,
        attempt: Attempt<'_>,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page, ObjectError> {
        let start = self.names.objects(prefix)?;
        let base = &start[..start.len() - prefix.len()];
        let mut after = cursor.map(|key| format!("{base}{key}"));
        let mut page = Page::default();
        loop {
            // One more than is wanted says whether there is more.
            let wanted = limit.saturating_add(1) - page.objects.len();
            let names = self
                .list_names(attempt, &start, after.as_deref(), wanted)
                .await?;
            let Some(last) = names.entries.last() else {
                return Ok(page);
            };
            after = Some(last.name.clone());
            for entry in names.entries {
                if let Some(behind) = self.names.behind_hidden(&entry.name) {
                    // Whatever else this answer has may be hidden too: ask behind all of it.
                    after = Some(behind);
                    break;
                }
                let Some(key) = self.names.key(&entry.name) else {
                    continue;
                };
                if page.objects.len() == limit {
                    page.next = page.objects.last().map(|o| o.key.clone());
                    return Ok(page);
                }
                page.objects.push(ObjectMeta {
                    key: key.to_owned(),
                    bytes: entry.bytes,
                });
            }
        }
    }
}
