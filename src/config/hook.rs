//! What is to run after a publish: a command line for the shell, or a program with its arguments.

use std::fmt;

/// The command of `hook-post`. Shown to whoever approves it, so it must hold no secret; what looks like one is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookCommand {
    /// One command line, for `/bin/sh -c`.
    Shell(String),
    /// A program and its arguments, without a shell.
    Program {
        /// The program, searched for in PATH unless it has a slash.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
}

impl HookCommand {
    /// A list's first word is the program. `None` without one.
    pub(super) fn of_words(words: Vec<String>) -> Option<Self> {
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.is_empty())?;
        Some(Self::Program { program, arguments: words.collect() })
    }

    /// The key under which trust compares it: a list and a line that render alike are not the same.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Shell(_) => HOOK_LINE,
            Self::Program { .. } => HOOK_LIST,
        }
    }
}

pub(super) const HOOK_LINE: &str = "hook-post";
pub(super) const HOOK_LIST: &str = "hook-post[]";

impl fmt::Display for HookCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shell(line) => f.write_str(line),
            Self::Program { program, arguments } => {
                write!(f, "[{program:?}")?;
                arguments.iter().try_for_each(|argument| write!(f, ", {argument:?}"))?;
                f.write_str("]")
            }
        }
    }
}
