//! The [`Backend`] trait. Every bullet under *Behaviour* and *Errors* starts with the name of the case in
//! `momo-cred-backend-testkit` that proves it; a test there compares the two lists.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::{
    Capabilities, Copies, Document, Finding, Hold, Location, Notice, RecordName, Result, Revision, Version,
    Work,
};

/// Which version of a record to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// The version readers get by default.
    Current,
    /// One version, by its number.
    Revision(Revision),
}

/// What a store has under a name.
#[derive(Debug)]
pub enum Lookup {
    /// Nothing was ever written there, or nothing that is left knows of it.
    Missing,
    /// The version asked for exists but was deleted. `revision` is what [`Expect::Revision`] must name to write
    /// over it.
    Deleted {
        /// The record's current revision, deleted or not.
        revision: Revision,
    },
    /// A document.
    Found(Stored),
}

/// A document as it stands in a store.
#[derive(Debug)]
pub struct Stored {
    /// Every field of the record, foreign ones included.
    pub document: Document,
    /// The version that was read.
    pub revision: Revision,
    /// How long ago this version was written, by the store's own clock; `None` where it has none. A local wall
    /// clock never fills this in: leases are judged by it.
    pub age: Option<Duration>,
}

/// What a writer believes to be there. There is no "whatever is there": to replace, read first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No version at all, not even a deleted one.
    Absent,
    /// Exactly this current version, which may be a deleted one.
    Revision(Revision),
}

/// How far [`Backend::remove`] goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The store can bring the record back.
    Recoverable,
    /// Gone for good.
    Destroy,
}

/// A secret store.
///
/// Handles are cheap to call concurrently and keep no cache: what another handle wrote is seen by the next read.
///
/// # Errors, for all methods
/// - A name that the store cannot hold is [`Misconfigured`](crate::ErrorKind::Misconfigured) before any I/O.
/// - Refused access is [`Denied`](crate::ErrorKind::Denied), never [`Lookup::Missing`].
/// - A method whose capability is off answers [`Unsupported`](crate::ErrorKind::Unsupported) and changes nothing.
/// - No rendering of an error or of the store itself holds a value or foreign text.
///
/// Cases: `names_that_do_not_fit_are_refused`, `refused_access_is_denied`, `leak_no_rendering_holds_a_value`.
#[async_trait]
pub trait Backend: fmt::Debug + Send + Sync {
    /// The full address of a record of this store, for people and for messages. Holds no credential.
    fn location(&self, name: &RecordName) -> Location;

    /// Which of several stores of its kind this is, as far as it is known without asking it, for people: a server, a
    /// region. `None` where the location says it all. A record that is missing may be in another one.
    fn whereabouts(&self) -> Option<String>;

    /// What this store can do. The same answer for the life of the handle.
    fn capabilities(&self) -> Capabilities;

    /// Takes what people should know, as far as this handle's calls have seen it: a file that others can read, a
    /// version that will vanish by itself. Callers print them.
    ///
    /// # Behaviour
    /// - `notices_are_told_once`: what was taken does not come again, whatever is called after.
    fn notices(&self) -> Vec<Notice>;

    /// Looks at everything a call on this record would rest on, for `doctor`: can the store be reached, who are we
    /// there and for how long, what stands in the way.
    ///
    /// # Behaviour
    /// - `examine_finds_no_fault_in_a_good_store`: something is found, nothing of it is bad, and nothing changes.
    async fn examine(&self, name: &RecordName) -> Vec<Finding>;

    /// Reads one record.
    ///
    /// # Behaviour
    /// - `read_missing_is_missing`: a name never written is [`Lookup::Missing`].
    /// - `read_returns_what_was_written`: every field comes back byte for byte, and no other.
    /// - `read_sees_another_handle`: what a second handle wrote is seen at once.
    /// - `read_current_by_revision`: the current version can be read by its number on every store.
    /// - `read_old_revision`: with `history`, an earlier version reads as it was written; without, it is
    ///   [`Unsupported`](crate::ErrorKind::Unsupported).
    /// - `read_deleted_is_deleted`: after a recoverable removal the answer is [`Lookup::Deleted`], not missing.
    /// - `read_shows_foreign_fields`: fields that other programs keep in the same record are never lost from it.
    /// - `read_shows_values_that_are_no_strings`: those come as JSON text beside the fields ([`Document::json`]).
    async fn read(&self, name: &RecordName, at: &At) -> Result<Lookup>;

    /// Reads several records, in one request where the store has a batch call.
    ///
    /// # Behaviour
    /// - `read_many_answers_in_order`: one result per name, in the order asked, duplicates included.
    /// - `read_many_isolates_failures`: one bad name spoils no other.
    async fn read_many(&self, names: &[RecordName]) -> Vec<Result<Lookup>>;

    /// The current revision, from metadata alone where the store has any.
    ///
    /// # Behaviour
    /// - `revision_is_that_of_read`: the same revision that [`read`](Self::read) reports; `None` for a record that
    ///   is missing or deleted.
    async fn revision(&self, name: &RecordName) -> Result<Option<Revision>>;

    /// Writes a whole record if what is there is what the caller expects.
    ///
    /// # Requires
    /// A document with at least one field. Foreign fields that were read are in it: whoever writes carries them over.
    ///
    /// # Behaviour
    /// - `write_creates_when_absent`: [`Expect::Absent`] on a missing record creates it.
    /// - `write_returns_the_revision_read_next`: the revision returned is that of the next read.
    /// - `write_changes_the_revision`: another content has another revision.
    /// - `write_replaces_the_whole_record`: fields that are not in the document are gone.
    /// - `write_keeps_foreign_fields`: a read, changed and written back leaves what other programs keep there.
    /// - `write_keeps_values_that_are_no_strings`: these too; a store that has none of the kind refuses a document with
    ///   one as Unsupported, before any change.
    /// - `write_over_deleted_by_revision`: [`Expect::Revision`] of the deleted version brings the name back.
    /// - `write_race_has_one_winner`: of N writers with one expectation exactly one succeeds.
    /// - `write_counter_loses_nothing`: N writers that read, add one and retry on Conflict lose no increment.
    /// - `write_holds_awkward_values`: what [`Capabilities::values`] promises is stored byte for byte.
    ///
    /// # Errors
    /// - `write_absent_twice_conflicts`: Conflict when something is there, which stays as it was.
    /// - `write_stale_conflicts`: Conflict when the revision is not the current one, which stays as it was.
    /// - `write_to_missing_by_revision_conflicts`: Conflict when there is nothing, and nothing is created.
    /// - `write_absent_on_deleted_conflicts`: a deleted record is not absent; the error says how to undelete.
    /// - `write_resent_is_no_conflict`: a store that sends again first resolves its own earlier effect: Conflict
    ///   always means that this call changed nothing.
    /// - `write_refuses_values_it_cannot_hold`: Unsupported, before any change.
    /// - `write_refuses_an_empty_document`: Misconfigured, before any change.
    async fn write(&self, name: &RecordName, document: &Document, expect: &Expect) -> Result<Revision>;

    /// Removes the current version of a record.
    ///
    /// # Behaviour
    /// - `remove_leaves_nothing_to_read`: afterwards the record is missing or deleted, and others are untouched.
    /// - `remove_destroyed_is_not_recoverable`: after [`Removal::Destroy`] no revision reads as found.
    ///
    /// # Errors
    /// - `remove_stale_conflicts`: Conflict when the revision is not the current one, which stays as it was.
    /// - `remove_missing_conflicts`: Conflict when there is nothing.
    /// - `remove_beyond_capability_is_unsupported`: a removal the store does not have changes nothing.
    async fn remove(&self, name: &RecordName, expect: &Revision, removal: Removal) -> Result<()>;

    /// Names of live records that begin with `prefix`, in no particular order. An empty prefix is everything this
    /// handle can see.
    ///
    /// # Behaviour
    /// - `list_names_what_the_prefix_covers`: all of those, and no other.
    /// - `list_leaves_out_the_removed`: a removed record is not listed.
    /// - `list_beyond_capability_is_unsupported`: without `list`.
    async fn list(&self, prefix: &str) -> Result<Vec<RecordName>>;

    /// Versions of a record, newest first, as far back as the store keeps them.
    ///
    /// # Behaviour
    /// - `history_is_newest_first`: each write is one entry; its first entry is the current revision.
    /// - `history_beyond_capability_is_unsupported`: without `history`.
    async fn history(&self, name: &RecordName) -> Result<Vec<Version>>;

    /// Says which of the copies of a record that the store makes in other places do not have a revision yet: who reads there
    /// gets what was before it. One look, without waiting. A store that makes none, or knows nothing of them, asks nobody.
    ///
    /// # Behaviour
    /// - `copies_of_a_record_without_any_are_in_step`: nothing is behind or failed, for a record that is missing, too, and
    ///   nothing changes.
    /// - `copies_that_lag_are_named`: where the store makes copies, the place of one without the revision is told.
    async fn copies(&self, name: &RecordName, revision: &Revision) -> Result<Copies>;

    /// Takes the store's proof of life for the length of a lifecycle, where it has one: `None` where it has none.
    /// The hold is released when it is dropped and when its process dies. What would keep a write from working is told here,
    /// and for [`Work::Renewal`] what would undo one.
    ///
    /// # Behaviour
    /// - `hold_lets_its_owner_write`: the handle that holds reads and writes as before.
    /// - `hold_is_released_on_drop`: afterwards another can take it.
    ///
    /// # Errors
    /// - `hold_is_exclusive`: Conflict while another handle holds.
    async fn hold(&self, name: &RecordName, work: Work) -> Result<Option<Hold>>;

    /// Ends the handle's business with the store: a login that it made itself is revoked. Best effort and bounded in
    /// time; what could not be done is a notice. Call it when the work is done: it may cost a request.
    ///
    /// # Behaviour
    /// - `close_loses_nothing`: what was written stays, and a second close is none.
    async fn close(&self);
}
