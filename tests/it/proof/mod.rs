//! The promises of a lifecycle, through faults that need a binary with the feature `faults`, or more time than other
//! tests take. `tests/run faults` runs it and prints the figures.
//!
//! - `figures`: what is counted on the way
//! - `bench`: one record in one of four stores, and what must hold of it
//! - `matrix`: what each point of the lifecycle leaves behind
//! - `steps`: SIGKILL at each point, in each store, of each command that writes

mod bench;
mod figures;
mod matrix;
mod steps;
