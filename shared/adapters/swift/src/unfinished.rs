//! Segments that no object is made of: found by listing them and looking at the object that they were for.

use crate::{core::Core, errors::Attempt, segments::Group};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::{Timestamp, civil::DateTime, fmt::rfc2822, tz::TimeZone};
use reelmill_objects::{ObjectError, Unfinished, check_key};

/// What is returned at most.
const MOST: usize = 10_000;

/// What is listed at once.
const AT_ONCE: usize = 5000;

/// A group of segments, while it is being listed.
struct Found {
    key: String,
    group: String,
    newest: String,
}

impl Core {
    /// Groups of segments below `prefix` that no object is made of.
    pub async fn unfinished(
        &self,
        attempt: Attempt<'_>,
        prefix: &str,
    ) -> Result<Vec<Unfinished>, ObjectError> {
        let start = self.names.segments(prefix)?;
        let mut after: Option<String> = None;
        let mut unfinished = Vec::new();
        let mut open: Option<Found> = None;
        loop {
            let page = self
                .list_names(attempt, &start, after.as_deref(), AT_ONCE)
                .await?;
            let now = page.date.as_deref().and_then(|d| rfc2822::parse(d).ok());
            let now = now.map_or_else(Timestamp::now, |z| z.timestamp());
            let mut complete = Vec::new();
            for entry in &page.entries {
                let Some(place) = self.names.parse_segment(&entry.name) else {
                    continue;
                };
                match &mut open {
                    Some(found) if found.group == place.group && found.key == place.key => {
                        if found.newest < entry.last_modified {
                            found.newest.clone_from(&entry.last_modified);
                        }
                    }
                    _ => complete.extend(open.replace(Found {
                        key: place.key.to_owned(),
                        group: place.group.to_owned(),
                        newest: entry.last_modified.clone(),
                    })),
                }
            }
            after = page.entries.last().map(|e| e.name.clone());
            if after.is_none() {
                complete.extend(open.take());
            }
            unfinished.extend(self.without_object(attempt, complete, now).await?);
            if after.is_none() || unfinished.len() >= MOST {
                unfinished.truncate(MOST);
                return Ok(unfinished);
            }
        }
    }

    async fn without_object(
        &self,
        attempt: Attempt<'_>,
        groups: Vec<Found>,
        now: Timestamp,
    ) -> Result<Vec<Unfinished>, ObjectError> {
        let found = stream::iter(groups).map(|found| async move {
            let at = Attempt {
                key: &found.key,
                ..attempt
            };
            let known = self.complete.knows(&found.key, &found.group);
            Ok::<_, ObjectError>(match known || self.is_made_of(at, &found.group).await? {
                true => {
                    if !known {
                        self.complete.learn(&found.key, &found.group);
                    }
                    None
                }
                false => Some(Unfinished {
                    age_s: age(&found.newest, now),
                    key: found.key,
                    id: found.group,
                }),
            })
        });
        let found = found.buffered(self.config.parallel.max(1));
        found
            .try_filter_map(async |one| Ok(one))
            .try_collect()
            .await
    }

    /// Whether the object of this key is made of this group.
    async fn is_made_of(&self, attempt: Attempt<'_>, group: &str) -> Result<bool, ObjectError> {
        if check_key(attempt.key).is_err() {
            return Ok(false);
        }
        let name = self.names.object(attempt)?;
        let head = self.head(attempt, &name).await?;
        Ok(head.is_some_and(|h| h.group.as_deref() == Some(group)))
    }

    /// Removes the segments of such a group, unless an object is made of it now; whether there were any.
    pub async fn discard(
        &self,
        attempt: Attempt<'_>,
        what: &Unfinished,
    ) -> Result<bool, ObjectError> {
        check_key(&what.key)?;
        check_key(&what.id)?;
        if self.is_made_of(attempt, &what.id).await? {
            return Ok(false);
        }
        let group = Group {
            core: self,
            attempt,
            id: &what.id,
        };
        group.remove_all_but(&Default::default()).await
    }
}

/// Seconds since a listing's time; 0 when it can't be read.
fn age(modified: &str, now: Timestamp) -> u64 {
    let modified: Option<DateTime> = modified.parse().ok();
    let modified = modified.and_then(|m| m.to_zoned(TimeZone::UTC).ok());
    modified.map_or(0, |m| {
        u64::try_from(now.as_second() - m.timestamp().as_second()).unwrap_or(0)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests speak by panicking")]
mod tests {
    use super::*;

    #[test]
    fn ages_are_counted_in_the_stores_clock() {
        let now = rfc2822::parse("Fri, 20 Nov 2026 12:00:10 GMT")
            .unwrap()
            .timestamp();
        assert_eq!(age("2026-11-20T12:00:00.123456", now), 10);
        assert_eq!(age("2026-11-20T12:00:20.000000", now), 0);
        assert_eq!(age("yesterday", now), 0);
    }
}
