//! What the store in memory and the fault injector promise beyond the contract.

use std::time::Duration;

use momo_cred_backend_api::{
    At, Backend, Document, Effect, ErrorKind, Expect, FieldName, Lookup, Op, RecordName, Removal, Revision,
    Secret, Stored, Work,
};
use momo_cred_backend_testkit::{Fate, Fault, Faults, Faulty, MemoryStore, run};

#[expect(clippy::unwrap_used, reason = "a literal")]
fn name(text: &str) -> RecordName {
    RecordName::new(text).unwrap()
}

#[expect(clippy::unwrap_used, reason = "a literal")]
fn document(value: &str) -> Document {
    [(FieldName::new("alpha").unwrap(), Secret::from(value))].into_iter().collect()
}

#[expect(clippy::panic, reason = "this is how a test fails")]
fn found(lookup: Lookup) -> Stored {
    match lookup {
        Lookup::Found(stored) => stored,
        other => panic!("{other:?}"),
    }
}

fn on(revision: &Revision) -> Expect {
    Expect::Revision(revision.clone())
}

#[test]
fn ages_are_by_the_stores_own_clock() {
    run(async {
        let store = MemoryStore::new();
        let (handle, name) = (store.handle(), name("a/b"));
        let first = handle.write(&name, &document("1"), &Expect::Absent).await.unwrap();
        store.advance(Duration::from_secs(5));
        handle.write(&name, &document("2"), &on(&first)).await.unwrap();
        store.advance(Duration::from_secs(2));
        assert_eq!(found(handle.read(&name, &At::Current).await.unwrap()).age, Some(Duration::from_secs(2)));
        let ages: Vec<_> = handle.history(&name).await.unwrap().iter().map(|v| v.age).collect();
        assert_eq!(ages, [Some(Duration::from_secs(2)), Some(Duration::from_secs(7))]);

        let timeless = MemoryStore::new().without_clock().handle();
        timeless.write(&name, &document("1"), &Expect::Absent).await.unwrap();
        assert_eq!(found(timeless.read(&name, &At::Current).await.unwrap()).age, None);
    });
}

#[test]
fn calls_are_counted_once_they_reach_the_store() {
    run(async {
        let store = MemoryStore::new();
        let (handle, good, bad) = (store.handle(), name("a"), name("a b"));
        handle.read(&good, &At::Current).await.unwrap();
        handle.read(&bad, &At::Current).await.unwrap_err();
        handle.write(&good, &Document::new(), &Expect::Absent).await.unwrap_err();
        handle.read_many(&[good.clone(), bad, good.clone()]).await;
        assert_eq!((store.count(Op::Read), store.count(Op::Write)), (2, 0));
        assert_eq!(store.calls()[1].names, [good.clone(), good]);
        store.forget_calls();
        assert_eq!(store.calls(), []);
    });
}

/// Each fate of a request, and what the caller hears of it.
#[test]
fn lost_answers_are_resolved_or_unknown() {
    use Fate::{Deliver, LoseAnswer, LoseRequest};
    // Fates, whether the call succeeds, whether it took effect.
    let table: [(&[Fate], Result<(), Effect>, bool); 7] = [
        (&[], Ok(()), true),
        (&[LoseAnswer], Ok(()), true),
        (&[LoseRequest], Ok(()), true),
        (&[LoseRequest, Deliver, LoseAnswer], Ok(()), true),
        (&[LoseAnswer, LoseAnswer], Err(Effect::Unknown), true),
        (&[LoseRequest, LoseAnswer], Err(Effect::Unknown), false),
        (&[LoseRequest, Deliver, LoseRequest, Deliver, LoseRequest, Deliver], Err(Effect::NotApplied), false),
    ];
    run(async {
        for (fates, outcome, applied) in table {
            let store = MemoryStore::new();
            let (handle, name) = (store.handle(), name("a"));
            store.fates(fates.iter().copied());
            let answer = handle.write(&name, &document("1"), &Expect::Absent).await;
            if let Err(error) = &answer {
                assert_eq!((error.kind(), error.retryable()), (ErrorKind::Unavailable, true));
            }
            assert_eq!(
                answer.as_ref().map(|_| ()).map_err(momo_cred_backend_api::Error::effect),
                outcome,
                "{fates:?}"
            );
            assert_eq!(store.peek(&name).is_some(), applied, "{fates:?}");

            let store = MemoryStore::new();
            let handle = store.handle();
            let revision = handle.write(&name, &document("1"), &Expect::Absent).await.unwrap();
            store.fates(fates.iter().copied());
            let answer = handle.remove(&name, &revision, Removal::Destroy).await;
            assert_eq!(answer.map_err(|error| error.effect()), outcome, "removing, {fates:?}");
            assert_eq!(store.peek(&name).is_none(), applied, "removing, {fates:?}");
        }
    });
}

#[test]
fn a_hold_keeps_all_other_handles_from_writing() {
    run(async {
        let store = MemoryStore::new();
        let (owner, other, name) = (store.handle(), store.handle(), name("a"));
        let hold = owner.hold(&name, Work::Renewal).await.unwrap();
        let error = other.write(&name, &document("1"), &Expect::Absent).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        drop(hold);
        other.write(&name, &document("1"), &Expect::Absent).await.unwrap();
        assert!(
            MemoryStore::new().without_holds().handle().hold(&name, Work::Renewal).await.unwrap().is_none()
        );
    });
}

#[test]
fn a_revision_is_never_used_twice() {
    run(async {
        let store = MemoryStore::new();
        let (handle, name) = (store.handle(), name("a"));
        let first = handle.write(&name, &document("1"), &Expect::Absent).await.unwrap();
        handle.remove(&name, &first, Removal::Recoverable).await.unwrap();
        store.undelete(&name);
        assert_eq!(found(handle.read(&name, &At::Current).await.unwrap()).revision, first);
        handle.remove(&name, &first, Removal::Destroy).await.unwrap();
        let again = handle.write(&name, &document("1"), &Expect::Absent).await.unwrap();
        assert_ne!(first, again);
    });
}

#[test]
fn denied_is_until_it_is_allowed() {
    run(async {
        let store = MemoryStore::new();
        let (handle, name) = (store.handle(), name("a"));
        store.deny(&name);
        assert_eq!(handle.read(&name, &At::Current).await.unwrap_err().kind(), ErrorKind::Denied);
        store.allow(&name);
        assert!(matches!(handle.read(&name, &At::Current).await.unwrap(), Lookup::Missing));
    });
}

#[test]
fn a_fault_fails_its_call_before_or_after_its_effect() {
    run(async {
        let (store, faults, name) = (MemoryStore::new(), Faults::new(), name("a"));
        let faulty = Faulty::over(Box::new(store.handle()) as Box<dyn Backend>, faults.clone());
        faults.add(Fault::before(1).of(Op::Write).with(ErrorKind::Denied));
        faults.add(Fault::after(2).of(Op::Write));
        faults.add(Fault::before(4));

        faulty.read(&name, &At::Current).await.unwrap();
        let before = faulty.write(&name, &document("1"), &Expect::Absent).await.unwrap_err();
        assert_eq!((before.kind(), before.effect()), (ErrorKind::Denied, Effect::NotApplied));
        assert!(store.peek(&name).is_none());
        let after = faulty.write(&name, &document("1"), &Expect::Absent).await.unwrap_err();
        assert_eq!((after.kind(), after.effect()), (ErrorKind::Unavailable, Effect::Unknown));
        assert!(store.peek(&name).is_some());
        faulty.list("").await.unwrap_err();
        faulty.read(&name, &At::Current).await.unwrap();
        assert_eq!(faulty.examine(&name).await, store.handle().examine(&name).await);
        faulty.close().await;
        assert_eq!(faults.calls(), [Op::Read, Op::Write, Op::Write, Op::List, Op::Read]);

        faults.clear();
        faults.add(Fault::before(1));
        let answers = faulty.read_many(&[name.clone(), name.clone()]).await;
        assert!(answers.len() == 2 && answers.iter().all(Result::is_err));
        faulty.read(&name, &At::Current).await.unwrap();
    });
}
