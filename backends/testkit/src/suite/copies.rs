//! `copies`.

use super::support::{create, document, done, is_there};
use crate::Harness;

/// Nothing is behind or failed, and nothing changes.
pub async fn copies_of_a_record_without_any_are_in_step(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let content = document(&[("alpha", "1")]);
    let revision = create(&*store, &name, &content).await;
    for handle in [&*store, &*h.open().await] {
        let copies = done("looking at copies", handle.copies(&name, &revision).await);
        assert!(copies.are_in_step(), "copies of a record that has none: {copies:?}");
        let copies = done("looking at copies", handle.copies(&h.name(1), &revision).await);
        assert!(copies.are_in_step(), "copies of a record that is missing: {copies:?}");
    }
    is_there(h, &name, &content, &revision).await;
}

/// Where the store makes copies, the place of one without the revision is told; that of another record's is not.
pub async fn copies_that_lag_are_named(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let content = document(&[("alpha", "1")]);
    let revision = create(&*store, &name, &content).await;
    let other = create(&*store, &h.name(1), &content).await;
    let Some(place) = h.lag(&name).await else { return };
    for handle in [&*store, &*h.open().await] {
        let copies = done("looking at copies", handle.copies(&name, &revision).await);
        assert_eq!((copies.behind, copies.failed), (vec![place.clone()], vec![]), "a copy lags behind");
        let copies = done("looking at copies", handle.copies(&h.name(1), &other).await);
        assert!(copies.are_in_step(), "another record's copy lags: {copies:?}");
    }
    is_there(h, &name, &content, &revision).await;
}
