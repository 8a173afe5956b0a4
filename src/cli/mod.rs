//! The command line: one file per command, each its options and its `run`.

mod abort;
mod args;
mod completions;
mod context;
mod document;
mod each;
mod exec;
mod import;
mod input;
mod keys;
mod log;
mod man;
mod output;
mod parse;
mod provision;
mod resume;
mod runtime;
mod status;
mod trust;
mod verify;

use std::ffi::OsString;

use serde_json::{Value, json};

use self::args::{Cli, Command};
use self::context::Context;
use self::output::Output;
use self::parse::Parsed;
use crate::config::Environment;
use crate::exec::ExecFailure;
use crate::{Error, Outcome, Result};

/// What `exec` answers for every failure of our own: programs use all other codes.
const EXEC_FAILED: u8 = 125;

/// Runs the command line.
pub fn run(args: &[OsString]) -> Outcome {
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
            if json {
                let _ = output.document(&failed(&command, &error));
            }
            Outcome::Exit(exit_code(&command, &error))
        }
    }
}

/// Says why the program did not start.
pub fn report(failure: &ExecFailure) -> u8 {
    Output::plain().error(failure.error());
    failure.exit_code()
}

fn dispatch(cli: Cli) -> Outcome {
    let command = cli.command.name();
    let result = Environment::of_process().and_then(|environment| {
        let output = Output::new(&cli.global, environment.get("NO_COLOR").is_some());
        let context = Context { command, global: cli.global.clone(), environment, output };
        log::start(&context)?;
        execute(&context, cli.command)
    });
    result.unwrap_or_else(|error| {
        let output = Output::new(&cli.global, false);
        output.error(&error);
        if output.json() {
            let _ = output.document(&failed(command, &error));
        }
        Outcome::Exit(exit_code(command, &error))
    })
}

fn exit_code(command: &str, error: &Error) -> u8 {
    if command == "exec" { EXEC_FAILED } else { error.kind().exit_code() }
}

fn execute(context: &Context, command: Command) -> Result<Outcome> {
    match command {
        Command::Abort(options) => abort::run(context, &options),
        Command::Completions(options) => completions::run(context, &options),
        Command::Exec(options) => exec::run(context, options),
        Command::Import(options) => import::run(context, &options),
        Command::Man(options) => man::run(context, &options),
        Command::Provision(options) => provision::run(context, &options),
        Command::Resume(options) => resume::run(context, &options),
        Command::Status(options) => status::run(context, &options),
        Command::Trust(options) => trust::run(context, &options),
        Command::Verify(options) => verify::run(context, &options),
    }
}

fn failed(command: &str, error: &Error) -> Value {
    json!({
        "schema": 1, "command": command, "event": "result", "outcome": document::outcome(error),
        "location": error.location(), "error": document::error(error, exit_code(command, error)),
    })
}
