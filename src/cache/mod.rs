//! Last good credentials, kept by the kernel for starts while the store is down (`cache = { max-age = "1h" }`).
//!
//! **Where.** The Linux kernel's keyring of this user: memory of the kernel, on no disk (but swap), gone with a restart.
//! Sealed by the kernel: only a process that possesses a key can look at it, which is one of this user; it is dropped
//! after the time that was set, which is an hour at most. It is not encrypted: whoever could decrypt it at a start could read
//! it as well.
//!
//! **Under which name.** A digest of the location, and one of the [`Login`]: what one login was given is given to no other,
//! and all that was kept of a location can be found to drop it. The revision is kept with the fields.
//!
//! **When it counts.** Only where the store is unavailable. Any other answer counts as it is, and one that says denied, not
//! found or malformed drops what was kept, so that no later outage brings it back.
//!
//! **When it goes.** Before and after each write to the record and each removal, whatever command does it
//! ([`Forgetting`]), on this machine, for this user, and with it what is kept of a record of the same location in another
//! store: one server may have two addresses. Another machine knows nothing of it: there it is good until its time
//! is over.

mod entry;
mod forgetting;
#[cfg_attr(not(target_os = "linux"), path = "nowhere.rs")]
mod keyring;
mod login;
#[cfg(target_os = "linux")]
mod sys;

use std::ffi::CString;
use std::time::Duration;

use momo_cred_backend_api::Location;
use sha2::{Digest as _, Sha256};

pub use self::entry::Cached;
pub use self::forgetting::Forgetting;
pub use self::keyring::Unusable;
use self::keyring::UserKeyring;
pub use self::login::Login;
use crate::credential::Layout;
use crate::lifecycle::{Here, Seen, World as _};

/// What the kernel keeps of one record, for one login.
#[derive(Clone, Debug)]
pub struct Cache {
    name: CString,
    max_age: Duration,
}

impl Cache {
    /// The place for a record, as this login sees it.
    pub fn new(location: &Location, login: Login, max_age: Duration) -> Self {
        let name = format!("{}{}", beginning(location), login.digest());
        // Hex digits and colons.
        Self { name: CString::new(name).unwrap_or_default(), max_age }
    }

    /// Keeps what was read, in the place of what was kept before.
    ///
    /// # Errors
    /// [`Unusable`]; then nothing is kept.
    pub fn keep(&self, seen: &Seen) -> Result<(), Unusable> {
        let keyring = UserKeyring::open()?;
        let kept = match entry::encode(seen, Here.boot_time()) {
            Some(content) => keyring.put(&self.name, &content, self.max_age),
            None => Ok(()),
        };
        if kept.is_err() {
            // What was kept before is not the last good one.
            let _ = keyring.drop(&self.name);
        }
        kept
    }

    /// What is kept, if it is not too old.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn get(&self, layout: &Layout) -> Result<Option<Cached>, Unusable> {
        let content = UserKeyring::open()?.get(&self.name)?;
        Ok(content.and_then(|content| entry::decode(&content, layout, Here.boot_time(), self.max_age)))
    }

    /// Drops it.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn forget(&self) -> Result<(), Unusable> {
        UserKeyring::open()?.drop(&self.name)
    }
}

/// Drops what is kept of a record, for every login. Best effort: without a keyring there is nothing to drop.
pub fn forget(location: &Location) {
    let _ = UserKeyring::open().and_then(|keyring| keyring.drop_all(&beginning(location)));
}

/// What the names of a record's keys begin with.
fn beginning(location: &Location) -> String {
    format!("momo-cred:{}:", login::hex(&Sha256::digest(location.to_string())))
}
