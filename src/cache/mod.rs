//! Last good credentials, kept by the kernel for starts while the store is down (`cache = { max-age = "1h" }`).
//!
//! **Where.** The Linux kernel's keyring of this user: memory of the kernel, on no disk (but swap), gone with a restart.
//! Sealed by the kernel: only a process that possesses a key can look at it, which is one of this user; it is dropped
//! after the time that was set, which is an hour at most. It is not encrypted: whoever could decrypt it at a start could read
//! it as well.
//!
//! **Under which name.** A digest of the location, and one of the [`Login`] and the [`Layout`]: what one login was given is
//! given to no other, what one profile reads in a secret is given to no other that reads other fields there, and all that
//! was kept of a location can be found to drop it. The revision is kept with the fields.
//!
//! **When it counts.** Only where the store is unavailable. Any other answer counts as it is, and one that says denied, not
//! found or malformed drops what was kept, whichever command hears it, so that no later outage brings it back.
//!
//! **When it goes.** Before and after each write to the record and each removal, whatever command does it
//! ([`Forgetting`]), on this machine, for this user, and with it what is kept of a record of the same location in another
//! store: one server may have two addresses. Another machine knows nothing of it: there it is good until its time
//! is over.
//!
//! **What was read before it went** is not kept after: a start notes the [`Epoch`] of the location before it reads, and
//! keeps the record only if that epoch still lasts. Whatever drops a record ends its epoch first.

mod entry;
mod epoch;
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
pub use self::epoch::Epoch;
pub use self::forgetting::Forgetting;
pub use self::keyring::Unusable;
use self::keyring::UserKeyring;
pub use self::login::{Login, Unknown, content};
use crate::credential::{Field, Layout};
use crate::lifecycle::{Here, Seen, World as _};

/// What the kernel keeps of one record, for one login and one layout.
#[derive(Clone, Debug)]
pub struct Cache {
    name: CString,
    epoch: CString,
    layout: Layout,
    max_age: Duration,
}

impl Cache {
    /// The place for a record, as this login sees it and this layout reads it.
    ///
    /// # Errors
    /// [`Unknown`]: nobody can say which login this is.
    pub fn new(
        location: &Location,
        login: Login,
        layout: &Layout,
        max_age: Duration,
    ) -> Result<Self, Unknown> {
        let fields = Field::ALL.into_iter();
        let reader = fields.fold(login, |login, field| login.with(field.name(), layout.stored(field)));
        let name = key(format!("{}{}", beginning(location), reader.digest()?));
        Ok(Self { name, epoch: epoch::name(location), layout: layout.clone(), max_age })
    }

    /// Notes the epoch, before the record is read.
    ///
    /// # Errors
    /// [`Unusable`]; then nothing can be kept.
    pub fn epoch(&self) -> Result<Epoch, Unusable> {
        Epoch::note(&UserKeyring::open()?, &self.epoch)
    }

    /// Keeps what was read since then, in the place of what was kept before, unless the epoch has ended.
    ///
    /// # Errors
    /// [`Unusable`]; then nothing is kept.
    pub fn keep(&self, seen: &Seen, epoch: &Epoch) -> Result<(), Unusable> {
        let keyring = UserKeyring::open()?;
        if !epoch.lasts(&keyring)? {
            return Ok(());
        }
        let kept = match entry::encode(seen, epoch.began()) {
            Some(content) => keyring.put(&self.name, &content, self.max_age),
            None => Ok(()),
        };
        // What was kept before is not the last good one; and whoever has dropped it meanwhile may not have seen this.
        if kept.is_err() || !epoch.lasts(&keyring).unwrap_or_default() {
            let _ = keyring.drop(&self.name);
        }
        kept
    }

    /// What is kept, if it is not too old.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn get(&self) -> Result<Option<Cached>, Unusable> {
        let content = UserKeyring::open()?.get(&self.name)?;
        let decode = |content: &[u8]| entry::decode(content, &self.layout, Here.boot_time(), self.max_age);
        Ok(content.and_then(|content| decode(&content)))
    }
}

/// Whether the kernel keeps anything for us.
///
/// # Errors
/// [`Unusable`].
pub fn usable() -> Result<(), Unusable> {
    UserKeyring::open().map(drop)
}

/// Drops what is kept of a record, for every login. Best effort: without a keyring there is nothing to drop.
pub fn forget(location: &Location) {
    let _ = UserKeyring::open().and_then(|keyring| {
        // First, or somebody who has read it before could keep it behind our back.
        keyring.drop(&epoch::name(location))?;
        keyring.drop_all(&beginning(location))
    });
}

/// What the names of a record's keys begin with.
fn beginning(location: &Location) -> String {
    format!("momo-cred:{}:", of(location))
}

/// A location, as it stands in names.
fn of(location: &Location) -> String {
    login::hex(&Sha256::digest(location.to_string()))
}

/// A name for a key: hex digits, colons and words.
fn key(name: String) -> CString {
    CString::new(name).unwrap_or_default()
}

#[cfg(test)]
mod tests;
