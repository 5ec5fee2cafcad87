//! Listing by prefix in the order of the names, which S3 keeps already; the tails of uploads are stepped over.

use crate::bucket::Bucket;
use reelmill_objects::{ObjectError, ObjectMeta, Page, check_key};

/// The most that S3 lists at once.
const MOST: usize = 1000;

/// The objects after `cursor` whose keys start with `prefix`, at most `limit` (at least one is asked for).
pub async fn page(
    bucket: &Bucket,
    prefix: &str,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page, ObjectError> {
    let attempt = bucket.place.attempt("listing", prefix);
    let limit = limit.clamp(1, MOST);
    let mut after = cursor.map(|key| bucket.names.object(key));
    let mut page = Page::default();
    loop {
        let listed = bucket
            .client
            .list_objects_v2()
            .bucket(&bucket.name)
            .prefix(bucket.names.object(prefix))
            .set_start_after(after.take())
            .max_keys((limit - page.objects.len()) as i32)
            .send()
            .await
            .map_err(|e| attempt.failed(e))?;
        let mut last = None;
        let mut met_tail = false;
        for object in listed.contents() {
            let name = object.key().unwrap_or_default();
            if bucket.names.is_tail(name) {
                met_tail = true;
                break;
            }
            last = Some(name.to_owned());
            // What no key looks like is no object: a trial, or something of somebody else's.
            let key = bucket.names.key(name);
            let Some(key) = key.filter(|key| check_key(key).is_ok()) else {
                continue;
            };
            page.objects.push(ObjectMeta {
                key: key.to_owned(),
                bytes: u64::try_from(object.size().unwrap_or_default()).unwrap_or_default(),
            });
        }
        after = match (met_tail, listed.is_truncated() == Some(true)) {
            (true, _) => Some(bucket.names.behind_tails()),
            (false, true) => last,
            (false, false) => None,
        };
        if after.is_none() {
            return Ok(page);
        }
        if page.objects.len() == limit {
            page.next = page.objects.last().map(|o| o.key.clone());
            return Ok(page);
        }
    }
}
