//! Many writers of one record.

use std::sync::Arc;
use std::time::Duration;

use momo_cred_backend_api::{Backend, Document, ErrorKind, Expect, RecordName};
use momo_cred_backend_vault::VaultStore;
use momo_live::KvVersion;

use crate::Stage;
use crate::support::{create, found, one, store};

const WRITERS: usize = 8;
const EACH: usize = 50;

#[tokio::test]
async fn eight_writers_of_fifty_increments_lose_none() {
    let Some(stage) = Stage::new(KvVersion::V2) else { return };
    // Metadata of many versions is slow to wipe without optimisation.
    stage.mount.root("POST", "config", &serde_json::json!({"max_versions": 2}));
    let name = stage.mount.name("counter");
    create(&stage.store(), &name, "0").await;
    // By number: values are secrets, which tests do not open either.
    let numbers: Arc<Vec<Document>> = Arc::new((0..=WRITERS * EACH).map(|n| one(&n.to_string())).collect());
    let mut writers = Vec::new();
    for n in 0..WRITERS {
        let mut config = stage.config();
        config.address = stage.mount.vault.address().parse().unwrap();
        config.deadline = momo_cred_transport::Deadline::after(Duration::from_secs(120));
        writers.push(tokio::spawn(count(n, store(config), name.clone(), Arc::clone(&numbers))));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let stored = found(&stage.store(), &name).await;
    assert!(stored.document.same_as(&numbers[WRITERS * EACH]));
    assert_eq!(stored.revision.as_str(), (WRITERS * EACH + 1).to_string());
}

async fn count(n: usize, store: VaultStore, name: RecordName, numbers: Arc<Vec<Document>>) {
    let (mut done, mut lost) = (0, 0);
    while done < EACH {
        let stored = found(&store, &name).await;
        // Version 1 is the number 0.
        let now = stored.revision.as_str().parse::<usize>().unwrap() - 1;
        assert!(stored.document.same_as(&numbers[now]), "an increment was lost or made twice");
        match store.write(&name, &numbers[now + 1], &Expect::Revision(stored.revision)).await {
            Ok(_) => done += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
                lost += 1;
                // Else nearly all of the work is to lose.
                tokio::time::sleep(Duration::from_millis((n as u64 * 7 + lost * 11) % 50)).await;
            }
        }
    }
}
