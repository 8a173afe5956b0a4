//! The suite on the store in memory as another process reaches it, over a port.

#![expect(clippy::expect_used, reason = "a test may stop where it stands")]

use std::net::{Ipv4Addr, TcpListener};

use momo_cred_backend_api::{Backend, RecordName, async_trait};
use momo_cred_backend_testkit::{Harness, MemoryServer, MemoryStore, RemoteStore};

/// The store behind a port. What others do to it, they do to the store itself.
struct Remote {
    store: MemoryStore,
    port: u16,
}

impl Remote {
    fn new() -> Self {
        let (server, listener) =
            (MemoryServer::new(), TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
        let port = listener.local_addr().expect("an address").port();
        let store = server.store();
        // Ends with the test's process: it waits for connections and for nothing else.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                std::thread::spawn(move || server.serve(&stream, |_| {}));
            }
        });
        Self { store, port }
    }
}

#[async_trait]
impl Harness for Remote {
    async fn open(&self) -> Box<dyn Backend> {
        Box::new(RemoteStore::new(self.port))
    }

    fn name(&self, n: usize) -> RecordName {
        self.store.name(n)
    }

    fn prefix(&self) -> String {
        self.store.prefix()
    }

    fn bad_names(&self) -> Vec<RecordName> {
        self.store.bad_names()
    }

    async fn plant_foreign(&self, name: &RecordName, value: &str) -> Option<String> {
        self.store.plant_foreign(name, value).await
    }

    async fn foreign_is_intact(&self, name: &RecordName, value: &str) -> bool {
        self.store.foreign_is_intact(name, value).await
    }

    async fn plant_json(&self, name: &RecordName, json: &str) -> Option<String> {
        Harness::plant_json(&self.store, name, json).await
    }

    async fn lag(&self, name: &RecordName) -> Option<String> {
        Harness::lag(&self.store, name).await
    }

    async fn lose_next_answer(&self) -> bool {
        self.store.lose_next_answer().await
    }

    async fn deny(&self, name: &RecordName) -> bool {
        Harness::deny(&self.store, name).await
    }

    async fn plant_corrupt(&self, name: &RecordName, text: &str) -> bool {
        self.store.plant_corrupt(name, text).await
    }
}

momo_cred_backend_testkit::suite!(Remote::new());
