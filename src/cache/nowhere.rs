//! The keyring of a system that has none.

use std::ffi::CStr;
use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

/// There is none.
pub(super) enum UserKeyring {}

/// Why the kernel keeps nothing for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// There are no keyrings.
    NoKeyring,
}

impl UserKeyring {
    pub(super) fn open() -> Result<Self, Unusable> {
        Err(Unusable::NoKeyring)
    }

    pub(super) fn get(&self, _: &CStr) -> Result<Option<Zeroizing<Vec<u8>>>, Unusable> {
        match *self {}
    }

    pub(super) fn put(&self, _: &CStr, _: &[u8], _: Duration) -> Result<(), Unusable> {
        match *self {}
    }

    pub(super) fn drop(&self, _: &CStr) -> Result<(), Unusable> {
        match *self {}
    }

    pub(super) fn drop_all(&self, _: &str) -> Result<(), Unusable> {
        match *self {}
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the kernel's keyring is one of Linux")
    }
}

impl std::error::Error for Unusable {}
