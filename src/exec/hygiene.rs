//! What keeps values out of core files, out of other processes' reach, and out of the messages of a panic.

use std::io::Write as _;
use std::panic;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Inherited;
use super::sys::{self, Disposition};

/// Proof that this process guards the values it is about to hold. Made at the start of a command that holds some.
#[derive(Debug)]
#[must_use = "a command that holds values keeps it"]
pub struct Hygiene(());

impl Hygiene {
    /// No core files, no reading of our memory by other processes of this user, and a file size limit that is met by
    /// an error, so that no temp file with a secret in it stays behind.
    ///
    /// Takes what the parent gave, so that it has been read before this changes it. Best effort: what a sandbox
    /// forbids is no reason to refuse work, and `doctor` can tell.
    pub fn enable(_read_before: &Inherited) -> Self {
        // The soft limit only. A lowered hard limit could never be given back, and would take core dumps from the
        // program that we become.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..getrlimit(Resource::Core) });
        // A core pattern that is a pipe ignores the limit; this holds there too. execve sets it back.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
        sys::set_disposition(libc::SIGXFSZ, Disposition::Ignored);
        Self(())
    }
}

/// Makes a panic say where it happened and nothing else: its message may hold a value. The exit code is up to `main`.
pub fn install_panic_hook() {
    panic::set_hook(Box::new(|info| {
        let mut stderr = std::io::stderr().lock();
        // Nobody to tell if this fails.
        let _ = match info.location() {
            Some(at) => writeln!(stderr, "internal error at {}:{}", at.file(), at.line()),
            None => writeln!(stderr, "internal error"),
        };
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn guards_and_keeps_the_hard_limit() {
        let before = getrlimit(Resource::Core);
        let _hygiene = Hygiene::enable(&Inherited::from_parent());
        let after = getrlimit(Resource::Core);
        assert_eq!((after.current, after.maximum), (Some(0), before.maximum));
        let dumpable = rustix::process::dumpable_behavior().unwrap();
        assert_eq!(dumpable, rustix::process::DumpableBehavior::NotDumpable);
        assert_eq!(sys::disposition(libc::SIGXFSZ), Disposition::Ignored);
        // Other tests of this process look into /proc.
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable).unwrap();
    }
}
