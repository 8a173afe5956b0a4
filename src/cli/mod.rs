//! The command line: one file per command, each its options and its `run`.

mod abort;
mod address;
mod args;
mod busy;
mod completions;
mod compromise;
mod confirm;
mod context;
mod copies;
mod credential;
mod deposit;
mod doctor;
mod document;
mod each;
mod earlier;
mod exec;
mod given;
mod holders;
mod hook;
mod import;
mod input;
mod keys;
mod list;
mod log;
mod man;
mod network;
mod output;
mod parse;
mod plan;
mod provision;
mod quick;
mod remove;
mod resume;
mod revoke;
mod rollback;
mod rotate;
mod status;
mod steps;
mod subject;
mod trail;
mod trust;
mod verify;

use std::ffi::OsString;

use serde_json::{Map, Value, json};

use self::args::{Cli, Command, named_command};
use self::context::Context;
use self::network::Network;
use self::output::Output;
use self::parse::Parsed;
use self::subject::Subject;
use self::trail::Trail;
use crate::audit::Ending;
use crate::config::Environment;
use crate::exec::{Hygiene, Inherited, die_of, install_panic_hook, obey_signals_as_first_process};
use crate::{Error, Outcome, Result};

/// What `exec` answers for every failure of our own: programs use all other codes.
const EXEC_FAILED: u8 = 125;

/// The command whose standard output is a protocol of its own: no document of ours is ever in it.
const CREDENTIAL: &str = "credential";

/// What a panic is answered with; the hook has said where.
const INTERNAL: u8 = 70;

/// The whole program: runs a command line, and gives its exit code.
///
/// Everything with a destructor is gone before the last statement, which may be `execve`.
pub fn main(args: &[OsString]) -> u8 {
    let inherited = Inherited::from_parent();
    inherited.settle();
    let _hygiene = Hygiene::enable(&inherited);
    install_panic_hook();
    let outcome = std::panic::catch_unwind(|| run(args));
    match outcome.unwrap_or_else(|_| Outcome::Exit(after_panic(args))) {
        Outcome::Exit(code) => code,
        Outcome::Signal(signal) => {
            // Returns only where the signal does not end a process.
            die_of(signal);
            u8::try_from(128 + signal).unwrap_or(INTERNAL)
        }
        Outcome::Replace(program) => {
            let failure = program.replace(&inherited);
            let (output, code) = (Output::plain(), failure.exit_code());
            output.error(failure.error());
            if parse::wants_json(args) {
                let document = Subject::default().failure("exec", failure.error(), code);
                let _ = output.document(&result_line(document));
            }
            code
        }
    }
}

/// The exit code after a panic.
fn after_panic(args: &[OsString]) -> u8 {
    if named_command(args).as_deref() == Some("exec") { EXEC_FAILED } else { INTERNAL }
}

/// Runs the command line.
fn run(args: &[OsString]) -> Outcome {
    match parse::parse(args) {
        Parsed::Run(cli) => dispatch(*cli),
        Parsed::Help(text) => match Output::plain().raw(&text) {
            Ok(()) => Outcome::SUCCESS,
            Err(error) => Outcome::Exit(error.kind().exit_code()),
        },
        Parsed::Bad { error, command, json } => {
            let command = command.unwrap_or_default();
            let output = Output::plain();
            output.error(&error);
            if json && command != CREDENTIAL {
                let document = Subject::default().failure(&command, &error, exit_code(&command, &error));
                let _ = output.document(&result_line(document));
            }
            Outcome::Exit(exit_code(&command, &error))
        }
    }
}

fn dispatch(mut cli: Cli) -> Outcome {
    let command = cli.command.name();
    cli.global.json &= command != CREDENTIAL;
    // What is known by then of a run that fails.
    let mut document = None;
    let result = Environment::of_process().and_then(|environment| {
        let output = Output::new(&cli.global, environment.get("NO_COLOR").is_some());
        let network = Network::new();
        let trail = Trail::new(command, cli.command.is_audited());
        let subject = Subject::default();
        let context =
            Context { command, global: cli.global.clone(), environment, output, network, trail, subject };
        log::start(&context)?;
        // What changes records has its own ways with signals.
        if !cli.command.is_audited() {
            obey_signals_as_first_process();
        }
        let outcome = execute(&context, cli.command).map_err(|error| context.output.addressed(&error));
        if let Err(error) = &outcome {
            context.trail.ended(&context.output, Ending::Failed(error.kind()), None);
            let mut map = context.subject.failure(command, error, exit_code(command, error));
            map.extend(context.trail.document().map(|audit| ("audit".to_owned(), audit)));
            document = Some(map);
        }
        context.close();
        outcome
    });
    result.unwrap_or_else(|error| {
        let output = Output::new(&cli.global, false);
        output.error(&error);
        if output.json() {
            let code = exit_code(command, &error);
            let document = document.unwrap_or_else(|| Subject::default().failure(command, &error, code));
            let _ = output.document(&result_line(document));
        }
        Outcome::Exit(exit_code(command, &error))
    })
}

fn exit_code(command: &str, error: &Error) -> u8 {
    if command == "exec" { EXEC_FAILED } else { error.kind().exit_code() }
}

fn execute(context: &Context, command: Command) -> Result<Outcome> {
    match command {
        Command::Exec(options) => exec::run(context, &options),
        other => execute_other(context, other),
    }
}

/// Apart, since the frame of all of these takes a dozen pages of the stack, which `exec` need not touch.
#[inline(never)]
fn execute_other(context: &Context, command: Command) -> Result<Outcome> {
    match command {
        Command::Abort(options) => abort::run(context, &options),
        Command::Completions(options) => completions::run(context, &options),
        Command::Compromise(options) => compromise::run(context, &options),
        Command::Credential(options) => credential::run(context, &options),
        Command::Doctor(options) => doctor::run(context, &options),
        Command::Exec(options) => exec::run(context, &options),
        Command::Import(options) => import::run(context, &options),
        Command::List(options) => list::run(context, &options),
        Command::Man(options) => man::run(context, &options),
        Command::Provision(options) => provision::run(context, &options),
        Command::Remove(options) => remove::run(context, &options),
        Command::Resume(options) => resume::run(context, &options),
        Command::Revoke(options) => revoke::run(context, &options),
        Command::Rollback(options) => rollback::run(context, &options),
        Command::Rotate(options) => rotate::run(context, &options),
        Command::Status(options) => status::run(context, &options),
        Command::Trust(options) => trust::run(context, &options),
        Command::Verify(options) => verify::run(context, &options),
    }
}

/// The one document of a failure, which is also the last line of a command that prints events.
fn result_line(mut document: Map<String, Value>) -> Value {
    document.insert("event".into(), json!("result"));
    Value::Object(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 70 could be the program's own.
    #[test]
    fn a_panic_ends_exec_as_every_failure_of_ours_does() {
        let code = |line: &str| after_panic(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(code("momo-cred -v exec -- exec"), 125);
        assert_eq!([code("momo-cred status"), code("momo-cred status -- exec"), code("momo-cred")], [70; 3]);
    }
}
