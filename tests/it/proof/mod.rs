//! The promises of a lifecycle, through faults that need a binary with the feature `faults`, or more time than other
//! tests take. `tests/run faults` runs it and prints the figures.
//!
//! - `figures`: what is counted on the way
//! - `bench`: one record in one of four stores
//! - `case`: the commands that write, what each needs, and what finishes it
//! - `settled`: what must hold once one has come to its end
//! - `matrix`: what each point of the lifecycle leaves behind
//! - `steps`: SIGKILL at each point, in each store, of each command that writes
//! - `turns`: holds each step of two processes until its turn has come
//! - `duel`: two processes at one record in memory, and what must hold of them
//! - `rotators`: every order of the steps of two runs
//! - `lease`: an owner that is stopped for three leases, or whose claim was forgotten
//! - `taken`: rekeys and revocations whose claim is taken over by force
//! - `signals`: signals between the publication and the end of a run
//! - `controls`: mistakes that the suite is seen to find
//! - `calls`: SIGKILL and errors at each system call, in dotenv
//! - `hostile`: a gateway that is silent, endless, wrong or somebody else at any step of a rotation
//! - `leaks`: where a key or a token must not be, at the fullest log, in arguments, hooks, terminals and core files
//! - `soak`: four processes that rotate one record again and again, in live servers

mod bench;
mod calls;
mod case;
mod controls;
mod duel;
mod figures;
mod hostile;
mod leaks;
mod lease;
mod matrix;
mod rotators;
mod settled;
mod signals;
mod soak;
mod steps;
mod taken;
mod turns;
