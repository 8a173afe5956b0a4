//! Names and access.

use std::collections::HashSet;

use momo_cred_backend_api::{At, ErrorKind, Expect, Notice, Removal, Removes, Work};

use super::support::{create, document, done, is_there, read, refused};
use crate::Harness;

/// A name that the store cannot hold is misconfigured before any I/O.
pub async fn names_that_do_not_fit_are_refused(h: &dyn Harness) {
    let (store, content) = (h.open().await, document(&[("alpha", "1")]));
    let revision = create(&*store, &h.name(0), &content).await;
    let can = store.capabilities();
    let listed = if can.list { done("listing", store.list("").await).len() } else { 0 };
    for bad in h.bad_names() {
        let misfit = |able: bool| if able { ErrorKind::Misconfigured } else { ErrorKind::Unsupported };
        refused("reading", store.read(&bad, &At::Current).await, ErrorKind::Misconfigured);
        refused("asking", store.revision(&bad).await, ErrorKind::Misconfigured);
        for expect in [Expect::Absent, Expect::Revision(revision.clone())] {
            refused("writing", store.write(&bad, &content, &expect).await, ErrorKind::Misconfigured);
        }
        refused("looking at copies", store.copies(&bad, &revision).await, ErrorKind::Misconfigured);
        refused("holding", store.hold(&bad, Work::Renewal).await, ErrorKind::Misconfigured);
        // Where the capability is off both answers are true.
        for (able, answer) in [
            (can.remove != Removes::Nothing, store.remove(&bad, &revision, Removal::Destroy).await),
            (can.history, store.history(&bad).await.map(|_| ())),
        ] {
            let kind = answer.as_ref().err().map(momo_cred_backend_api::Error::kind);
            let kind = kind
                .filter(|kind| !able && *kind == ErrorKind::Misconfigured)
                .unwrap_or_else(|| misfit(able));
            refused("a name that does not fit", answer, kind);
        }
    }
    if can.list {
        assert_eq!(done("listing", store.list("").await).len(), listed, "something was made");
    }
    is_there(h, &h.name(0), &content, &revision).await;
    let places: HashSet<_> = (0..5).map(|n| store.location(&h.name(n)).to_string()).collect();
    assert_eq!(places.len(), 5, "each record has its own location: {places:?}");
}

/// What was taken does not come again, whatever is called after.
pub async fn notices_are_told_once(h: &dyn Harness) {
    let (store, content) = (h.open().await, document(&[("alpha", "1")]));
    let revision = create(&*store, &h.name(0), &content).await;
    let told: HashSet<Notice> = store.notices().into_iter().collect();
    is_there(h, &h.name(0), &content, &revision).await;
    read(&*store, &h.name(0)).await;
    for again in store.notices() {
        assert!(!told.contains(&again), "told again: {}", again.text());
    }
}

/// Refused access is denied, never missing.
pub async fn refused_access_is_denied(h: &dyn Harness) {
    let (store, content) = (h.open().await, document(&[("alpha", "1")]));
    let revision = create(&*store, &h.name(0), &content).await;
    let name = h.name(0);
    for n in 0..2 {
        // The second name was never written: there too nobody may learn that it is missing.
        if !h.deny(&h.name(n)).await {
            return;
        }
    }
    for n in 0..2 {
        refused("reading", store.read(&h.name(n), &At::Current).await, ErrorKind::Denied);
        refused("asking", store.revision(&h.name(n)).await, ErrorKind::Denied);
    }
    for answer in store.read_many(&[h.name(0), h.name(1)]).await {
        refused("reading many", answer, ErrorKind::Denied);
    }
    refused("writing", store.write(&h.name(1), &content, &Expect::Absent).await, ErrorKind::Denied);
    let expect = Expect::Revision(revision.clone());
    refused("writing", store.write(&name, &content, &expect).await, ErrorKind::Denied);
    if store.capabilities().remove != Removes::Nothing {
        refused("removing", store.remove(&name, &revision, Removal::Destroy).await, ErrorKind::Denied);
    }
    if store.capabilities().history {
        refused("asking for the history", store.history(&name).await, ErrorKind::Denied);
    }
    read(&*store, &h.name(2)).await;
}
