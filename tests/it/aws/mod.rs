//! The binary with records in AWS as moto has it: one server for all tests, an account of its own for each. Without moto
//! the tests say so and are left out; under CI they fail.
//!
//! - `stage`: an account, a gateway, and runs with credentials in variables
//! - `work`: every command, and its JSON
//! - `lifecycle`: what becomes of a claim, of a record that was removed, and of fields of others
//! - `revoke`: retired users made useless, and proven so
//! - `rollback`: an earlier version as a new one
//! - `rotate`: a new credential in the place of the old, and a rekey that was cut off
//! - `cached`: what the kernel keeps while the service is out of reach
//! - `compromise`: the drill for a leaked key
//! - `replicas`: copies in other regions, which are waited for
//! - `rotated_by_aws`: secrets with a rotation of AWS's own
//! - `subscription_key`: the other axis of a rotation
//! - `counts`: which calls a command makes
//! - `faults`: two runs at once, lost answers, no credentials, peers that are silent or wrong
//! - `leaks`: where an access key, a session's token or a key must not be
//! - `found`: what a config that was found may say of AWS

mod cached;
mod compromise;
mod counts;
mod faults;
mod found;
mod leaks;
mod lifecycle;
mod replicas;
mod revoke;
mod rollback;
mod rotate;
mod rotated_by_aws;
pub(crate) mod stage;
mod subscription_key;
mod work;
