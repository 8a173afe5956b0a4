//! A server that is gone, sealed, or back again.

use std::time::{Duration, Instant};

use momo_cred_backend_api::{Backend, Effect, Error, ErrorKind, Expect, Reason, Revision, Work};
use momo_cred_backend_vault::VaultStore;
use momo_cred_transport::Deadline;
use momo_live::{KvVersion, Storage, Vault, VaultOptions};

use crate::says;
use crate::support::{ROTATE, config, create, found, name, one, read, replace, store};

struct Own {
    vault: Vault,
    token: String,
}

impl Own {
    fn new() -> Option<Self> {
        let vault = Vault::start_with(VaultOptions { storage: Storage::Folder, ..VaultOptions::default() })?;
        vault.mount("secret", KvVersion::V2);
        vault.policy("rotate", ROTATE);
        Some(Self { token: vault.token(&["rotate"], "1h"), vault })
    }

    fn within(&self, seconds: u64) -> VaultStore {
        let mut config = config(&self.vault.address(), &self.token);
        config.deadline = Deadline::after(Duration::from_secs(seconds));
        store(config)
    }
}

fn record() -> momo_cred_backend_api::RecordName {
    name("secret/momo/a")
}

#[track_caller]
fn is_unavailable(error: &Error, words: &str, hint: &str) {
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::NotApplied), "{error:?}");
    assert!(error.retryable());
    says(error, words);
    let next = error.reason().and_then(Reason::next).unwrap();
    assert!(next.contains(hint), "{next:?} of {error:?}");
}

async fn write(store: &VaultStore, value: &str, on: &Revision) -> Result<Revision, Error> {
    store.write(&record(), &one(value), &Expect::Revision(on.clone())).await
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_and_nothing_was_done() {
    let Some(mut own) = Own::new() else { return };
    let store = own.within(30);
    let first = create(&store, &record(), "1").await;
    own.vault.kill();
    let begun = Instant::now();
    is_unavailable(
        &read(&own.within(3), &record()).await.unwrap_err(),
        "no connection",
        "that the server runs",
    );
    is_unavailable(
        &write(&own.within(3), "2", &first).await.unwrap_err(),
        "no connection",
        "that the server runs",
    );
    // A handle that was connected finds out in the same way.
    is_unavailable(&write(&store, "2", &first).await.unwrap_err(), "no connection", "that the server runs");
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    own.vault.restart();
    assert_eq!(found(&own.within(9), &record()).await.revision, first);
}

#[tokio::test]
async fn a_server_that_comes_back_within_the_deadline_is_waited_for() {
    let Some(mut own) = Own::new() else { return };
    let first = create(&own.within(9), &record(), "1").await;
    own.vault.kill();
    let (reader, writer) = (own.within(30), own.within(30));
    let back = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        own.vault.restart();
        own
    });
    let name = record();
    let (read, written) = tokio::join!(read(&reader, &name), write(&writer, "2", &first));
    let own = back.join().unwrap();
    crate::support::is_found(read);
    // It asks about the engine first, which is one more try.
    let second = written.unwrap();
    assert_eq!(found(&own.within(9), &record()).await.revision, second);
}

#[tokio::test]
async fn a_sealed_server_is_unavailable_with_the_hint_to_unseal_it() {
    let Some(own) = Own::new() else { return };
    let store = own.within(30);
    let first = create(&store, &record(), "1").await;
    // In the middle: logged in, connected, the engine known.
    own.vault.seal();
    for store in [store, own.within(3)] {
        is_unavailable(&write(&store, "2", &first).await.unwrap_err(), "is sealed", "vault operator unseal");
        is_unavailable(&read(&store, &record()).await.unwrap_err(), "is sealed", "vault operator unseal");
        is_unavailable(
            &store.hold(&record(), Work::Renewal).await.unwrap_err(),
            "is sealed",
            "vault operator unseal",
        );
    }
    own.vault.unseal();
    assert_eq!(found(&own.within(9), &record()).await.revision, first);
}

#[tokio::test]
async fn a_server_that_is_unsealed_meanwhile_is_waited_for() {
    let Some(mut own) = Own::new() else { return };
    let first = create(&own.within(9), &record(), "1").await;
    own.vault.restart_sealed();
    let store = own.within(30);
    let open = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        own.vault.unseal();
        own
    });
    let read = read(&store, &record()).await;
    let _own = open.join().unwrap();
    crate::support::is_found(read);
    replace(&store, &record(), "2", &first).await;
}
