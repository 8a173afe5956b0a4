//! `close`.

use momo_cred_backend_api::{At, Lookup};

use super::support::{create, document, found, is_there, replace};
use crate::Harness;

/// What was written stays, and a second close is none.
pub async fn close_loses_nothing(h: &dyn Harness) {
    let (store, other, idle, name) = (h.open().await, h.open().await, h.open().await, h.name(0));
    let content = document(&[("alpha", "1"), ("beta", "2")]);
    let revision = create(&*store, &name, &content).await;
    idle.close().await;
    for _ in 0..2 {
        store.close().await;
        is_there(h, &name, &content, &revision).await;
    }
    // Whether a closed handle still reads is its own business, but it does not tell stories.
    if let Ok(lookup) = store.read(&name, &At::Current).await {
        assert!(matches!(lookup, Lookup::Found(_)), "a closed handle finds {lookup:?}");
    }
    // A handle ends its own business and no other's.
    let next = document(&[("alpha", "2"), ("beta", "2")]);
    replace(&*other, &name, &next, &revision).await;
    assert!(found(&*h.open().await, &name).await.document.same_as(&next), "the other handle's write is lost");
}
