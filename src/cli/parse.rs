//! From arguments to [`Cli`]. Messages about a wrong line never repeat an argument that may be a secret.

use std::ffi::OsString;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::args::{Cli, secret_flag};
use crate::config::looks_like_secret;
use crate::{Error, Kind};

/// What came of the arguments.
pub(super) enum Parsed {
    /// A command to run.
    Run(Box<Cli>),
    /// Help or version, for standard output.
    Help(String),
    /// A wrong line; `exec` has a code of its own for it.
    Bad {
        /// What is wrong with it.
        error: Box<Error>,
        /// Whether it is a line of `exec`.
        exec: bool,
    },
}

/// Reads the arguments.
pub(super) fn parse(args: &[OsString]) -> Parsed {
    let exec = args.iter().skip(1).take_while(|arg| *arg != "--").any(|arg| arg == "exec");
    let bad = |error| Parsed::Bad { error: Box::new(error), exec };
    if let Some((flag, instead)) = secret_flag(args) {
        return bad(Error::new(Kind::Usage, format!("{flag} is refused: no flag takes a secret"))
            .because("arguments are seen by every user of the machine and stay in shell history")
            .next(instead)
            .next("if you gave a real secret, treat it as leaked"));
    }
    match Cli::try_parse_from(args) {
        Ok(cli) => Parsed::Run(Box::new(cli)),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Parsed::Help(error.render().to_string()),
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                bad(Error::new(Kind::Usage, "no command was given").next("run `momo-cred --help` for the commands"))
            }
            _ => bad(explain(&error)),
        },
    }
}

/// clap's own text quotes what was typed, so the message is made anew from its parts.
fn explain(error: &clap::Error) -> Error {
    let what = match error.kind() {
        ErrorKind::UnknownArgument => format!("unexpected argument{}", named(error, ContextKind::InvalidArg)),
        ErrorKind::InvalidSubcommand => {
            format!("there is no such command{}", named(error, ContextKind::InvalidSubcommand))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("the value is refused for{}", named(error, ContextKind::InvalidArg))
        }
        ErrorKind::MissingRequiredArgument => {
            format!("an argument is missing:{}", named(error, ContextKind::InvalidArg))
        }
        ErrorKind::ArgumentConflict => {
            format!("two arguments do not go together:{}", named(error, ContextKind::InvalidArg))
        }
        ErrorKind::NoEquals | ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues | ErrorKind::TooManyValues => {
            format!("a value is missing or too many for{}", named(error, ContextKind::InvalidArg))
        }
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => "the command line is wrong".to_owned(),
    };
    let mut ours = Error::new(Kind::Usage, what);
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand] {
        let suggested = named(error, kind);
        if !suggested.is_empty() {
            ours = ours.next(format!("did you mean{suggested}?"));
        }
    }
    let values = named(error, ContextKind::ValidValue);
    if !values.is_empty() {
        ours = ours.next(format!("one of{values}"));
    }
    ours.next("see `momo-cred --help`, or `momo-cred COMMAND --help`")
}

/// Names from clap's context: flags without their values, and words only if no secret could look like them.
fn named(error: &clap::Error, kind: ContextKind) -> String {
    let words: Vec<String> = match error.get(kind) {
        Some(ContextValue::String(word)) => vec![word.clone()],
        Some(ContextValue::Strings(words)) => words.clone(),
        _ => Vec::new(),
    };
    let shown = words.iter().map(|word| word.split_once('=').map_or(word.as_str(), |(flag, _)| flag));
    let shown: Vec<_> = shown.filter(|word| word.len() <= 40 && !looks_like_secret(word)).collect();
    if shown.is_empty() { String::new() } else { format!(" {}", shown.join(", ")) }
}
