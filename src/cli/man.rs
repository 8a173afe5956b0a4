//! `man`: the manual page.

use clap::CommandFactory;

use super::args::Cli;
use super::context::Context;
use crate::{Error, Kind, Outcome, Result};

/// Prints the manual page of momo-cred, or of one of its commands.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  momo-cred man | man -l -\n  momo-cred man exec > momo-cred-exec.1")]
pub(crate) struct Options {
    /// The page of this command
    command: Option<String>,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let mut root = Cli::command();
    root.build();
    let title = options.command.as_ref().map_or("momo-cred".to_owned(), |name| format!("momo-cred-{name}"));
    let page = match &options.command {
        None => root,
        Some(name) => {
            let known = root.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "help");
            let known = known.collect::<Vec<_>>().join(", ");
            root.find_subcommand(name).cloned().ok_or_else(|| {
                Error::new(Kind::Usage, "there is no manual page for that command")
                    .next(format!("one of: {known}"))
            })?
        }
    };
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(page).title(title).render(&mut text);
    let text = rendered.ok().and_then(|()| String::from_utf8(text).ok());
    context
        .output
        .raw(&text.ok_or_else(|| Error::new(Kind::Internal, "the manual page cannot be rendered"))?)?;
    Ok(Outcome::SUCCESS)
}
