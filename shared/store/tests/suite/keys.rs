//! Idempotency keys: compared byte by byte, used once.

use reelmill_domain::id::JobId;
use reelmill_store::{
    Store, StoreError,
    submit::{Used, recall, remember},
};
use uuid::Uuid;

pub async fn keys_that_differ_in_anything_are_different_keys(store: &Store) {
    let used = |n| Used {
        body_hash: "ab".repeat(32),
        job: JobId(Uuid::from_u128(n)),
    };
    // Case, accents, trailing space, composition, and what is beyond the basic plane.
    let keys = [
        "key",
        "Key",
        "kéy",
        "ke\u{301}y",
        "key ",
        "ключ",
        "🎬",
        "🎥",
    ];
    for (key, n) in keys.iter().zip(0..) {
        remember(store.db(), "ann", key, &used(n)).await.unwrap();
        remember(store.db(), "Ann", key, &used(n + 100))
            .await
            .unwrap();
    }
    for (key, n) in keys.iter().zip(0..) {
        assert_eq!(
            recall(store.db(), "ann", key).await.unwrap(),
            Some(used(n)),
            "{key}"
        );
        let again = remember(store.db(), "ann", key, &used(9)).await;
        assert!(
            matches!(again, Err(StoreError::Conflict { .. })),
            "{again:?}"
        );
    }
    assert_eq!(recall(store.db(), "ann", "KEY").await.unwrap(), None);
}
