//! End-to-end tests: the binary as a user runs it, with an environment, a home and a working directory of its own.
//!
//! - `sandbox`: starts the binary and holds its output; everything below uses it
//! - `after`: what happens once a credential is published: hook and audit trail
//! - `architecture`: the documents name what exists, and the tree keeps its rules
//! - `aws`: records in AWS, as moto has it
//! - `catalogue`: every error message and help text, one file each in tests/cmd
//! - `certificate`: one that is not trusted, at the gateway and at each store
//! - `compromise`: the drill for a leaked key, on a dotenv file
//! - `credential`: the protocol for SDKs, and its examples
//! - `exec`: environment, exit codes, process hygiene
//! - `fidelity`: what a program finds, against what it finds without `exec`
//! - `forms`: what `exec` gives as a file or a token
//! - `gate`: holds a request to the gateway on its way and lets it go
//! - `held`: a run of the binary that is under way
//! - `hostile`: servers that are silent, endless or wrong, and what a run against them may cost
//! - `import`: what an existing credential can come from
//! - `leaks`: where a value must not be, as the kernel sees it
//! - `lines`: command lines in messages, and what a failure says it is about
//! - `lifecycle`: provision, resume and abort through faults of gateway and store
//! - `names`: host names, for a program without shared libraries
//! - `proof`: the promises, through deaths at every step and two runs in every order; with the feature `faults`
//! - `prompt` and `pty`: the terminal cases
//! - `provision`: the main job, end to end
//! - `revoke`: retired users where no history has their keys
//! - `rotate`: a new credential in the place of one that is there, in the sandbox and in production
//! - `sdk`: published SDKs, unmodified, started by `exec`
//! - `shell`: `exec` without a program
//! - `supervise`: `exec` with a process that stays: `--mask` and `--watch`
//! - `trust`: what a found config may not decide
//! - `vault`: records in a live Vault

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may stop where it stands, and prepares its own files"
)]

mod after;
mod architecture;
mod aws;
mod catalogue;
mod certificate;
mod compromise;
mod credential;
mod exec;
mod fidelity;
mod forms;
mod gate;
mod held;
mod hostile;
mod import;
mod leaks;
mod lifecycle;
mod lines;
mod names;
mod prompt;
#[cfg(feature = "faults")]
mod proof;
mod provision;
mod pty;
mod revoke;
mod rotate;
mod sandbox;
mod sdk;
mod shell;
mod supervise;
mod trust;
mod vault;
