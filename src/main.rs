//! The `momo-cred` command. Everything with a destructor is gone before the last statement, which may be `execve`.

use std::process::ExitCode;

use momo_cred::exec::{Hygiene, Inherited, install_panic_hook};
use momo_cred::{Outcome, cli};

/// What a panic is answered with; the hook has said where.
const INTERNAL: u8 = 70;

fn main() -> ExitCode {
    let inherited = Inherited::from_parent();
    let _hygiene = Hygiene::enable(&inherited);
    install_panic_hook();
    let outcome = std::panic::catch_unwind(|| cli::run(&std::env::args_os().collect::<Vec<_>>()));
    match outcome.unwrap_or(Outcome::Exit(INTERNAL)) {
        Outcome::Exit(code) => ExitCode::from(code),
        Outcome::Signal(signal) => {
            // Returns only where the signal does not end a process.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
            ExitCode::from(u8::try_from(128 + signal).unwrap_or(INTERNAL))
        }
        Outcome::Replace(program) => ExitCode::from(cli::report(&program.replace(&inherited))),
    }
}
