//! Becoming the program.
//!
//! This is `execve` and not `std::process::Command::exec`: that one copies every value into strings that are not
//! wiped, resets SIGPIPE and the signal mask on its way, and ends in the C library's `execvp`, which hands a file
//! that is no program to `/bin/sh`. There is never a second process.
//!
//! A name without a slash is searched in PATH as `execvp` does, with the child's PATH. That is the parent's, byte for
//! byte: no mapping may set PATH, and a clean environment keeps it.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::{fmt, fs, io};

use rustix::io::Errno;

use super::sys::{self, Disposition};
use super::{ChildEnv, Hygiene, Inherited};
use crate::{Error, Kind};

/// Where programs are searched for without a PATH: what the C libraries take.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// What to do where no program is named.
const NO_PROGRAM: &str = "put the program after `--`: momo-cred exec -- COMMAND ARGUMENTS";

/// The program to become: its arguments byte for byte, as typed, and its environment.
pub struct Replacement {
    /// The program's name as typed, then its arguments. Never empty.
    argv: Vec<CString>,
    env: ChildEnv,
    #[cfg(target_os = "linux")]
    handover: Option<super::supervise::Handover>,
}

/// Why the program did not start.
#[derive(Clone, Debug)]
pub struct ExecFailure {
    code: u8,
    error: Error,
}

impl Replacement {
    /// A program with arguments, and its environment.
    ///
    /// # Errors
    /// Usage, without a program or with a NUL byte in an argument.
    pub fn new(command: impl IntoIterator<Item = OsString>, env: ChildEnv) -> Result<Self, Error> {
        let argv: Result<Vec<_>, _> = command.into_iter().map(|word| CString::new(word.into_vec())).collect();
        // The error holds the argument, so it is not passed on.
        let argv = argv.map_err(|_| {
            let error = Error::new(Kind::Usage, "an argument of the program holds a NUL byte");
            error.next("take it out, or give the program a file with it")
        })?;
        if argv.is_empty() {
            let none = Error::new(Kind::Usage, "no program is named");
            return Err(none.next(NO_PROGRAM));
        }
        #[cfg(target_os = "linux")]
        let made = Self { argv, env, handover: None };
        #[cfg(not(target_os = "linux"))]
        let made = Self { argv, env };
        Ok(made)
    }

    /// The same, once the supervisor lets it.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn after(self, handover: super::supervise::Handover) -> Self {
        Self { handover: Some(handover), ..self }
    }

    /// The program's name as typed.
    pub fn program(&self) -> &OsStr {
        OsStr::from_bytes(self.argv.first().map(CString::as_bytes).unwrap_or_default())
    }

    /// The environment that it will have.
    pub fn env(&self) -> &ChildEnv {
        &self.env
    }

    /// Gives back what the parent gave, and becomes the program. Returns only if that fails; all values are gone then.
    ///
    /// Call it as the last statement of `main`: no destructor of this process runs any more.
    #[cfg_attr(not(target_os = "linux"), expect(unused_mut, reason = "nobody supervises there"))]
    pub fn replace(mut self, inherited: &Inherited) -> ExecFailure {
        #[cfg(target_os = "linux")]
        if let Some(handover) = self.handover.take() {
            handover.cross();
        }
        self.env.files().iter().for_each(super::SealedFile::pass_on);
        inherited.give_back();
        let failure = self.start();
        drop(self);
        // Only a message follows. A reader that has left must not turn its exit code into a death by SIGPIPE.
        sys::set_disposition(libc::SIGPIPE, Disposition::Ignored);
        let _hygiene = Hygiene::enable(inherited);
        failure
    }

    /// Searches and starts. Changes nothing else of this process.
    fn start(&self) -> ExecFailure {
        let argv: Vec<&CStr> = self.argv.iter().map(CString::as_c_str).collect();
        let env: Vec<&CStr> = self.env.entries().collect();
        let path = self.env.get("PATH").unwrap_or_else(|| OsStr::new(DEFAULT_PATH));
        // A file that is there but did not start, and why.
        let mut found: Option<(CString, Errno)> = None;
        for candidate in candidates(self.program(), path) {
            let errno = errno(&sys::execve(&candidate, &argv, &env));
            match errno {
                Errno::NOENT
                | Errno::NOTDIR
                | Errno::ACCESS
                | Errno::STALE
                | Errno::NODEV
                | Errno::TIMEDOUT => {
                    // A folder of PATH that we may not look into holds nothing for us, nor does a folder in one.
                    if found.is_none() && (self.is_path() || is_file(&candidate)) {
                        found = Some((candidate, errno));
                    }
                }
                _ => {
                    found = Some((candidate, errno));
                    break;
                }
            }
        }
        self.failure(found)
    }

    /// Whether the program was named by a path, which is not searched for.
    fn is_path(&self) -> bool {
        self.program().as_bytes().contains(&b'/')
    }

    fn failure(&self, found: Option<(CString, Errno)>) -> ExecFailure {
        let name = self.program().to_string_lossy().escape_debug().to_string();
        let error = |why: &str| Error::new(Kind::Usage, format!("cannot start {name}")).because(why);
        if name.is_empty() {
            let error = Error::new(Kind::Usage, "the name of the program is empty");
            return ExecFailure { code: 127, error: error.next(NO_PROGRAM) };
        }
        let Some((file, errno)) = found else {
            let error = error("no such program in PATH").next("check the spelling, or name it with its path");
            return ExecFailure { code: 127, error };
        };
        let metadata = fs::metadata(Path::new(OsStr::from_bytes(file.as_bytes())));
        let (code, error) = match errno {
            Errno::NOENT if metadata.is_ok() => {
                let why = "the file is there, but the interpreter or loader that it names is not";
                (127, error(why).next("check its first line, or install what it needs"))
            }
            Errno::NOENT => {
                (127, error("no such file").next("check the path, and the folder that it starts from"))
            }
            Errno::NOTDIR => (
                127,
                error("a part of its path is not a directory")
                    .next("check the path: one of its folders is a file"),
            ),
            Errno::ACCESS if metadata.as_ref().is_ok_and(fs::Metadata::is_dir) => {
                (126, error("it is a directory").next("name a program in it"))
            }
            Errno::ACCESS if metadata.is_ok_and(|file| file.permissions().mode() & 0o111 == 0) => {
                (126, error("it is not executable").next("make it executable: chmod +x"))
            }
            Errno::ACCESS => {
                let next =
                    "check the modes of the file and of its folders, and that they are not mounted noexec";
                (126, error("permission denied").next(next))
            }
            Errno::NOEXEC => {
                let why = "exec format error: no program for this machine, and no interpreter line";
                (126, error(why).next("let a script begin with a line such as #!/bin/sh"))
            }
            Errno::TOOBIG => (125, self.too_big(error("argument list too long"))),
            // The system's own words for a number: they hold nothing of ours.
            other => {
                let error = error(&io::Error::from(other).to_string());
                (126, error.next("check the file and its file system, or try the program without momo-cred"))
            }
        };
        ExecFailure { code, error }
    }

    /// Says what is too big. Sizes and names only.
    fn too_big(&self, error: Error) -> Error {
        let size = |text: &CStr| text.count_bytes() + 1;
        let arguments: usize = self.argv.iter().map(|text| size(text)).sum();
        let environment: usize = self.env.entries().map(size).sum();
        let mut why = format!("arguments take {arguments} bytes and the environment {environment}");
        if let Some(max) = sys::arg_max() {
            why.push_str(&format!("; this system takes {max} in all, their pointers included"));
        }
        if cfg!(target_os = "linux") {
            why.push_str(", and 131072 for each one");
        }
        let mut error = error.because(why);
        if let Some((name, text)) =
            self.env.names().zip(self.env.entries()).max_by_key(|(_, text)| size(text))
        {
            let (name, size) = (name.to_string_lossy(), size(text));
            error = error.because(format!("the largest variable is {} with {size}", name.escape_debug()));
        }
        error.next(
            "drop large variables with --clean-env, pass large arguments in a file, or raise `ulimit -s`",
        )
    }
}

/// The paths to try for a program, in order. An empty element of PATH is the working directory.
fn candidates(program: &OsStr, path: &OsStr) -> impl Iterator<Item = CString> {
    let name = program.as_bytes();
    let folders: Vec<&[u8]> = match name {
        b"" => Vec::new(),
        _ if name.contains(&b'/') => vec![b""],
        _ => path.as_bytes().split(|b| *b == b':').collect(),
    };
    folders.into_iter().filter_map(move |folder| {
        let slash: &[u8] = if folder.is_empty() { b"" } else { b"/" };
        // Neither a C string nor a variable of our environment holds NUL.
        CString::new([folder, slash, name].concat()).ok()
    })
}

fn is_file(path: &CStr) -> bool {
    fs::metadata(Path::new(OsStr::from_bytes(path.to_bytes()))).is_ok_and(|file| file.is_file())
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

impl ExecFailure {
    /// 127 not found, 126 found and not executable, 125 for the rest.
    pub fn exit_code(&self) -> u8 {
        self.code
    }

    /// What to tell people.
    pub fn error(&self) -> &Error {
        &self.error
    }
}

/// The program and names of variables. Arguments may hold what people should not have put there.
impl fmt::Debug for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replacement")
            .field("program", &self.program())
            .field("env", &self.env)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
