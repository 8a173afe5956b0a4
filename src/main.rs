//! The `momo-cred` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    momo_cred::cli::main(&std::env::args_os().collect::<Vec<_>>())
}
