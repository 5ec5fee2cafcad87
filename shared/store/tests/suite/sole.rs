//! One process on a database, when its queue is within itself.

use super::fixture::count;
use reelmill_store::{
    Store,
    sole::{self, Claim, Claimant},
};
use uuid::Uuid;

fn claimant(name: &str, lease_ms: i64) -> Claimant {
    Claimant {
        folder: Uuid::now_v7(),
        name: name.into(),
        lease_ms,
    }
}

async fn taken(store: &Store, claimant: &Claimant) -> Uuid {
    match sole::take(store, claimant).await.unwrap() {
        Claim::Ours(token) => token,
        theirs => panic!("{theirs:?}"),
    }
}

pub async fn only_one_process_claims_a_database(store: &Store) {
    let (one, two) = (claimant("one", 60_000), claimant("two", 60_000));
    assert_eq!(sole::live(store).await.unwrap(), None);
    let first = taken(store, &one).await;
    let (holder, for_ms) = sole::live(store).await.unwrap().unwrap();
    assert!(
        holder == "one" && (1..=60_000).contains(&for_ms),
        "{for_ms}"
    );
    let refused = sole::take(store, &two).await.unwrap();
    assert!(
        matches!(&refused, Claim::Theirs { holder, for_ms: 1..=60_000 } if holder == "one"),
        "{refused:?}"
    );
    // Its next start, in the same folder, has it at once; what is left of the dead one has it no more.
    let second = taken(store, &one).await;
    assert!(!sole::renew(store, first, 60_000).await.unwrap());
    sole::give_back(store, first).await.unwrap();
    assert!(sole::renew(store, second, 60_000).await.unwrap());
    assert!(matches!(
        sole::take(store, &two).await.unwrap(),
        Claim::Theirs { .. }
    ));
    // It ends in order.
    sole::give_back(store, second).await.unwrap();
    assert_eq!(count(store, "sole_claims", "1 = 1").await, 0);
    let third = taken(store, &two).await;
    // It died, and nobody started it again.
    assert!(sole::renew(store, third, 0).await.unwrap());
    assert_eq!(sole::live(store).await.unwrap(), None);
    taken(store, &one).await;
    assert!(!sole::renew(store, third, 60_000).await.unwrap());
}

pub async fn of_many_processes_at_once_one_claims_a_database(store: &Store) {
    let many: Vec<Claimant> = (0..8).map(|n| claimant(&n.to_string(), 60_000)).collect();
    let claims = futures::future::join_all(many.iter().map(|one| sole::take(store, one))).await;
    let ours = claims
        .into_iter()
        .filter(|claim| matches!(claim.as_ref().unwrap(), Claim::Ours(_)));
    assert_eq!(ours.count(), 1);
}
