//! The binary with records in a live Vault: one server for all tests, a secrets engine of its own for each, and tokens
//! of the policies that are shipped. Without a server program the tests say so and are left out; under CI they fail.
//!
//! - `stage`: a secrets engine, a gateway, and runs with a token
//! - `work`: every command with the policy that is shipped for it
//! - `revoke`: retired users made useless, and proven so
//! - `elsewhere`: retired users of another gateway, environment or product
//! - `rollback`: an earlier credential as a new version
//! - `rotate`: a new credential in the place of the old, and a rekey that was cut off
//! - `subscription_key`: the other axis of a rotation
//! - `shared`: two profiles, logins of the file, fields of others
//! - `compromise`: the drill for a leaked key
//! - `cached`: what the kernel keeps for a start while the store is down
//! - `counts`: how many requests and connections a command costs
//! - `crash`: answers that are lost, and deaths of server and client
//! - `ended`: tokens that end on the way, records that were deleted
//! - `busy`: two runs at once, claims of other machines
//! - `dense`: answers of some MiB that are a value every few bytes
//! - `hostile`: peers that are silent, endless, wrong or somebody else
//! - `login`: logins against such peers, wrapped secret ids, a revocation that hangs
//! - `refused`: a wrong password, a pipe for a file, a gateway in the way; silence after a login
//! - `leaks`: where a token, a secret id or a key must not be
//! - `hvac`: records written and read by Python's client
//! - `watch`: what `exec --watch` costs the server
//! - `kv1`: the secrets engine without compare-and-swap

mod busy;
mod cached;
mod compromise;
mod counts;
mod crash;
mod dense;
mod elsewhere;
mod ended;
mod hostile;
mod hvac;
mod kv1;
mod leaks;
mod login;
mod refused;
mod revoke;
mod rollback;
mod rotate;
mod shared;
pub(crate) mod stage;
mod subscription_key;
mod watch;
mod work;
