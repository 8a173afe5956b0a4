//! The system calls that need `unsafe`, each behind a safe function. The only such file beside that of `cache`.
#![expect(
    unsafe_code,
    reason = "sigaction, pthread_sigmask, fcntl and close_range on descriptors we do not own, execve, sysconf, pre_exec"
)]

use std::ffi::{CStr, c_char, c_int};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

/// What a program that was just started finds for a signal: there is no third possibility.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposition {
    Default,
    Ignored,
}

/// A signal mask, kept to be given back.
#[derive(Clone, Copy)]
pub(super) struct Mask(libc::sigset_t);

/// Called by the loader before `main`, and before the start-up code of std: that one ignores SIGPIPE and opens
/// /dev/null on closed standard descriptors.
extern "C" fn before_main() {
    super::inherited::read_before_main();
}

// Without `used` the linker would drop what nobody refers to.
// SAFETY: the section is an array of pointers to functions of this type, each called once, on the only thread. This
// one neither allocates nor panics nor uses what std's start-up would have to set up.
#[used]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
static CALL_BEFORE_MAIN: extern "C" fn() = before_main;

/// Whether a signal is ignored or not. A handler counts as the default, which is what `execve` makes of it.
pub(super) fn disposition(signal: c_int) -> Disposition {
    let mut now = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: `now` is valid for writes, a null action changes nothing, and all-zero is a valid `sigaction`.
    let now = unsafe {
        libc::sigaction(signal, ptr::null(), now.as_mut_ptr());
        now.assume_init()
    };
    if now.sa_sigaction == libc::SIG_IGN { Disposition::Ignored } else { Disposition::Default }
}

/// Sets a signal's disposition. For a signal that has none to set (KILL, STOP) it does nothing.
pub(super) fn set_disposition(signal: c_int, disposition: Disposition) {
    let action = match disposition {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignored => libc::SIG_IGN,
    };
    // SAFETY: neither action is a function that could be called; a bad signal number is an error and no more.
    unsafe {
        libc::signal(signal, action);
    }
}

/// The signal mask of this thread.
pub(super) fn mask() -> Mask {
    let mut mask = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: `mask` is valid for writes, a null set changes nothing, and all-zero is a valid `sigset_t`.
    Mask(unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, ptr::null(), mask.as_mut_ptr());
        mask.assume_init()
    })
}

/// Sets the signal mask of this thread.
pub(super) fn set_mask(mask: &Mask) {
    // SAFETY: `mask` came from the function above; a null old set is allowed.
    unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const mask.0, ptr::null_mut());
    }
}

/// Whether a descriptor number is not in use.
pub(super) fn is_closed(fd: c_int) -> bool {
    // SAFETY: F_GETFD reads a flag of the descriptor table and touches nothing else, whatever the number.
    unsafe { libc::fcntl(fd, libc::F_GETFD) == -1 }
}

/// Lets a successful `execve` close a descriptor.
pub(super) fn close_on_exec(fd: c_int) {
    // SAFETY: F_SETFD writes a flag of the descriptor table; reads and writes through `fd` stay valid until execve.
    unsafe {
        libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
    }
}

/// Lets `execve` close every descriptor from 3 on.
fn close_the_rest_on_exec() {
    // SAFETY: it sets a flag in the descriptor table and touches nothing else.
    #[cfg(target_os = "linux")]
    let done =
        unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) == 0 };
    #[cfg(not(target_os = "linux"))]
    let done = false;
    if !done {
        // An older kernel, or a sandbox. Beyond this number nobody has descriptors.
        (3..65_536).for_each(close_on_exec);
    }
}

/// Lets a command start as from a shell: it gets `prepared`, the default dispositions, and no descriptor but the standard
/// ones. `prepared` runs between fork and exec, so it may neither allocate nor lock.
pub(super) fn start_apart(command: &mut Command, prepared: impl Fn() + Send + Sync + 'static) {
    let prepare = move || {
        // Real-time ones too; numbers that there are not are no harm.
        for signal in 1..=64 {
            set_disposition(signal, Disposition::Default);
        }
        // On exec only: std tells through a descriptor of its own whether that succeeds.
        close_the_rest_on_exec();
        prepared();
        Ok(())
    };
    // SAFETY: signal, close_range and fcntl are safe to call between fork and exec; so is `prepared`, see above. std has
    // emptied the signal mask by then.
    unsafe {
        command.pre_exec(prepare);
    }
}

/// Becomes the program at a path, or says why not. No search, no interpreter of our choice.
pub(super) fn execve(path: &CStr, argv: &[&CStr], env: &[&CStr]) -> io::Error {
    let (argv, env) = (pointers(argv), pointers(env));
    // SAFETY: `path` and the strings outlive the call and end in NUL; both lists end in null. On success there is
    // nobody left to care.
    unsafe {
        libc::execve(path.as_ptr(), argv.as_ptr(), env.as_ptr());
    }
    io::Error::last_os_error()
}

fn pointers(strings: &[&CStr]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}

/// How many bytes of arguments and environment the system takes, if it says.
pub(super) fn arg_max() -> Option<usize> {
    // SAFETY: sysconf takes any number and touches no memory of ours.
    let max = unsafe { libc::sysconf(libc::_SC_ARG_MAX) };
    usize::try_from(max).ok().filter(|max| *max > 0)
}
