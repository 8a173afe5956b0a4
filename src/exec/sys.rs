//! The system calls that need `unsafe`, each behind a safe function. The only such file beside that of `cache`.
#![expect(
    unsafe_code,
    reason = "sigaction, pthread_sigmask, signalfd, fork, kill, dup2, fcntl and close_range on descriptors we do not own, \
              execve, sysconf, pre_exec, locked pages, glibc's choice of where names are looked up"
)]

#[cfg(target_os = "linux")]
use std::ffi::c_uint;
use std::ffi::{CStr, c_char, c_int};
use std::io;
use std::mem::MaybeUninit;
#[cfg(target_os = "linux")]
use std::ops::{Deref, DerefMut};
#[cfg(target_os = "linux")]
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

#[cfg(target_os = "linux")]
use rustix::process::Pid;

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

/// Goes on twice: `None` in the child. Only for a process of one thread, where the child may go on as if nothing had
/// happened: no lock is held by a thread that it does not have.
#[cfg(target_os = "linux")]
pub(super) fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: fork itself has no precondition; what is asked of the child is said above.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        child => Ok(Pid::from_raw(child)),
    }
}

/// Dies of a signal, whatever was set for it. Returns only where it does not end a process.
pub(super) fn die_of(signal: c_int) {
    set_disposition(signal, Disposition::Default);
    let set = set_of([signal]);
    // SAFETY: `set` is a signal set, a null old set is allowed, and `raise` takes a number.
    unsafe {
        libc::raise(signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set.0, ptr::null_mut());
    }
}

/// Makes a standard descriptor another name of `fd`, kept by `execve`.
#[cfg(target_os = "linux")]
pub(super) fn redirect(fd: BorrowedFd<'_>, number: c_int) -> io::Result<()> {
    // SAFETY: the standard descriptors are used by number alone, here and in std; nobody owns them.
    if unsafe { libc::dup2(fd.as_raw_fd(), number) } == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Sends a signal, named by its number, to a process, or to the group `-pid`. One that is gone is no error.
#[cfg(target_os = "linux")]
pub(super) fn kill(pid: c_int, signal: c_int) {
    // SAFETY: takes numbers and touches no memory.
    unsafe {
        libc::kill(pid, signal);
    }
}

fn set_of(signals: impl IntoIterator<Item = c_int>) -> Mask {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: `set` is valid for writes and made a set by the first call; a bad number is an error and no more.
    Mask(unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    })
}

/// Blocks signals, and gives the descriptor that they are read from as they arrive: none is lost from here on.
#[cfg(target_os = "linux")]
pub(super) fn collect(signals: impl IntoIterator<Item = c_int>) -> io::Result<OwnedFd> {
    let set = set_of(signals);
    // SAFETY: `set` is a signal set; a null old set is allowed; the descriptor is new, so it is ours alone.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set.0, ptr::null_mut());
        match libc::signalfd(-1, &raw const set.0, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(OwnedFd::from_raw_fd(fd)),
        }
    }
}

/// Lets a blocked signal act on this process (0: on its whole group), and blocks it again.
#[cfg(target_os = "linux")]
pub(super) fn suffer(target: c_int, signal: c_int) {
    let set = set_of([signal]);
    // SAFETY: `set` is a signal set, null old sets are allowed, and `kill` takes numbers.
    unsafe {
        libc::kill(target, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set.0, ptr::null_mut());
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set.0, ptr::null_mut());
    }
}

/// Closes every descriptor from 3 on but one, those included that somebody in this process owns. For a process that ends by
/// [`vanish`].
#[cfg(target_os = "linux")]
pub(super) fn close_all_but(kept: c_int) {
    let kept = c_uint::try_from(kept).unwrap_or(3);
    // SAFETY: owners of these descriptors never run again: the process ends without a destructor.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3_u32, kept.saturating_sub(1), 0);
        libc::syscall(libc::SYS_close_range, kept + 1, c_uint::MAX, 0);
    }
}

/// Ends this process at once: no destructor, no buffer, no message.
#[cfg(target_os = "linux")]
pub(super) fn vanish() -> ! {
    // SAFETY: nothing of this process runs any more.
    unsafe { libc::_exit(0) }
}

/// Numbers of which every pattern of bits is one.
#[cfg(target_os = "linux")]
pub(super) trait Plain: Copy + Default {}
#[cfg(target_os = "linux")]
impl Plain for u8 {}
#[cfg(target_os = "linux")]
impl Plain for u32 {}

/// Memory for what is secret: never swapped out where the system allows to lock it, in no core file, not copied by a fork
/// (the child finds zeros), wiped when dropped.
#[cfg(target_os = "linux")]
pub(super) struct Locked<T: Plain> {
    at: ptr::NonNull<T>,
    len: usize,
}

#[cfg(target_os = "linux")]
impl<T: Plain> Locked<T> {
    /// Zeros.
    pub(super) fn zeroed(len: usize) -> io::Result<Self> {
        let bytes = len.max(1).checked_mul(size_of::<T>()).ok_or(io::ErrorKind::OutOfMemory)?;
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping touches no other. Locking and advice concern its pages alone; where a limit or an old
        // kernel refuses them, the pages are as good as any others.
        let at = unsafe {
            let at = libc::mmap(ptr::null_mut(), bytes, access, kind, -1, 0);
            if at == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            libc::madvise(at, bytes, libc::MADV_DONTDUMP);
            libc::madvise(at, bytes, libc::MADV_WIPEONFORK);
            libc::mlock(at, bytes);
            at
        };
        ptr::NonNull::new(at.cast())
            .map(|at| Self { at, len })
            .ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    /// The same memory as bytes, for a read.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the mapping is that long, ours alone while `self` is borrowed, and any bytes are good `T`s.
        unsafe { std::slice::from_raw_parts_mut(self.at.as_ptr().cast(), self.len * size_of::<T>()) }
    }
}

#[cfg(target_os = "linux")]
impl<T: Plain> Deref for Locked<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the mapping is that long, aligned to a page, and began as zeros.
        unsafe { std::slice::from_raw_parts(self.at.as_ptr(), self.len) }
    }
}

#[cfg(target_os = "linux")]
impl<T: Plain> DerefMut for Locked<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and `self` is borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.at.as_ptr(), self.len) }
    }
}

#[cfg(target_os = "linux")]
impl<T: Plain> Drop for Locked<T> {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(self.bytes_mut());
        // SAFETY: the mapping is ours and nobody uses it any more.
        unsafe {
            libc::munmap(self.at.as_ptr().cast(), self.len.max(1) * size_of::<T>());
        }
    }
}

/// Lets host names be looked up in `/etc/hosts` and by the name servers of `/etc/resolv.conf`, whatever
/// `/etc/nsswitch.conf` says.
///
/// Every other way is a module that the C library loads, and a module brings a C library of its own. Where ours is part of
/// the program, that makes two, which works only if both are of one version.
#[cfg(all(without_shared_libraries, feature = "cli"))]
pub(crate) fn resolve_without_modules() {
    unsafe extern "C" {
        /// Of glibc since 2.2, and since 2.34 without a file of its own for either service.
        fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
    }
    // SAFETY: both strings end in NUL and are copied; glibc takes its own locks.
    unsafe {
        __nss_configure_lookup(c"hosts".as_ptr(), c"files dns".as_ptr());
    }
}
