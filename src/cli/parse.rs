//! From arguments to [`Cli`]. Messages about a wrong line never repeat an argument that may be a secret.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use super::args::{Cli, named_command, secret_flag};
use super::quick;
use crate::config::looks_like_secret;
use crate::{Error, Kind};

/// What came of the arguments.
pub(super) enum Parsed {
    /// A command to run.
    Run(Box<Cli>),
    /// Help or version, for standard output.
    Help(String),
    /// A wrong line.
    Bad {
        /// What is wrong with it.
        error: Box<Error>,
        /// The command, if it names one: `exec` has an exit code of its own.
        command: Option<String>,
        /// Whether it asks for JSON.
        json: bool,
    },
}

/// Reads the arguments.
pub(super) fn parse(args: &[OsString]) -> Parsed {
    if let Some(cli) = quick::read(args) {
        return Parsed::Run(Box::new(cli));
    }
    let bad =
        |error| Parsed::Bad { error: Box::new(error), command: named_command(args), json: wants_json(args) };
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
                bad(Error::new(Kind::Usage, "no command was given")
                    .next("run `momo-cred --help` for the commands"))
            }
            _ => bad(explain(&error, named_command(args).as_deref())),
        },
    }
}

/// Whether it asks for JSON.
pub(super) fn wants_json(args: &[OsString]) -> bool {
    args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--json")
}

/// clap's own text quotes what was typed, so the message is made anew from its parts.
fn explain(error: &clap::Error, command: Option<&str>) -> Error {
    let arg = flags(error, ContextKind::InvalidArg);
    let what = match error.kind() {
        ErrorKind::UnknownArgument => format!("unexpected argument{arg}"),
        ErrorKind::InvalidSubcommand => {
            format!("there is no such command{}", flags(error, ContextKind::InvalidSubcommand))
        }
        ErrorKind::InvalidValue if no_value(error) => format!("a value is missing for{arg}"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => format!("the value is refused for{arg}"),
        ErrorKind::TooManyValues => format!("{} takes no value", arg.trim_start()),
        ErrorKind::MissingRequiredArgument => format!("an argument is missing:{arg}"),
        ErrorKind::ArgumentConflict => {
            let prior = flags(error, ContextKind::PriorArg);
            if prior == arg || prior.is_empty() {
                format!("{} was given twice", arg.trim_start())
            } else {
                format!("two arguments do not go together:{arg},{prior}")
            }
        }
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => "the command line is wrong".to_owned(),
    };
    let mut ours = Error::new(Kind::Usage, what);
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand] {
        let suggested = flags(error, kind);
        if !suggested.is_empty() {
            ours = ours.next(format!("did you mean{suggested}?"));
        }
    }
    let values = flags(error, ContextKind::ValidValue);
    if !values.is_empty() {
        ours = ours.next(format!("one of{values}"));
    }
    if command == Some("exec") && error.kind() == ErrorKind::UnknownArgument && !arg.starts_with(" -") {
        ours = ours.next("put the program after `--`: momo-cred exec -- COMMAND ARGUMENTS");
    }
    ours.next("see `momo-cred --help`, or `momo-cred COMMAND --help`")
}

/// Whether clap missed a value rather than refused one.
fn no_value(error: &clap::Error) -> bool {
    matches!(error.get(ContextKind::InvalidValue), None | Some(ContextValue::None))
        || matches!(error.get(ContextKind::InvalidValue), Some(ContextValue::String(value)) if value.is_empty())
}

/// Names from clap's context: flags without their values, and other words only as far as no secret looks like them.
fn flags(error: &clap::Error, kind: ContextKind) -> String {
    let words: Vec<String> = match error.get(kind) {
        Some(ContextValue::String(word)) => vec![word.clone()],
        Some(ContextValue::Strings(words)) => words.clone(),
        _ => Vec::new(),
    };
    let shown: Vec<_> = words.iter().map(|word| without_value(word)).filter(|word| harmless(word)).collect();
    if shown.is_empty() { String::new() } else { format!(" {}", shown.join(", ")) }
}

fn without_value(word: &str) -> &str {
    word.split_once('=').map_or(word, |(flag, _)| flag)
}

fn harmless(word: &str) -> bool {
    let plain = word.len() <= 20 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    // `--flag <VALUE>` is clap's own, but for the flag.
    let flag = word.split([' ', '.']).next().unwrap_or_default();
    let known = Cli::command()
        .get_arguments()
        .any(|arg| arg.get_long().is_some_and(|long| flag == format!("--{long}")));
    let described =
        flag.starts_with("--") && flag.len() <= 40 && word.contains(" <") || word.ends_with("...");
    !looks_like_secret(word)
        && (plain || known || described || flag.starts_with('<') || flag.starts_with('['))
}
