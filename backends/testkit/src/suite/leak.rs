//! Values and foreign text stay out of every rendering.

use std::fmt::{Debug, Display};

use momo_cred_backend_api::{
    At, Backend, Document, Error, ErrorKind, Expect, FieldName, Finding, Lookup, RecordName, Removal, Result,
    Revision, Secret, Values, Work,
};

use super::support::{create, done, field, found, refused, replace};
use crate::{Canary, FIELDS, Harness, Scanner};

/// Looks for values in all that is rendered.
pub(super) struct Renderings {
    scanner: Scanner,
}

impl Renderings {
    pub(super) fn new(values: &[Canary]) -> Self {
        Self { scanner: Scanner::new(values) }
    }

    #[track_caller]
    fn text(&self, what: &str, text: &str) {
        let hits: Vec<_> = self.scanner.scan(text.as_bytes()).iter().map(ToString::to_string).collect();
        assert!(hits.is_empty(), "a rendering of {what} holds a value: {hits:?}");
    }

    #[track_caller]
    fn debug(&self, what: &str, value: &(impl Debug + ?Sized)) {
        self.text(what, &format!("{value:?}\n{value:#?}"));
    }

    #[track_caller]
    fn display(&self, what: &str, value: &(impl Debug + Display)) {
        self.debug(what, value);
        self.text(what, &format!("{value}\n{value:#}"));
    }

    #[track_caller]
    fn error(&self, what: &str, error: &Error) {
        self.display(what, error);
        self.display(what, error.location());
        if let Some(reason) = error.reason() {
            self.text(what, &format!("{reason}\n{reason:#}\n{reason:?}\n{reason:#?}"));
            self.text(what, &reason.next().unwrap_or_default());
        }
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            self.text(what, &format!("{cause}\n{cause:#}\n{cause:?}\n{cause:#?}"));
            source = cause.source();
        }
    }

    /// What an examination found.
    #[track_caller]
    pub(super) fn findings(&self, what: &str, findings: &[Finding]) {
        for finding in findings {
            self.debug(what, finding);
            self.text(what, finding.about);
            self.text(what, &finding.text);
            self.text(what, finding.next.as_deref().unwrap_or_default());
        }
    }

    /// Whatever a call answered.
    #[track_caller]
    fn answer<T: Debug>(&self, what: &str, answer: &Result<T>) {
        self.debug(what, answer);
        if let Err(error) = answer {
            self.error(what, error);
        }
    }
}

/// No rendering of an error or of the store itself holds a value or foreign text.
pub async fn leak_no_rendering_holds_a_value(h: &dyn Harness) {
    let labels = ["first", "second", "refused", "foreign", "corrupt", "no-string"];
    let all = labels.map(|label| Canary::new(format!("leak-{label}")));
    let seen = Renderings::new(&all);
    let [first, second, odd, foreign, corrupt, json] = all;
    let (store, name) = (h.open().await, h.name(0));

    let document = full(first.value());
    seen.debug("a document", &document);
    let revision = create(&*store, &name, &document).await;
    h.plant_foreign(&name, foreign.value()).await;
    h.plant_json(&name, &format!("[\"{}\"]", json.value())).await;
    let stored = found(&*store, &name).await;
    let mut next = full(second.value());
    for (kept, value) in stored.document.iter().filter(|(kept, _)| !FIELDS.contains(&kept.as_str())) {
        next.insert(FieldName::clone(kept), value.clone());
    }
    for (kept, value) in stored.document.json() {
        next.insert_json(FieldName::clone(kept), Secret::clone(value));
    }
    seen.debug("a document", &next);
    let current = replace(&*store, &name, &next, &stored.revision).await;
    seen.display("a revision", &current);

    success(&seen, &*store, &name).await;
    let stale = Expect::Revision(revision.clone());
    conflicts(&seen, &*store, h, &stale, &full(odd.value())).await;
    if store.capabilities().values == Values::Portable {
        for odd in [format!("{} ", odd.value()), format!("\n{}", odd.value()), format!("'{}\"$", odd.value())]
        {
            let answer = store.write(&name, &full(&odd), &Expect::Revision(current.clone())).await;
            seen.answer("a refused value", &answer);
        }
    }
    for bad in h.bad_names() {
        seen.answer("a bad name", &store.write(&bad, &full(odd.value()), &Expect::Absent).await);
        seen.findings("what was found of a bad name", &store.examine(&bad).await);
    }
    removals(&seen, h, &*store, &current).await;

    // Last, for they leave the record unreadable.
    let content = full(odd.value());
    if h.plant_corrupt(&h.name(2), corrupt.value()).await {
        let at_fault = h.name(2);
        let answer = store.read(&at_fault, &At::Current).await;
        seen.error("what is no record", &refused("reading what is no record", answer, ErrorKind::Corrupt));
        seen.debug("what is no record", &store.read_many(std::slice::from_ref(&at_fault)).await);
        seen.answer("what is no record", &store.revision(&at_fault).await);
        seen.answer("what is no record", &store.write(&at_fault, &content, &Expect::Absent).await);
        seen.answer("what is no record", &store.write(&at_fault, &content, &stale).await);
        seen.findings("what was found of what is no record", &store.examine(&at_fault).await);
    }
    if h.lose_next_answer().await {
        seen.answer("a lost answer", &store.write(&h.name(1), &content, &Expect::Absent).await);
    }
    if h.deny(&name).await {
        seen.answer("a denied record", &store.read(&name, &At::Current).await);
        seen.answer("a denied record", &store.write(&name, &content, &stale).await);
        seen.findings("what was found of a denied record", &store.examine(&name).await);
    }
    store.close().await;
    for notice in store.notices() {
        seen.debug("a notice", &notice);
        seen.text("a notice", notice.text());
    }
    seen.debug("the store after it all", &*store);
}

fn full(value: &str) -> Document {
    FIELDS.iter().map(|name| (field(name), value.into())).collect()
}

async fn success(seen: &Renderings, store: &dyn Backend, name: &RecordName) {
    seen.debug("the store", store);
    seen.display("a location", &store.location(name));
    seen.debug("capabilities", &store.capabilities());
    let answer = store.read(name, &At::Current).await;
    seen.answer("a lookup", &answer);
    if let Lookup::Found(stored) = done("reading", answer) {
        seen.debug("a stored document", &stored);
        seen.debug("a document that was read", &stored.document);
    }
    seen.debug("many lookups", &store.read_many(&[name.clone(), name.clone()]).await);
    seen.answer("the revision", &store.revision(name).await);
    seen.answer("a listing", &store.list("").await);
    seen.answer("the history", &store.history(name).await);
    seen.answer("a hold", &store.hold(name, Work::Renewal).await);
    seen.findings("what was found", &store.examine(name).await);
}

async fn conflicts(
    seen: &Renderings,
    store: &dyn Backend,
    h: &dyn Harness,
    stale: &Expect,
    content: &Document,
) {
    let name = h.name(0);
    seen.answer("a conflict", &store.write(&name, content, &Expect::Absent).await);
    seen.answer("a conflict", &store.write(&name, content, stale).await);
    seen.answer("a conflict", &store.write(&h.name(3), content, stale).await);
    seen.answer("an empty document", &store.write(&name, &Document::new(), stale).await);
    let other = Revision::new("no-such-revision");
    seen.answer("an unknown revision", &store.read(&name, &At::Revision(other.clone())).await);
    seen.answer("an unknown revision", &store.write(&name, content, &Expect::Revision(other.clone())).await);
    for removal in [Removal::Recoverable, Removal::Destroy] {
        seen.answer("a removal refused", &store.remove(&name, &other, removal).await);
    }
    let hold = store.hold(&name, Work::Renewal).await;
    seen.answer("a hold", &hold);
    seen.answer("a hold refused", &h.open().await.hold(&name, Work::Renewal).await);
    drop(hold);
}

/// A deleted record keeps its values too.
async fn removals(seen: &Renderings, h: &dyn Harness, store: &dyn Backend, current: &Revision) {
    let name = h.name(0);
    for removal in [Removal::Recoverable, Removal::Destroy] {
        seen.answer("a removal", &store.remove(&name, current, removal).await);
        seen.answer("a removed record", &store.read(&name, &At::Current).await);
        seen.answer("a removed record", &store.read(&name, &At::Revision(current.clone())).await);
        let again =
            store.write(&name, &full("again"), &Expect::Revision(Revision::new("no-such-revision"))).await;
        seen.answer("writing over a removed record", &again);
        seen.findings("what was found of a removed record", &store.examine(&name).await);
    }
}
