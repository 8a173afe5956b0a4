//! `hold`.

use momo_cred_backend_api::{ErrorKind, Work};

use super::support::{create, document, done, is_there, refused, replace};
use crate::Harness;

/// The handle that holds reads and writes as before.
pub async fn hold_lets_its_owner_write(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let hold = done("holding", store.hold(&name, Work::Renewal).await);
    let first = create(&*store, &name, &document(&[("alpha", "1")])).await;
    let content = document(&[("alpha", "2")]);
    let second = replace(&*store, &name, &content, &first).await;
    is_there(h, &name, &content, &second).await;
    drop(hold);
    is_there(h, &name, &content, &second).await;
}

/// Once it is dropped another can take it.
pub async fn hold_is_released_on_drop(h: &dyn Harness) {
    let (one, other, name) = (h.open().await, h.open().await, h.name(0));
    for _ in 0..3 {
        drop(done("holding", one.hold(&name, Work::Renewal).await));
        drop(done("holding after another", other.hold(&name, Work::Renewal).await));
    }
    let hold = done("holding", one.hold(&name, Work::Renewal).await);
    drop(hold);
    create(&*other, &name, &document(&[("alpha", "1")])).await;
}

/// A hold is a conflict while another handle holds.
pub async fn hold_is_exclusive(h: &dyn Harness) {
    let (one, other, name) = (h.open().await, h.open().await, h.name(0));
    let Some(hold) = done("holding", one.hold(&name, Work::Renewal).await) else {
        assert!(
            done("holding", other.hold(&name, Work::Renewal).await).is_none(),
            "a store has holds or has none"
        );
        return;
    };
    refused("holding what is held", other.hold(&name, Work::Renewal).await, ErrorKind::Conflict);
    refused("holding what is held", h.open().await.hold(&name, Work::Renewal).await, ErrorKind::Conflict);
    drop(hold);
}
