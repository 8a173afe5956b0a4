//! `list`.

use momo_cred_backend_api::{ErrorKind, Removal, Removes};

use super::support::{create, document, done, is_there, refused};
use crate::Harness;

/// All names that begin with the prefix, and no other.
pub async fn list_names_what_the_prefix_covers(h: &dyn Harness) {
    let store = h.open().await;
    if !store.capabilities().list {
        return;
    }
    assert!(done("listing", store.list(&h.prefix()).await).is_empty(), "nothing was written yet");
    for n in [0, 2, 3, 4] {
        create(&*store, &h.name(n), &document(&[("alpha", "1"), ("beta", "2")])).await;
    }
    let mut listed = done("listing", store.list(&h.prefix()).await);
    listed.sort();
    let mut expected = [0, 2, 3].map(|n| h.name(n));
    expected.sort();
    assert_eq!(listed, expected, "below the prefix");
    assert_eq!(
        done("listing", store.list(h.name(2).as_str()).await),
        [h.name(2)],
        "a whole name is a prefix"
    );
    let all = done("listing", store.list("").await);
    for n in [0, 2, 3, 4] {
        assert_eq!(
            all.iter().filter(|name| **name == h.name(n)).count(),
            1,
            "everything is below no prefix: {all:?}"
        );
    }
}

/// A removed record is not listed.
pub async fn list_leaves_out_the_removed(h: &dyn Harness) {
    let store = h.open().await;
    let removes = store.capabilities().remove;
    if !store.capabilities().list || removes == Removes::Nothing {
        return;
    }
    for removal in [Removal::Recoverable, Removal::Destroy] {
        if removal == Removal::Recoverable && removes == Removes::ForGood {
            continue;
        }
        let name = if removal == Removal::Recoverable { h.name(1) } else { h.name(2) };
        let revision = create(&*store, &name, &document(&[("alpha", "1")])).await;
        done("removing", store.remove(&name, &revision, removal).await);
        let listed = done("listing", store.list(&h.prefix()).await);
        assert!(!listed.contains(&name), "removed by {removal:?}, and still listed");
    }
}

/// Listing without the capability.
pub async fn list_beyond_capability_is_unsupported(h: &dyn Harness) {
    let (store, content) = (h.open().await, document(&[("alpha", "1")]));
    let revision = create(&*store, &h.name(0), &content).await;
    for prefix in [h.prefix(), String::new()] {
        let answer = store.list(&prefix).await;
        if store.capabilities().list {
            done("listing", answer);
        } else {
            refused("listing", answer, ErrorKind::Unsupported);
        }
    }
    is_there(h, &h.name(0), &content, &revision).await;
}
