//! The contract between momo-cred and a secret store.
//!
//! A store keeps *records*: one [`Document`] (field name to secret string) under one [`RecordName`], read and
//! written as a whole. This crate knows nothing of MoMo, HTTP, files or an async runtime, so that a store can be
//! written, and proven with `momo-cred-backend-testkit`, by somebody who has never heard of a MoMo credential.
//!
//! Start at [`Backend`].

mod backend;
mod capabilities;
mod copies;
mod document;
mod error;
mod finding;
mod hold;
mod json;
mod location;
mod name;
mod revision;
mod secret;

pub use async_trait::async_trait;
pub use backend::{At, Backend, Expect, Lookup, Removal, Stored};
pub use capabilities::{Capabilities, Removes, Values};
pub use copies::Copies;
pub use document::{Document, FieldName, InvalidFieldName};
pub use error::{Effect, Error, ErrorKind, Op, Reason, Result};
pub use finding::{Finding, Notice, Notices, Verdict};
pub use hold::{Hold, Work};
pub use json::{Json, NotADocument};
pub use location::{InvalidLocation, Location};
pub use name::{InvalidName, RecordName};
pub use revision::{Revision, Version};
pub use secret::Secret;
