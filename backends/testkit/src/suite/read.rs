//! `read`, `read_many` and `revision`.

use momo_cred_backend_api::{At, Document, ErrorKind, Expect, Lookup, Removal, Removes};

use super::support::{create, document, done, field, found, is_found, is_there, read, refused, replace};
use crate::{FIELDS, Harness};

/// A name never written is missing.
pub async fn read_missing_is_missing(h: &dyn Harness) {
    let store = h.open().await;
    for n in 0..2 {
        for reader in [&*store, &*h.open().await] {
            let lookup = read(reader, &h.name(n)).await;
            assert!(matches!(lookup, Lookup::Missing), "a name never written is {lookup:?}");
        }
        // The second time around there is a neighbour.
        if n == 0 {
            create(&*store, &h.name(0), &document(&[("alpha", "1")])).await;
        }
    }
}

/// Every field comes back byte for byte, and no other.
pub async fn read_returns_what_was_written(h: &dyn Harness) {
    let store = h.open().await;
    let full: Document = FIELDS.iter().map(|name| (field(name), format!("value-of-{name}").into())).collect();
    create(&*store, &h.name(0), &full).await;
    let one = document(&[("beta", "aZ09._/:@%+,-")]);
    create(&*store, &h.name(1), &one).await;
    for (n, written) in [(0, &full), (1, &one)] {
        let stored = found(&*store, &h.name(n)).await;
        assert!(stored.document.same_as(written), "read {:?}, wrote {written:?}", stored.document);
    }
}

/// What a second handle wrote is seen at once.
pub async fn read_sees_another_handle(h: &dyn Harness) {
    let (reader, writer, name) = (h.open().await, h.open().await, h.name(0));
    assert!(!matches!(read(&*reader, &name).await, Lookup::Found(_)), "nothing was written yet");
    let mut revision = create(&*writer, &name, &document(&[("alpha", "1")])).await;
    for value in ["2", "3"] {
        let stored = found(&*reader, &name).await;
        assert_eq!(stored.revision, revision, "the reader is behind the writer");
        let next = document(&[("alpha", value)]);
        revision = replace(&*writer, &name, &next, &revision).await;
        assert!(found(&*reader, &name).await.document.same_as(&next), "the reader is behind the writer");
    }
}

/// The current version can be read by its number on every store.
pub async fn read_current_by_revision(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let first = create(&*store, &name, &document(&[("alpha", "1")])).await;
    let content = document(&[("alpha", "2")]);
    let revision = replace(&*store, &name, &content, &first).await;
    let stored = is_found(done("reading", store.read(&name, &At::Revision(revision.clone())).await));
    assert!(stored.document.same_as(&content), "the current version has other content by its number");
    assert_eq!(stored.revision, revision);
}

/// With `history`, an earlier version reads as it was written; without, it is unsupported.
pub async fn read_old_revision(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let (old, new) = (document(&[("alpha", "1"), ("beta", "1")]), document(&[("alpha", "2"), ("beta", "2")]));
    let first = create(&*store, &name, &old).await;
    let second = replace(&*store, &name, &new, &first).await;
    let answer = store.read(&name, &At::Revision(first.clone())).await;
    if store.capabilities().history {
        let stored = is_found(done("reading an earlier version", answer));
        assert!(stored.document.same_as(&old), "the earlier version has other content");
        assert_eq!(stored.revision, first, "the earlier version has another revision");
    } else {
        refused("reading an earlier version", answer, ErrorKind::Unsupported);
    }
    is_there(h, &name, &new, &second).await;
}

/// After a recoverable removal the answer is deleted, not missing.
pub async fn read_deleted_is_deleted(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    if store.capabilities().remove != Removes::Recoverably {
        return;
    }
    let revision = create(&*store, &name, &document(&[("alpha", "1")])).await;
    done("removing", store.remove(&name, &revision, Removal::Recoverable).await);
    let lookup = read(&*h.open().await, &name).await;
    assert!(matches!(lookup, Lookup::Deleted { .. }), "a deleted record is {lookup:?}");
}

/// Fields that other programs keep in the same record are never lost from it.
pub async fn read_shows_foreign_fields(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    create(&*store, &name, &document(&[("alpha", "1"), ("beta", "2")])).await;
    let mut expected = document(&[("alpha", "1"), ("beta", "2")]);
    if let Some(foreign) = h.plant_foreign(&name, "not-ours").await {
        expected.insert(field(&foreign), "not-ours".into());
    }
    let stored = found(&*store, &name).await;
    assert!(stored.document.same_as(&expected), "read {:?} where {expected:?} is stored", stored.document);
    assert!(h.foreign_is_intact(&name, "not-ours").await, "reading changed what another program keeps");
}

/// One result per name, in the order asked, duplicates included.
pub async fn read_many_answers_in_order(h: &dyn Harness) {
    let store = h.open().await;
    let content = |n: usize| document(&[("alpha", &format!("number-{n}"))]);
    let mut revisions = Vec::new();
    for n in 0..3 {
        revisions.push(create(&*store, &h.name(n), &content(n)).await);
    }
    // Name 3 was never written.
    let order = [2, 0, 3, 1, 0];
    let answers = store.read_many(&order.map(|n| h.name(n))).await;
    assert_eq!(answers.len(), order.len(), "one result per name");
    for (n, answer) in order.into_iter().zip(answers) {
        let lookup = done("reading many", answer);
        if n == 3 {
            assert!(matches!(lookup, Lookup::Missing), "a name never written is {lookup:?}");
            continue;
        }
        let stored = is_found(lookup);
        assert!(stored.document.same_as(&content(n)), "the answer for record {n} is another's");
        assert_eq!(stored.revision, revisions[n], "the answer for record {n} is another's");
    }
    assert!(store.read_many(&[]).await.is_empty(), "no names, no results");
}

/// One bad name spoils no other.
pub async fn read_many_isolates_failures(h: &dyn Harness) {
    let store = h.open().await;
    let content = document(&[("alpha", "1")]);
    create(&*store, &h.name(0), &content).await;
    for bad in h.bad_names() {
        let mut answers = store.read_many(&[h.name(0), bad, h.name(1), h.name(0)]).await;
        assert_eq!(answers.len(), 4, "one result per name");
        for n in [3, 0] {
            let stored = is_found(done("reading beside a bad name", answers.remove(n)));
            assert!(stored.document.same_as(&content), "the content beside a bad name");
        }
        let missing = done("reading beside a bad name", answers.remove(1));
        assert!(matches!(missing, Lookup::Missing), "a missing record beside a bad name is {missing:?}");
        refused("reading a bad name", answers.remove(0), ErrorKind::Misconfigured);
    }
}

/// The same revision that `read` reports; `None` for a record that is missing or deleted.
pub async fn revision_is_that_of_read(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    assert_eq!(done("asking", store.revision(&name).await), None, "a missing record has no revision");
    let first = create(&*store, &name, &document(&[("alpha", "1")])).await;
    assert_eq!(done("asking", store.revision(&name).await), Some(found(&*store, &name).await.revision));
    let second = done(
        "replacing",
        h.open().await.write(&name, &document(&[("alpha", "2")]), &Expect::Revision(first)).await,
    );
    assert_eq!(done("asking", store.revision(&name).await), Some(found(&*store, &name).await.revision));
    if store.capabilities().remove == Removes::Recoverably {
        done("removing", store.remove(&name, &second, Removal::Recoverable).await);
        assert_eq!(done("asking", store.revision(&name).await), None, "a deleted record has no revision");
    }
}
