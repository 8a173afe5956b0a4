//! momo-cred records in a dotenv file, edited without loss.
//!
//! A record is the set of variables `PREFIX_<FIELD>` whose field is in a closed list ([`FieldSet`]) given when the
//! store is opened. Every other line is foreign: never read, counted, changed or removed, and kept byte for byte.
//! Own values are written in the portable profile, `KEY=VALUE` in `A-Z a-z 0-9 . _ / : @ % + , -`, which every dotenv
//! reader, shell and `--env-file` that we tested reads alike; what cannot be written so is refused before the file is
//! touched.
//!
//! | file | what it does |
//! |---|---|
//! | `config.rs`, `fields.rs` | settings; which variable belongs to which record |
//! | `document.rs`, `document/` | reading and composing the text, without any I/O |
//! | `value.rs` | what a value of ours may look like |
//! | `file.rs` | opening and reading, and what may be written at all |
//! | `lock.rs`, `save.rs` | the lock file; the atomic replacement |
//! | `git.rs`, `examine.rs` | what people are told who ask what is wrong |
//! | `store.rs` | [`DotenvStore`], the [`Backend`](momo_cred_backend_api::Backend) |
//! | `error.rs` | every reason with its next step |
//!
//! Calls block the thread they run on: a read for four system calls, a write for a few `fsync`s and at most two
//! seconds of waiting for the lock.

mod config;
mod document;
mod error;
mod examine;
mod fields;
mod file;
mod git;
mod lock;
mod save;
mod store;
mod value;

pub use config::DotenvConfig;
pub use error::{Failed, LineFault, Problem};
pub use fields::FieldSet;
pub use file::MAX_SIZE;
pub use lock::{HOLD_WAIT, WRITE_WAIT};
pub use store::DotenvStore;

/// The scheme of this store's locations, as in `dotenv:.env#MOMO`.
pub const SCHEME: &str = "dotenv";
