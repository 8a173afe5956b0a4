//! The lifecycle against a strict store, a gateway double and the real client, through every fault that can be staged.
//!
//! - `bench`: one record, one gateway, runs of it and what comes after a run that died
//! - `stage`: numbers the effects of a run, kills it at one of them, lets others step in
//! - `tap` and `double`: the store as the stage sees it, and the gateway
//! - `promises`: P1 to P4, checked over the log of all runs on a bench
//! - `kill`: a run dies at each step, a fresh one finishes
//! - `refusals`, `keys`: what the gateway may answer
//! - `claim`, `fence`, `publish`: what the store may answer, and who may have been there meanwhile
//! - `take_over`: claims of others, old ones brought back
//! - `importing`: the kind `import`
//! - `rekey`: the kind `rekey`
//! - `restoring`: an earlier revision, as `rollback` writes it
//! - `revoking`: the kind `revoke`, in both readings of what a new key does to the old
//! - `renewals`: who may be asked for a new key by a revocation, and what a run says that came too late
//! - `subscription_key`: the kind `subscription-key`
//! - `every`: all steps times all failures, counted
//! - `model`: every order of two actors, every fault at every instant, against a model of store and gateway
//! - `wire`: the real client against a gateway that breaks connections

mod bench;
mod claim;
mod double;
mod every;
mod fence;
mod importing;
mod keys;
mod kill;
mod model;
mod promises;
mod publish;
mod refusals;
mod rekey;
mod renewals;
mod restoring;
mod revoking;
mod stage;
mod subscription_key;
mod take_over;
mod tap;
mod wire;
