//! The suite on the store in memory.

mod everything {
    momo_cred_backend_testkit::suite!(momo_cred_backend_testkit::MemoryStore::new());
}
