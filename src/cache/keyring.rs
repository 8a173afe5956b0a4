//! The keyring of this user: keys that only who possesses them may use, and that the kernel drops in time.
//!
//! A process possesses what it reaches from its own keyrings, and the user's keyring is among those of no service that
//! systemd starts. So it is linked to the keyring of this process, which `execve` empties: the program inherits nothing.
//!
//! A key gets its rights and its time-out while it is in the process's own keyring, and only then comes into the user's,
//! in the place of an older one. A run that is killed in between leaves nothing behind.

use std::ffi::CStr;
use std::fmt;
use std::io;
use std::time::Duration;

use rustix::io::Errno;
use zeroize::Zeroizing;

use super::sys::{self, PROCESS, Serial, USER};

/// Whoever possesses the key may do anything with it; its user, group and others nothing.
const POSSESSOR_ONLY: u32 = 0x3f00_0000;
/// More than a key of this type can hold.
const LONGEST: usize = 32 * 1024;

/// The user's keyring, linked to that of this process.
pub(super) struct UserKeyring(());

/// Why the kernel keeps nothing for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// There are no keyrings, or a sandbox forbids them, as containers mostly do.
    NoKeyring,
    /// The user has as many keys, or as much in them, as the system allows.
    Full,
    /// The record is larger than a key can be.
    TooLarge,
    /// The system says this.
    Failed(Errno),
}

impl UserKeyring {
    pub(super) fn open() -> Result<Self, Unusable> {
        sys::link(USER, PROCESS)?;
        Ok(Self(()))
    }

    /// What is kept under a name.
    pub(super) fn get(&self, name: &CStr) -> Result<Option<Zeroizing<Vec<u8>>>, Unusable> {
        let Some(key) = self.find(name)? else { return Ok(None) };
        let mut content = Zeroizing::new(vec![0; LONGEST]);
        match sys::read(key, &mut content) {
            Ok(length) if length <= LONGEST => {
                content.truncate(length);
                Ok(Some(content))
            }
            Ok(_) => Ok(None),
            Err(errno) => gone(errno).map(|()| None),
        }
    }

    /// Keeps something under a name, for a time.
    pub(super) fn put(&self, name: &CStr, content: &[u8], time: Duration) -> Result<(), Unusable> {
        let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1);
        let key = sys::add(name, content, PROCESS)?;
        let kept = sys::set_permissions(key, POSSESSOR_ONLY)
            .and_then(|()| sys::set_timeout(key, seconds))
            .and_then(|()| sys::link(key, USER));
        // Reached through the user's keyring from here on, or not at all.
        let _ = sys::unlink(key, PROCESS);
        Ok(kept?)
    }

    /// Drops what is kept under a name.
    pub(super) fn drop(&self, name: &CStr) -> Result<(), Unusable> {
        match self.find(name)? {
            Some(key) => invalidate(key),
            None => Ok(()),
        }
    }

    /// Drops what is kept under names that begin so.
    pub(super) fn drop_all(&self, beginning: &str) -> Result<(), Unusable> {
        for key in self.keys()? {
            let mut text = [0; 512];
            // A key that went away meanwhile, or is not ours to look at, is none of ours.
            let Ok(length) = sys::describe(key, &mut text) else { continue };
            let text = text.get(..length).unwrap_or_default();
            let name = text.split(|byte| *byte == b';').nth(4).unwrap_or_default();
            if text.starts_with(b"user;") && name.starts_with(beginning.as_bytes()) {
                invalidate(key)?;
            }
        }
        Ok(())
    }

    fn find(&self, name: &CStr) -> Result<Option<Serial>, Unusable> {
        match sys::search(PROCESS, name) {
            Ok(key) => Ok(Some(key)),
            Err(errno) => gone(errno).map(|()| None),
        }
    }

    fn keys(&self) -> Result<Vec<Serial>, Unusable> {
        let mut bytes = vec![0; 4096];
        loop {
            let length = sys::read(USER, &mut bytes)?;
            if length <= bytes.len() {
                bytes.truncate(length);
                let (serials, _) = bytes.as_chunks::<4>();
                return Ok(serials.iter().map(|serial| Serial::from_ne_bytes(*serial)).collect());
            }
            bytes.resize(length, 0);
        }
    }
}

fn invalidate(key: Serial) -> Result<(), Unusable> {
    match sys::invalidate(key) {
        Ok(()) => Ok(()),
        Err(errno) => gone(errno),
    }
}

/// A key that is there no more, or is about to go, is none.
fn gone(errno: Errno) -> Result<(), Unusable> {
    match errno {
        Errno::NOKEY | Errno::KEYEXPIRED | Errno::KEYREVOKED => Ok(()),
        errno => Err(errno.into()),
    }
}

impl From<Errno> for Unusable {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOSYS | Errno::PERM | Errno::ACCESS => Self::NoKeyring,
            Errno::DQUOT => Self::Full,
            Errno::INVAL => Self::TooLarge,
            errno => Self::Failed(errno),
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKeyring => f.write_str("the kernel's keyring may not be used here"),
            Self::Full => f.write_str("the kernel's keyring of this user is full"),
            Self::TooLarge => f.write_str("the record is too large for the kernel's keyring"),
            // The system's own words for a number: they hold nothing of ours.
            Self::Failed(errno) => write!(f, "the kernel's keyring fails: {}", io::Error::from(*errno)),
        }
    }
}

impl std::error::Error for Unusable {}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Whether the keyring may be used here; without it a test says so, and under CI it fails.
    pub(in crate::cache) fn usable() -> bool {
        let usable = UserKeyring::open().is_ok();
        #[expect(clippy::disallowed_methods, reason = "it is about where the tests run")]
        let ci = std::env::var_os("CI").is_some();
        assert!(usable || !ci, "the kernel's keyring is required under CI");
        if !usable {
            eprintln!("left out: the kernel's keyring may not be used here");
        }
        usable
    }

    /// As in `/proc/keys`: keys that this process possesses, by their names.
    fn listed(name: &str) -> Option<String> {
        let text = std::fs::read_to_string("/proc/keys").unwrap();
        text.lines().find(|line| line.contains(name)).map(str::to_owned)
    }

    #[test]
    fn keeps_for_its_possessor_until_dropped() {
        if !usable() {
            return;
        }
        let keyring = UserKeyring::open().unwrap();
        let name = std::ffi::CString::new(format!("momo-cred-test:{}", uuid::Uuid::new_v4())).unwrap();
        assert_eq!(keyring.get(&name), Ok(None));
        keyring.put(&name, b"first", Duration::from_secs(60)).unwrap();
        keyring.put(&name, b"second", Duration::from_secs(60)).unwrap();
        assert_eq!(keyring.get(&name).unwrap().unwrap().as_slice(), b"second");
        let line = listed(name.to_str().unwrap()).unwrap();
        assert!(line.contains(" 3f000000 ") && !line.contains(" perm "), "{line}");
        keyring.drop(&name).unwrap();
        assert_eq!(keyring.get(&name), Ok(None));
        keyring.drop(&name).unwrap();
    }

    #[test]
    fn drops_by_the_beginning_of_names() {
        if !usable() {
            return;
        }
        let keyring = UserKeyring::open().unwrap();
        let beginning = format!("momo-cred-test:{}:", uuid::Uuid::new_v4());
        let names = ["a", "b"].map(|end| std::ffi::CString::new(format!("{beginning}{end}")).unwrap());
        let other = std::ffi::CString::new(format!("momo-cred-test:{}", uuid::Uuid::new_v4())).unwrap();
        for name in names.iter().chain([&other]) {
            keyring.put(name, b"x", Duration::from_secs(60)).unwrap();
        }
        keyring.drop_all(&beginning).unwrap();
        assert!(names.iter().all(|name| keyring.get(name) == Ok(None)));
        assert!(keyring.get(&other).unwrap().is_some());
        keyring.drop(&other).unwrap();
    }

    #[test]
    fn is_dropped_by_the_kernel_in_time() {
        if !usable() {
            return;
        }
        let keyring = UserKeyring::open().unwrap();
        let name = std::ffi::CString::new(format!("momo-cred-test:{}", uuid::Uuid::new_v4())).unwrap();
        keyring.put(&name, b"x", Duration::from_millis(10)).unwrap();
        let start = std::time::Instant::now();
        while keyring.get(&name) != Ok(None) {
            assert!(start.elapsed() < Duration::from_secs(60), "it is still there");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn what_is_too_large_is_told() {
        if !usable() {
            return;
        }
        let keyring = UserKeyring::open().unwrap();
        let name = c"momo-cred-test:large";
        let large = keyring.put(name, &vec![b'x'; LONGEST], Duration::from_secs(60));
        assert!(matches!(large, Err(Unusable::TooLarge | Unusable::Full)), "{large:?}");
    }
}
