//! What `write` refuses.

use momo_cred_backend_api::{Document, ErrorKind, Expect, RecordName, Removal, Removes, Revision, Values};

use super::support::{create, document, done, is_not_there, is_there, refused, replace};
use crate::Harness;

/// `Absent` is a conflict when something is there, which stays as it was.
pub async fn write_absent_twice_conflicts(h: &dyn Harness) {
    let (store, name, content) = (h.open().await, h.name(0), document(&[("alpha", "1")]));
    let revision = create(&*store, &name, &content).await;
    for again in [document(&[("alpha", "2")]), content.clone()] {
        refused("creating twice", store.write(&name, &again, &Expect::Absent).await, ErrorKind::Conflict);
        is_there(h, &name, &content, &revision).await;
    }
}

/// A revision that is not the current one is a conflict, and the record stays as it was.
pub async fn write_stale_conflicts(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let first = create(&*store, &name, &document(&[("alpha", "1")])).await;
    let content = document(&[("alpha", "2")]);
    let second = replace(&*h.open().await, &name, &content, &first).await;
    let stale = Expect::Revision(first);
    let answer = store.write(&name, &document(&[("alpha", "3")]), &stale).await;
    refused("writing on a stale revision", answer, ErrorKind::Conflict);
    is_there(h, &name, &content, &second).await;
}

/// A revision is a conflict when there is nothing, and nothing is created.
pub async fn write_to_missing_by_revision_conflicts(h: &dyn Harness) {
    let store = h.open().await;
    let content = document(&[("alpha", "1")]);
    // A revision that is well-formed, but another record's.
    let revision = create(&*store, &h.name(0), &content).await;
    let answer = store.write(&h.name(1), &content, &Expect::Revision(revision.clone())).await;
    refused("replacing what is missing", answer, ErrorKind::Conflict);
    is_not_there(h, &h.name(1)).await;
    is_there(h, &h.name(0), &content, &revision).await;
}

/// A deleted record is not absent; the error says how to undelete.
pub async fn write_absent_on_deleted_conflicts(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    if store.capabilities().remove != Removes::Recoverably {
        return;
    }
    let revision = create(&*store, &name, &document(&[("alpha", "1")])).await;
    done("removing", store.remove(&name, &revision, Removal::Recoverable).await);
    let answer = store.write(&name, &document(&[("alpha", "2")]), &Expect::Absent).await;
    let error = refused("creating over a deleted record", answer, ErrorKind::Conflict);
    let next = error.reason().and_then(momo_cred_backend_api::Reason::next);
    assert!(next.is_some_and(|next| !next.is_empty()), "the error does not say how to undelete: {error:?}");
}

/// A value the store cannot hold is unsupported, before any change.
pub async fn write_refuses_values_it_cannot_hold(h: &dyn Harness) {
    let store = h.open().await;
    if store.capabilities().values == Values::Any {
        return;
    }
    let (name, content) = (h.name(0), document(&[("alpha", "1"), ("gamma", "3")]));
    let revision = create(&*store, &name, &content).await;
    let ascii = (0..=0x7f_u8).filter(|byte| !Values::portable(*byte)).map(char::from);
    let beyond = ['\u{85}', '\u{a0}', '\u{e9}', '\u{2028}', '\u{feff}', '\u{ff21}', '\u{1f511}'];
    for odd in ascii.chain(beyond) {
        for value in [format!("a{odd}b"), format!("{odd}a"), format!("a{odd}")] {
            let odd = document(&[("alpha", "2"), ("beta", &value)]);
            let what = format!("writing {value:?}");
            refuses(h, &what, &odd, &name, &content, &revision).await;
        }
    }
}

/// Asserts that a document is refused as unsupported, for a record that is not there and for `name`, which stays as it
/// was.
pub(super) async fn refuses(
    h: &dyn Harness,
    what: &str,
    odd: &Document,
    name: &RecordName,
    content: &Document,
    at: &Revision,
) {
    let store = h.open().await;
    refused(what, store.write(&h.name(1), odd, &Expect::Absent).await, ErrorKind::Unsupported);
    is_not_there(h, &h.name(1)).await;
    let answer = store.write(name, odd, &Expect::Revision(at.clone())).await;
    refused(what, answer, ErrorKind::Unsupported);
    is_there(h, name, content, at).await;
}

/// A document without fields is misconfigured, before any change.
pub async fn write_refuses_an_empty_document(h: &dyn Harness) {
    let (store, name, content) = (h.open().await, h.name(0), document(&[("alpha", "1")]));
    let revision = create(&*store, &name, &content).await;
    let (empty, expect) = (Document::new(), Expect::Revision(revision.clone()));
    refused("an empty document", store.write(&name, &empty, &expect).await, ErrorKind::Misconfigured);
    is_there(h, &name, &content, &revision).await;
    let answer = store.write(&h.name(1), &empty, &Expect::Absent).await;
    refused("an empty document", answer, ErrorKind::Misconfigured);
    is_not_there(h, &h.name(1)).await;
}
