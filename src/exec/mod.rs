//! Starting a program with credentials: the child's environment, and becoming the child.
//!
//! Where is the environment of the child built? In [`env`](mod@env), by [`ChildEnv::build`]: the one place where
//! variables are removed, kept and set. Which variable carries which field is a [`Mapping`], made of a [`Preset`]
//! ([`presets`]) and the names of a profile. What goes in another form than as a value is an [`Extra`]: a [`SealedFile`],
//! an [`AccessToken`]. What `exec --explain` shows is in [`mod@explain`].
//!
//! How does the program start? [`Replacement::replace`] is `execve`, the last statement of `main`: same process, same
//! descriptors, and nothing of ours left in memory. Before it, [`Inherited`] gives back what our parent gave us and
//! the runtime or [`Hygiene`] changed. What a container's first process needs is in [`first`]. System calls that need `unsafe` are all in `sys`.
//!
//! With `--mask` or `--watch` the same happens in a child of a process that reads no store: `supervise`, and `mask`.

pub mod env;
pub mod explain;
pub mod extra;
pub mod file;
pub mod first;
pub mod hygiene;
pub mod inherited;
pub mod mapping;
#[cfg(target_os = "linux")]
pub mod mask;
pub mod presets;
pub mod process;
#[cfg(target_os = "linux")]
pub mod supervise;
mod sys;

pub use env::{ChildEnv, EnvError, Options, Set, Value};
pub use explain::{Explained, Shown, explain};
pub use extra::{AccessToken, Extra, Form};
pub use file::{NoFile, SealedFile};
pub use first::obey_signals_as_first_process;
pub use hygiene::{Hygiene, install_panic_hook};
pub use inherited::{Inherited, is_ignored, start_apart};
pub use mapping::{InvalidMapping, Mapping};
pub use presets::{Preset, PresetError};
pub use process::{ExecFailure, Replacement};
#[cfg(all(without_shared_libraries, feature = "cli"))]
pub(crate) use sys::resolve_without_modules;

/// Dies of a signal, as the program did that we stood beside. Returns only where it does not end a process.
pub fn die_of(signal: std::ffi::c_int) {
    sys::die_of(signal);
}
