//! The suite on the store in memory, with everything on and with each thing off.

use momo_cred_backend_api::{Backend, Capabilities, Removes, Values};
use momo_cred_backend_testkit::MemoryStore;

const EVERYTHING: Capabilities = Capabilities {
    compare_and_swap: true,
    compare_and_remove: true,
    history: true,
    list: true,
    remove: Removes::Recoverably,
    undelete: Some("MemoryStore::undelete"),
    values: Values::Any,
};

mod everything {
    momo_cred_backend_testkit::suite!(super::MemoryStore::new());
}

mod no_compare {
    use super::{Capabilities, EVERYTHING, MemoryStore};
    const CAN: Capabilities =
        Capabilities { compare_and_swap: false, compare_and_remove: false, ..EVERYTHING };
    momo_cred_backend_testkit::suite!(MemoryStore::with(CAN));
}

mod no_history_nor_list_nor_remove {
    use super::{Capabilities, EVERYTHING, MemoryStore, Removes};
    const CAN: Capabilities =
        Capabilities { history: false, list: false, remove: Removes::Nothing, undelete: None, ..EVERYTHING };
    momo_cred_backend_testkit::suite!(MemoryStore::with(CAN).without_holds().without_clock());
}

mod as_dotenv {
    use super::{Capabilities, EVERYTHING, MemoryStore, Removes, Values};
    const CAN: Capabilities = Capabilities {
        history: false,
        remove: Removes::ForGood,
        undelete: None,
        values: Values::Portable,
        ..EVERYTHING
    };
    momo_cred_backend_testkit::suite!(maybe async { Some(MemoryStore::with(CAN)) }.await);
}

/// A store that is not on this machine passes every case without being asked.
mod not_there {
    momo_cred_backend_testkit::suite!(maybe None::<super::MemoryStore>);
}

#[test]
fn everything_is_everything() {
    assert_eq!(MemoryStore::new().handle().capabilities(), EVERYTHING);
}
