//! `remove`.

use momo_cred_backend_api::{At, ErrorKind, Lookup, Removal, Removes};

use super::support::{create, document, done, found, is_not_there, is_there, read, refused, replace};
use crate::Harness;

/// The removals a store has.
fn removals(removes: Removes) -> &'static [Removal] {
    match removes {
        Removes::Nothing => &[],
        Removes::ForGood => &[Removal::Destroy],
        Removes::Recoverably => &[Removal::Recoverable, Removal::Destroy],
    }
}

/// Afterwards the record is missing or deleted, and others are untouched.
pub async fn remove_leaves_nothing_to_read(h: &dyn Harness) {
    let store = h.open().await;
    let content = document(&[("alpha", "1"), ("beta", "2")]);
    let other = create(&*store, &h.name(3), &content).await;
    for (n, removal) in removals(store.capabilities().remove).iter().enumerate() {
        let revision = create(&*store, &h.name(n), &content).await;
        done("removing", store.remove(&h.name(n), &revision, *removal).await);
        for reader in [&*store, &*h.open().await] {
            let lookup = read(reader, &h.name(n)).await;
            assert!(!matches!(lookup, Lookup::Found(_)), "removed by {removal:?}, and still {lookup:?}");
        }
        is_there(h, &h.name(3), &content, &other).await;
    }
}

/// After a destroying removal no revision reads as found.
pub async fn remove_destroyed_is_not_recoverable(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    if store.capabilities().remove == Removes::Nothing {
        return;
    }
    let first = create(&*store, &name, &document(&[("alpha", "1")])).await;
    let second = replace(&*store, &name, &document(&[("alpha", "2")]), &first).await;
    done("removing", store.remove(&name, &second, Removal::Destroy).await);
    for at in [At::Current, At::Revision(first), At::Revision(second)] {
        match store.read(&name, &at).await {
            Ok(lookup) => {
                assert!(!matches!(lookup, Lookup::Found(_)), "destroyed, and at {at:?} still {lookup:?}");
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "at {at:?}: {error:?}"),
        }
    }
}

/// A revision that is not the current one is a conflict, and the record stays as it was.
pub async fn remove_stale_conflicts(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let first = create(&*store, &name, &document(&[("alpha", "1")])).await;
    let content = document(&[("alpha", "2")]);
    let second = replace(&*h.open().await, &name, &content, &first).await;
    for removal in removals(store.capabilities().remove) {
        refused(
            "removing a stale revision",
            store.remove(&name, &first, *removal).await,
            ErrorKind::Conflict,
        );
        is_there(h, &name, &content, &second).await;
    }
}

/// Removing is a conflict when there is nothing.
pub async fn remove_missing_conflicts(h: &dyn Harness) {
    let store = h.open().await;
    let content = document(&[("alpha", "1")]);
    let revision = create(&*store, &h.name(0), &content).await;
    for removal in removals(store.capabilities().remove) {
        let answer = store.remove(&h.name(1), &revision, *removal).await;
        refused("removing what is missing", answer, ErrorKind::Conflict);
        is_not_there(h, &h.name(1)).await;
    }
    is_there(h, &h.name(0), &content, &revision).await;
}

/// A removal the store does not have changes nothing.
pub async fn remove_beyond_capability_is_unsupported(h: &dyn Harness) {
    let (store, name, content) = (h.open().await, h.name(0), document(&[("alpha", "1")]));
    let has = removals(store.capabilities().remove);
    let revision = create(&*store, &name, &content).await;
    for removal in [Removal::Recoverable, Removal::Destroy] {
        if !has.contains(&removal) {
            refused("a removal", store.remove(&name, &revision, removal).await, ErrorKind::Unsupported);
            is_there(h, &name, &content, &revision).await;
        }
    }
    assert_eq!(found(&*store, &name).await.revision, revision);
}
