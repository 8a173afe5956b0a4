//! The time in which nothing drops what is kept of a location: from its first reader on.

use std::ffi::{CStr, CString};
use std::time::Duration;

use momo_cred_backend_api::Location;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::keyring::{Unusable, UserKeyring};
use super::{key, of};
use crate::lifecycle::{Here, World as _};

/// Longer than a read may take, which is an hour at most. One that ends early costs one start its keeping, and no more.
const LASTS: Duration = Duration::from_secs(2 * 3600);

/// An epoch of a location, as a reader noted it: a random word in a key of its own. Whoever drops what is kept drops that
/// key, too, and the next one has another word.
#[derive(Clone, Debug)]
pub struct Epoch {
    name: CString,
    word: Zeroizing<Vec<u8>>,
    began: Duration,
}

impl Epoch {
    /// The one that lasts, or a new one.
    pub(super) fn note(keyring: &UserKeyring, name: &CStr) -> Result<Self, Unusable> {
        let began = Here.boot_time();
        let word = match keyring.get(name)? {
            Some(word) => word,
            None => {
                let word = Zeroizing::new(Uuid::new_v4().as_bytes().to_vec());
                keyring.put(name, &word, LASTS)?;
                word
            }
        };
        Ok(Self { name: name.to_owned(), word, began })
    }

    /// Whether it still does.
    pub(super) fn lasts(&self, keyring: &UserKeyring) -> Result<bool, Unusable> {
        Ok(keyring.get(&self.name)?.is_some_and(|word| word == self.word))
    }

    /// When it was noted, by the time since boot: what is read in it is at least that new.
    pub(super) fn began(&self) -> Duration {
        self.began
    }
}

/// The name of its key: not among those of what is kept, which are dropped after it.
pub(super) fn name(location: &Location) -> CString {
    key(format!("momo-cred-epoch:{}", of(location)))
}
