//! `exec` without a program: a shell with credentials, and never one inside another.

use std::ffi::OsString;
use std::io::IsTerminal;

use crate::cli::context::Context;
use crate::{Error, Kind, Result};

/// The mark of such a shell, for prompts and for us.
pub(super) const MARK: &str = "IN_MOMO_CRED";

/// What to do where no program is named.
const NO_PROGRAM: &str = "put it after `--`: momo-cred exec -- COMMAND ARGUMENTS";

/// The user's shell.
///
/// In a shell inside another nobody knows any more which credentials are the ones in use. A program in it is another
/// matter: it says what it is for. A shell that nobody types into would read what is meant for somebody else, so a script
/// that forgot the program is told.
pub(super) fn program(context: &Context) -> Result<Vec<OsString>> {
    if context.environment.get(MARK).is_some() {
        return Err(Error::new(Kind::Usage, "this shell has credentials already")
            .because(format!("{MARK} is set: it was started by `momo-cred exec`"))
            .next("leave it with `exit` before you start another")
            .next("or start one program with other credentials: momo-cred exec -- COMMAND ARGUMENTS"));
    }
    // What makes a shell an interactive one.
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Err(Error::new(Kind::Usage, "there is no program to start")
            .because("without one it starts a shell, which needs a terminal")
            .next(NO_PROGRAM));
    }
    Ok(vec![context.environment.get("SHELL").map_or_else(|| "/bin/sh".into(), ToOwned::to_owned)])
}
