//! Everything of a job that is no stored file.

use super::SweepError;
use crate::core::Core;
use futures::future::try_join_all;
use reelmill_runtime::metrics;
use reelmill_store::sweep::{self, Sweep};

/// Objects listed at once.
const PAGE: usize = 500;
/// Objects deleted at once: more would take the store from those who wait for it.
const AT_ONCE: usize = 4;

/// Deletes what lies there, and the last time also what was begun and not ended: no run can be writing then.
pub async fn sweep(core: &Core, due: &Sweep) -> Result<(), SweepError> {
    strays(core, &due.prefix).await?;
    if due.is_last() {
        for what in core.objects.unfinished(&due.prefix).await? {
            if core.objects.discard(&what).await? {
                metrics::swept("unfinished", 1);
            }
        }
    }
    Ok(())
}

async fn strays(core: &Core, prefix: &str) -> Result<(), SweepError> {
    let mut cursor: Option<String> = None;
    loop {
        let page = core.objects.list(prefix, cursor.as_deref(), PAGE).await?;
        let mut keys: Vec<String> = page.objects.into_iter().map(|object| object.key).collect();
        let stored = sweep::stored_among(core.store.db(), &keys).await?;
        keys.retain(|key| !stored.contains(key));
        let strays = keys.len() as u64;
        for some in keys.chunks(AT_ONCE) {
            let gone: Vec<_> = some.iter().map(|key| core.objects.delete(key)).collect();
            try_join_all(gone).await?;
        }
        metrics::swept("object", strays);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}
