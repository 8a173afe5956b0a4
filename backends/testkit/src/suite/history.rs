//! `history`.

use momo_cred_backend_api::ErrorKind;

use super::support::{create, document, done, is_there, refused, replace};
use crate::Harness;

/// Each write is one entry; the first entry is the current revision.
pub async fn history_is_newest_first(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    if !store.capabilities().history {
        return;
    }
    let mut written = vec![create(&*store, &name, &document(&[("alpha", "0")])).await];
    for n in 1..4 {
        written.push(replace(&*store, &name, &document(&[("alpha", &n.to_string())]), &written[n - 1]).await);
    }
    written.reverse();
    let history = done("asking for the history", h.open().await.history(&name).await);
    let listed: Vec<_> = history.iter().map(|version| version.revision.clone()).collect();
    assert_eq!(listed, written, "newest first, one entry for each write");
    assert!(history.iter().all(|version| !version.deleted), "nothing was deleted");
    let ages: Vec<_> = history.iter().filter_map(|version| version.age).collect();
    assert!(ages.is_sorted(), "the newer is the younger");
}

/// The history without the capability.
pub async fn history_beyond_capability_is_unsupported(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let first = create(&*store, &name, &document(&[("alpha", "1")])).await;
    let content = document(&[("alpha", "2")]);
    let second = replace(&*store, &name, &content, &first).await;
    let answer = store.history(&name).await;
    if store.capabilities().history {
        done("asking for the history", answer);
    } else {
        refused("asking for the history", answer, ErrorKind::Unsupported);
    }
    is_there(h, &name, &content, &second).await;
}
