//! Many handles at once.

use std::time::Duration;

use momo_cred_backend_api::{Backend, Document, ErrorKind, Expect, RecordName, Result, Revision, Secret};

use super::support::{RACERS, at_once, document, done, found, open_many};
use crate::Harness;

/// Increments by each handle.
const EACH: usize = 4;
/// Retries after which a counter is stuck.
const TRIES: usize = 500;

/// Of N writers with one expectation exactly one succeeds. Without compare-and-swap: at least one, a refusal is a
/// conflict, and what is there is whole and of one that succeeded.
pub async fn write_race_has_one_winner(h: &dyn Harness) {
    let store = h.open().await;
    let mut expect = Expect::Absent;
    for round in 0..4 {
        let (name, expectation) = (h.name(0), expect.clone());
        let results = at_once(open_many(h).await, move |n, handle| {
            let (name, expect) = (name.clone(), expectation.clone());
            async move { handle.write(&name, &entry(round, n), &expect).await }
        })
        .await;
        let stored = found(&*store, &h.name(0)).await;
        let won = winners(&results);
        if store.capabilities().compare_and_swap {
            assert_eq!(won.len(), 1, "writers {won:?} of {RACERS} succeeded in round {round}");
            assert_eq!(
                Ok(&stored.revision),
                results[won[0]].as_ref().map_err(|_| ()),
                "the winner's revision"
            );
        }
        let whole = won.iter().any(|n| stored.document.same_as(&entry(round, *n)));
        assert!(whole, "what is there in round {round} is not what a winner wrote");
        expect = Expect::Revision(stored.revision);
    }
}

fn entry(round: usize, n: usize) -> Document {
    document(&[("alpha", &format!("{round}-{n}")), ("beta", &format!("{n}-{round}"))])
}

fn winners(results: &[Result<Revision>]) -> Vec<usize> {
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert_eq!(error.kind(), ErrorKind::Conflict, "a writer that loses has a conflict: {error:?}");
    }
    let won: Vec<_> = (0..results.len()).filter(|n| results[*n].is_ok()).collect();
    assert!(!won.is_empty(), "nobody succeeded");
    won
}

/// N writers that read, add one and retry on Conflict lose no increment. Without compare-and-swap: when they take
/// turns.
pub async fn write_counter_loses_nothing(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    done("creating", store.write(&name, &count(0), &Expect::Absent).await);
    let handles = open_many(h).await;
    if store.capabilities().compare_and_swap {
        let name = name.clone();
        at_once(handles, move |_, handle| {
            let name = name.clone();
            async move { count_up(&*handle, &name).await }
        })
        .await;
    } else {
        for handle in handles {
            count_up(&*handle, &name).await;
        }
    }
    let reached = number(&found(&*store, &name).await.document);
    assert_eq!(reached, RACERS * EACH, "increments were lost");
}

async fn count_up(store: &dyn Backend, name: &RecordName) {
    for _ in 0..EACH {
        let mut tries = 0;
        loop {
            let stored = found(store, name).await;
            let next = count(number(&stored.document) + 1);
            match store.write(name, &next, &Expect::Revision(stored.revision)).await {
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    tries += 1;
                    assert!(tries < TRIES, "no increment in {TRIES} tries");
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Err(error) => done("counting", Err(error)),
            }
        }
    }
}

fn count(n: usize) -> Document {
    document(&[("counter", &n.to_string())])
}

#[expect(clippy::expect_used, reason = "this is how a case fails")]
fn number(document: &Document) -> usize {
    let value = document.get("counter").expect("the counter is there");
    let is = |n: &usize| value.same_as(&Secret::from(n.to_string()));
    (0..=RACERS * EACH).find(is).expect("the counter is one of its numbers")
}
