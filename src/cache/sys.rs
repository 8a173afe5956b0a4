//! The system calls of the kernel's keyrings, each behind a safe function. No C library wraps them.
#![expect(unsafe_code, reason = "add_key and keyctl are system calls without a function in libc")]

use std::ffi::{CStr, c_long};
use std::io;

use libc::syscall;
use rustix::io::Errno;

/// A key or a keyring.
pub(super) type Serial = i32;

/// The keyring of this process alone, which `execve` empties.
pub(super) const PROCESS: Serial = -2;
/// The keyring of this user, which every process of the user may use.
pub(super) const USER: Serial = -4;

/// The kind of key that keeps bytes and gives them back.
const TYPE: &CStr = c"user";

const SETPERM: c_long = 5;
const DESCRIBE: c_long = 6;
const LINK: c_long = 8;
const UNLINK: c_long = 9;
const SEARCH: c_long = 10;
const READ: c_long = 11;
const SET_TIMEOUT: c_long = 15;
const INVALIDATE: c_long = 21;

fn answer(returned: c_long) -> Result<c_long, Errno> {
    if returned < 0 {
        return Err(Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::IO));
    }
    Ok(returned)
}

fn serial(returned: c_long) -> Result<Serial, Errno> {
    answer(returned).and_then(|serial| Serial::try_from(serial).map_err(|_| Errno::OVERFLOW))
}

/// Puts a new key into a keyring.
pub(super) fn add(name: &CStr, content: &[u8], keyring: Serial) -> Result<Serial, Errno> {
    let (kind, at, length) = (TYPE.as_ptr(), content.as_ptr(), content.len());
    // SAFETY: both texts end in NUL, and `length` bytes can be read at `at`; the kernel copies all of them.
    serial(unsafe { syscall(libc::SYS_add_key, kind, name.as_ptr(), at, length, c_long::from(keyring)) })
}

/// Looks for a key in a keyring and those linked to it.
pub(super) fn search(keyring: Serial, name: &CStr) -> Result<Serial, Errno> {
    let (kind, into) = (TYPE.as_ptr(), 0 as c_long);
    // SAFETY: both texts end in NUL.
    serial(unsafe { syscall(libc::SYS_keyctl, SEARCH, c_long::from(keyring), kind, name.as_ptr(), into) })
}

/// Copies what a key holds, or the serials in a keyring, and tells how long it is, which may be more than there was room
/// for.
pub(super) fn read(key: Serial, into: &mut [u8]) -> Result<usize, Errno> {
    fill(READ, key, into)
}

/// Copies `type;uid;gid;permissions;name` and a NUL.
pub(super) fn describe(key: Serial, into: &mut [u8]) -> Result<usize, Errno> {
    fill(DESCRIBE, key, into)
}

fn fill(operation: c_long, key: Serial, into: &mut [u8]) -> Result<usize, Errno> {
    let (at, length) = (into.as_mut_ptr(), into.len());
    // SAFETY: `length` bytes can be written at `at`, and the kernel writes no more.
    let full = answer(unsafe { syscall(libc::SYS_keyctl, operation, c_long::from(key), at, length) })?;
    usize::try_from(full).map_err(|_| Errno::OVERFLOW)
}

/// Links a key or keyring to a keyring, in the place of a key of the same name.
pub(super) fn link(key: Serial, keyring: Serial) -> Result<(), Errno> {
    with(LINK, key, i64::from(keyring))
}

/// Takes a key out of a keyring.
pub(super) fn unlink(key: Serial, keyring: Serial) -> Result<(), Errno> {
    with(UNLINK, key, i64::from(keyring))
}

/// Sets who may do what with a key.
pub(super) fn set_permissions(key: Serial, permissions: u32) -> Result<(), Errno> {
    with(SETPERM, key, i64::from(permissions))
}

/// Lets the kernel drop a key after some seconds.
pub(super) fn set_timeout(key: Serial, seconds: u32) -> Result<(), Errno> {
    with(SET_TIMEOUT, key, i64::from(seconds))
}

/// Takes a key out of every keyring, at once.
pub(super) fn invalidate(key: Serial) -> Result<(), Errno> {
    with(INVALIDATE, key, 0)
}

fn with(operation: c_long, key: Serial, argument: i64) -> Result<(), Errno> {
    let argument = c_long::try_from(argument).map_err(|_| Errno::OVERFLOW)?;
    // SAFETY: these operations take numbers and touch no memory of ours.
    answer(unsafe { syscall(libc::SYS_keyctl, operation, c_long::from(key), argument) }).map(drop)
}
