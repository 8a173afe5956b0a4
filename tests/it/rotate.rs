//! Rotation, end to end, on a dotenv file. Every run logs at trace level with full backtraces, and what it printed is
//! searched for values.
//!
//! - `new_user`: beside the old user, from the record alone; through deaths, doubles and faults
//! - `job`: what a job asks for that mostly has nothing to do
//! - `rekey`: another key for the same user
//! - `subscription_key`: the other axis, in two halves
//! - `two_halves`: the same on a server's store, whichever
//! - `waiting`: what others may do while a person works on it, and what a person may give up
//! - `consumers`: who must have moved before its old key is regenerated
//! - `guided`: production, with a person at the terminal

mod consumers;
pub(crate) mod guided;
mod job;
mod new_user;
mod rekey;
mod subscription_key;
pub(crate) mod two_halves;
mod waiting;
