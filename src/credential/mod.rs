//! What momo-cred knows of a MoMo credential: its fields, their shapes, and how a record carries them.
//!
//! Stores know [`Document`](momo_cred_backend_api::Document)s; everything MoMo begins here.

mod claim;
mod field;
mod fingerprint;
mod layout;
mod product;
mod record;
mod shape;
mod shown;
mod target;

pub use claim::{Claim, ClaimKind, Phase, UnknownClaim};
pub use field::{ANCHORS, Field, PENDING};
pub use fingerprint::Fingerprint;
pub use layout::{InvalidLayout, Layout};
pub use product::{Product, UnknownProduct};
pub use record::{Malformed, RETIRED, Record, RecordState};
pub use shape::{BadShape, ShapeFault, check_api_user, check_key};
pub(crate) use shown::may_be_shown;
pub use target::{InvalidTarget, TargetEnvironment};
