//! What `write` does.

use momo_cred_backend_api::{Document, Effect, ErrorKind, Expect, Lookup, Removal, Removes, Values};

use super::support::{create, document, done, field, found, is_not_there, is_there, read, replace};
use crate::Harness;

/// `Absent` on a missing record creates it.
pub async fn write_creates_when_absent(h: &dyn Harness) {
    let (store, name, content) = (h.open().await, h.name(0), document(&[("alpha", "1"), ("gamma", "2")]));
    create(&*store, &name, &content).await;
    assert!(
        found(&*h.open().await, &name).await.document.same_as(&content),
        "what was created has other content"
    );
    is_not_there(h, &h.name(1)).await;
}

/// The revision returned is that of the next read.
pub async fn write_returns_the_revision_read_next(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let first = create(&*store, &name, &document(&[("alpha", "1")])).await;
    assert_eq!(found(&*store, &name).await.revision, first, "after creating");
    let second = replace(&*store, &name, &document(&[("alpha", "2")]), &first).await;
    assert_eq!(found(&*store, &name).await.revision, second, "after replacing");
}

/// Another content has another revision.
pub async fn write_changes_the_revision(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let first = create(&*store, &name, &document(&[("alpha", "1")])).await;
    let second = replace(&*store, &name, &document(&[("alpha", "2")]), &first).await;
    assert_ne!(first, second, "another value");
    let third = replace(&*store, &name, &document(&[("beta", "2")]), &second).await;
    assert_ne!(second, third, "the same value in another field");
    let fourth = replace(&*store, &name, &document(&[("beta", "2"), ("gamma", "")]), &third).await;
    assert_ne!(third, fourth, "one more field, which is empty");
}

/// Fields that are not in the document are gone.
pub async fn write_replaces_the_whole_record(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let first = create(&*store, &name, &document(&[("alpha", "1"), ("beta", "2"), ("gamma", "3")])).await;
    let content = document(&[("beta", "4")]);
    replace(&*store, &name, &content, &first).await;
    let stored = found(&*h.open().await, &name).await;
    assert!(stored.document.same_as(&content), "wrote {content:?}, and there is {:?}", stored.document);
}

/// A read, changed and written back leaves what other programs keep there.
pub async fn write_keeps_foreign_fields(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    create(&*store, &name, &document(&[("alpha", "1"), ("beta", "2")])).await;
    h.plant_foreign(&name, "not-ours").await;
    for value in ["3", "4"] {
        let mut stored = found(&*store, &name).await;
        stored.document.insert(field("alpha"), value.into());
        stored.document.remove("beta");
        let revision = replace(&*store, &name, &stored.document, &stored.revision).await;
        assert!(h.foreign_is_intact(&name, "not-ours").await, "a write changed what another program keeps");
        is_there(h, &name, &stored.document, &revision).await;
    }
}

/// The revision of the deleted version brings the name back.
pub async fn write_over_deleted_by_revision(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    if store.capabilities().remove != Removes::Recoverably {
        return;
    }
    let first = create(&*store, &name, &document(&[("alpha", "1")])).await;
    done("removing", store.remove(&name, &first, Removal::Recoverable).await);
    // A store that takes it for missing is another case's business.
    let Lookup::Deleted { revision } = read(&*store, &name).await else { return };
    let content = document(&[("beta", "2")]);
    let second = replace(&*store, &name, &content, &revision).await;
    is_there(h, &name, &content, &second).await;
}

/// Strings of any kind that break stores.
const AWKWARD: [&str; 30] = [
    " ",
    " leading and trailing ",
    "\t",
    "line\nline\n",
    "dos\r\nline\r",
    "'single'",
    "\"double\"",
    "'\"`mixed`\"'",
    "$HOME ${HOME} $(id) `id`",
    "back\\slash \\n \\u0041 \\",
    "# no comment",
    "a #b",
    "KEY=VALUE",
    "=",
    "export A=1",
    "padding==",
    "{\"alpha\":\"1\"}",
    "[]",
    "<a href='&amp;'>",
    "%00%41%",
    "nul\0nul",
    "bell\u{7} escape\u{1b}[31m del\u{7f}",
    "\u{e9} \u{e4}\u{f6}\u{fc} \u{df}",
    "e\u{301} is not \u{e9}",
    "\u{feff}mark",
    "\u{2028}\u{2029}\u{85}\u{a0}",
    "\u{202e}right to left",
    "\u{4f60}\u{597d}",
    "\u{1f511}\u{1f468}\u{200d}\u{1f469}",
    "\u{10ffff}\u{fffd}",
];

/// Portable strings that break stores.
const PORTABLE: [&str; 16] = [
    "",
    "-",
    "--flag",
    "0",
    "007",
    "1e9",
    "0x10",
    "true",
    "null",
    "%41%00",
    "a,b",
    "https://host:8443/path",
    "user@host",
    "12345678-1234-4123-8123-123456789abc",
    "../../etc/passwd",
    "@file",
];

/// What the capability `values` promises is stored byte for byte.
pub async fn write_holds_awkward_values(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let long = "0123456789abcdef".repeat(256);
    let mut values: Vec<&str> = PORTABLE.to_vec();
    values.push(&long);
    if store.capabilities().values == Values::Any {
        values.extend(AWKWARD);
    }
    let mut expect = Expect::Absent;
    for (n, value) in values.into_iter().enumerate() {
        // The neighbour shows a value that runs over its end.
        let content = document(&[("alpha", value), ("beta", "neighbour")]);
        let revision = match store.write(&name, &content, &expect).await {
            Ok(revision) => revision,
            Err(error) => done(&format!("awkward value {n}, {value:?}"), Err(error)),
        };
        let stored = found(&*store, &name).await;
        assert!(stored.document.same_as(&content), "awkward value {n}, {value:?}, came back as another");
        expect = Expect::Revision(revision);
    }
}

/// A store that sends again first resolves its own earlier effect: Conflict always means that this call changed
/// nothing.
pub async fn write_resent_is_no_conflict(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let mut expect = Expect::Absent;
    for value in ["1", "2"] {
        let lost = h.lose_next_answer().await;
        let content = document(&[("alpha", value)]);
        match store.write(&name, &content, &expect).await {
            Ok(revision) => is_there(h, &name, &content, &revision).await,
            Err(error) => {
                assert!(lost, "nothing was in the way: {error:?}");
                assert_ne!(error.kind(), ErrorKind::Conflict, "the store took its own write for another's");
                assert_eq!(error.effect(), Effect::Unknown, "the write took effect: {error:?}");
            }
        }
        let stored = found(&*store, &name).await;
        assert!(stored.document.same_as(&content), "a write whose answer was lost is there as a whole");
        expect = Expect::Revision(stored.revision);
    }
    unchanged_twice(h).await;
}

/// The same content again is a write like any other.
async fn unchanged_twice(h: &dyn Harness) {
    let (store, name, content): (_, _, Document) = (h.open().await, h.name(1), document(&[("alpha", "1")]));
    let first = create(&*store, &name, &content).await;
    let second = replace(&*store, &name, &content, &first).await;
    is_there(h, &name, &content, &second).await;
    let third = replace(&*store, &name, &document(&[("alpha", "2")]), &second).await;
    assert_eq!(found(&*store, &name).await.revision, third);
}
