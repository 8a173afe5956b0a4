//! The `momo-cred` command.
//!
//! With glibc it is started by the C library, without what std does before `main`: half a dozen calls and a look at
//! /proc/self/maps for a message on stack overflow, a tenth of a start. What else std does there, `cli::main` does.
#![cfg_attr(all(target_os = "linux", target_env = "gnu"), no_main)]

use std::ffi::OsString;

/// Runs the command line. With glibc, std knows the arguments without having started anything.
fn run() -> u8 {
    momo_cred::cli::main(&std::env::args_os().collect::<Vec<OsString>>())
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "the name by which the C library finds the program; there is no other of this name"
)]
#[unsafe(no_mangle)]
extern "C" fn main() -> std::ffi::c_int {
    run().into()
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn main() -> std::process::ExitCode {
    run().into()
}
