//! `completions`: a completion script for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Cli;
use super::context::Context;
use crate::{Error, Kind, Outcome, Result};

/// Prints a completion script for bash, elvish, fish, powershell or zsh.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  momo-cred completions bash > /etc/bash_completion.d/momo-cred")]
pub(crate) struct Options {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "momo-cred", &mut script);
    let script =
        String::from_utf8(script).map_err(|_| Error::new(Kind::Internal, "the script is not text"))?;
    context.output.raw(&script)?;
    Ok(Outcome::SUCCESS)
}
