//! How each flaw shows in reads, writes and removals.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use momo_cred_backend_api::{
    At, Backend, Document, Error, ErrorKind, Expect, Lookup, Op, RecordName, Removal, Result, Revision,
    Stored,
};

use super::Flaw;
use super::store::{
    Wrong, all_as_strings, hash, ours, rounded, strings_of, with_json_of, with_values, without,
};

impl Wrong {
    /// What is written in the place of a document.
    pub(super) fn bent(&self, name: &RecordName, document: &Document, expect: &Expect) -> Document {
        match self.flaw {
            Flaw::CreatesWithoutGamma if *expect == Expect::Absent => {
                without(document, |field| field != "gamma")
            }
            Flaw::TrimsValues => with_values(document, |value| value.trim().to_owned()),
            Flaw::FoldsNewlines => with_values(document, |value| value.replace("\r\n", "\n")),
            Flaw::DropsForeign => without(document, ours),
            Flaw::Merges | Flaw::HidesForeignAndPutsItBack if !document.is_empty() => {
                let merged = self.flaw == Flaw::Merges;
                let old = self.store.peek(name).unwrap_or_default();
                let old = without(&old, |field| merged || !ours(field));
                let all = old.iter().chain(document.iter());
                with_json_of(document, all.map(|(name, value)| (name.clone(), value.clone())).collect())
            }
            Flaw::DropsJson => strings_of(document),
            _ => document.clone(),
        }
    }

    /// The writes that do not end as the inner store's would; `None` where this one does.
    pub(super) async fn bent_write(
        &self,
        name: &RecordName,
        document: &Document,
        expect: &Expect,
    ) -> Option<Result<Revision>> {
        let now = self.now(name).await;
        let deleted = self.is_deleted(name).await;
        let stale = matches!(expect, Expect::Revision(revision) if now.as_ref() != Some(revision));
        Some(match self.flaw {
            Flaw::EmptyDocumentIsFine if document.is_empty() => {
                Ok(now.unwrap_or_else(|| Revision::new("none")))
            }
            Flaw::EmptyDocumentDestroys if document.is_empty() => {
                let revision = now?;
                let _ = self.inner.remove(name, &revision, Removal::Destroy).await;
                Err(self.error(ErrorKind::Misconfigured, Op::Write, name))
            }
            Flaw::KeepsDeleted if deleted && *expect != Expect::Absent => {
                Err(self.error(ErrorKind::Conflict, Op::Write, name))
            }
            Flaw::AbsentOverwrites if !deleted && *expect == Expect::Absent => {
                self.force(name, document).await
            }
            Flaw::AbsentOverDeleted if deleted && *expect == Expect::Absent => {
                self.force(name, document).await
            }
            Flaw::UndeleteUnsaid if deleted && *expect == Expect::Absent => {
                Err(self.error(ErrorKind::Conflict, Op::Write, name))
            }
            Flaw::StaleOverwrites if now.is_some() && *expect != Expect::Absent => {
                // Long enough for all racers to have read.
                tokio::time::sleep(Duration::from_millis(3)).await;
                self.force(name, document).await
            }
            Flaw::RevisionCreates if stale && now.is_none() => self.force(name, document).await,
            Flaw::ConflictOfUnknownEffect if stale && now.is_some() => {
                Err(self.error(ErrorKind::Conflict, Op::Write, name).with_unknown_effect())
            }
            Flaw::ChecksThenWrites if !stale && (now.is_none() || *expect != Expect::Absent) => {
                tokio::time::sleep(Duration::from_millis(3)).await;
                let mut written = self.force(name, document).await;
                for _ in 0..20 {
                    if !written.as_ref().is_err_and(|error| error.kind() == ErrorKind::Conflict) {
                        break;
                    }
                    written = self.force(name, document).await;
                }
                written
            }
            Flaw::ResendsBlindly if self.common.resend.swap(false, Ordering::Relaxed) => {
                let _lost = self.inner.write(name, document, expect).await;
                self.inner.write(name, document, expect).await
            }
            Flaw::UnsupportedValueIsWritten => {
                let answer = self.inner.write(name, document, expect).await;
                if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unsupported) {
                    let _ = self.force(name, &with_values(document, |_| "x".to_owned())).await;
                }
                answer
            }
            Flaw::AcceptsJson if document.json().next().is_some() => {
                self.inner.write(name, &strings_of(document), expect).await
            }
            Flaw::UnsupportedJsonIsWritten if document.json().next().is_some() => {
                let _ = self.inner.write(name, &strings_of(document), expect).await;
                self.inner.write(name, document, expect).await
            }
            Flaw::CloseEndsAll if self.common.closed.load(Ordering::Relaxed) => {
                Err(self.error(ErrorKind::Denied, Op::Write, name))
            }
            Flaw::ReturnsOldRevision => match (self.inner.write(name, document, expect).await, expect) {
                (Ok(_), Expect::Revision(old)) => Ok(old.clone()),
                (answer, _) => answer,
            },
            Flaw::OwnerIsLockedOut if self.holds.load(Ordering::Relaxed) => {
                Err(self.error(ErrorKind::Conflict, Op::Write, name))
            }
            Flaw::RevisionHashesValuesOnly => {
                let peek = self.store.peek(name);
                let expect = match expect {
                    Expect::Revision(asked) if peek.is_some_and(|document| hash(&document) == *asked) => {
                        Expect::Revision(now?)
                    }
                    other => other.clone(),
                };
                self.inner.write(name, document, &expect).await.map(|_| hash(document))
            }
            _ => return None,
        })
    }

    /// A read of what is there, bent.
    pub(super) async fn bent_read(&self, name: &RecordName, at: &At) -> Result<Lookup> {
        let known = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let (Flaw::CachesReads, Some((document, revision))) = (self.flaw, known) {
            return Ok(Lookup::Found(Stored { document, revision, age: None }));
        }
        if self.flaw == Flaw::ClosedIsMissing && self.closed.load(Ordering::Relaxed) {
            return Ok(Lookup::Missing);
        }
        let now = self.now(name).await;
        let current = *at == At::Current || now.clone().is_some_and(|now| *at == At::Revision(now));
        let peek = self.store.peek(name);
        let hashed = self.flaw == Flaw::RevisionHashesValuesOnly
            && peek.is_some_and(|document| *at == At::Revision(hash(&document)));
        let asked = if hashed { &At::Current } else { at };
        let answer = self.inner.read(name, asked).await;
        let kind = answer.as_ref().err().map(Error::kind);
        match (self.flaw, answer) {
            (Flaw::BadNameIsListed, Err(_)) if kind == Some(ErrorKind::Misconfigured) => Ok(Lookup::Missing),
            (Flaw::DeniedIsMissing, Err(_)) if kind == Some(ErrorKind::Denied) => Ok(Lookup::Missing),
            (Flaw::CorruptShowsText, Err(error)) if kind == Some(ErrorKind::Corrupt) => {
                Err(error.because(self.parser_says()))
            }
            (Flaw::MissingIsDeleted, Ok(Lookup::Missing)) => {
                Ok(Lookup::Deleted { revision: Revision::new("none") })
            }
            (Flaw::MissingIsUnavailable, Ok(Lookup::Missing)) => {
                Err(self.error(ErrorKind::Unavailable, Op::Read, name))
            }
            (Flaw::CurrentHasNoNumber, Ok(_)) if current && *at != At::Current => Ok(Lookup::Missing),
            (Flaw::OldReadsAsCurrent, Ok(Lookup::Found(_))) if !current => {
                self.inner.read(name, &At::Current).await
            }
            (Flaw::OldIsMissing, Ok(_)) if !current => Ok(Lookup::Missing),
            (Flaw::DeletedIsMissing, Ok(Lookup::Deleted { .. })) => Ok(Lookup::Missing),
            (_, Ok(Lookup::Found(stored))) => Ok(Lookup::Found(self.bent_found(name, stored))),
            (_, answer) => answer,
        }
    }

    fn bent_found(&self, name: &RecordName, mut stored: Stored) -> Stored {
        match self.flaw {
            Flaw::ReadsThreeFields if stored.document.len() > 3 => {
                let first: Vec<_> = stored.document.names().take(3).map(ToString::to_string).collect();
                stored.document = without(&stored.document, |field| first.iter().any(|kept| kept == field));
            }
            Flaw::ReadsPlusAsSpace => {
                stored.document = with_values(&stored.document, |value| value.replace('+', " "));
            }
            Flaw::HidesForeign | Flaw::HidesForeignAndPutsItBack => {
                stored.document = without(&stored.document, ours);
            }
            Flaw::HidesJson => stored.document = strings_of(&stored.document),
            Flaw::ReadsJsonAsString => stored.document = all_as_strings(&stored.document),
            Flaw::RoundsJson => stored.document = rounded(&stored.document),
            Flaw::RevisionHashesValuesOnly => stored.revision = hash(&stored.document),
            Flaw::CachesReads => {
                let seen = (stored.document.clone(), stored.revision.clone());
                self.cache.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), seen);
            }
            _ => {}
        }
        stored
    }

    /// A removal, bent.
    pub(super) async fn bent_remove(
        &self,
        name: &RecordName,
        expect: &Revision,
        removal: Removal,
    ) -> Result<()> {
        let now = self.now(name).await;
        match self.flaw {
            Flaw::RemovesNothing if now.as_ref() == Some(expect) => return Ok(()),
            Flaw::RemovesAll => {
                for other in self.inner.list("").await?.iter().filter(|other| *other != name) {
                    if let (Some(revision), Some(_)) = (self.now(other).await, &now) {
                        self.inner.remove(other, &revision, removal).await?;
                    }
                }
            }
            Flaw::DestroysRecoverably => return self.inner.remove(name, expect, Removal::Recoverable).await,
            Flaw::RemovesStale => {
                if let Some(now) = now {
                    return self.inner.remove(name, &now, removal).await;
                }
            }
            Flaw::RemovesMissing if self.is_missing(name).await => return Ok(()),
            Flaw::RecoverableDestroys => return self.inner.remove(name, expect, Removal::Destroy).await,
            Flaw::UnsupportedRemovalRemoves if removal == Removal::Recoverable => {
                let _ = self.inner.remove(name, expect, Removal::Destroy).await;
            }
            Flaw::RevisionHashesValuesOnly => {
                let peek = self.store.peek(name);
                if let (Some(now), true) = (now, peek.is_some_and(|document| hash(&document) == *expect)) {
                    return self.inner.remove(name, &now, removal).await;
                }
            }
            _ => {}
        }
        self.inner.remove(name, expect, removal).await
    }
}
