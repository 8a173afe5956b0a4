//! `exec --mask` and `exec --watch` where nobody can stay beside the program.

use super::super::context::Context;
use super::{Asked, Options};
use crate::{Error, Kind, Outcome, Result};

/// There is none.
pub(super) enum Plan {}

pub(super) fn plan(_: &Context, options: &Options) -> Result<Option<Plan>> {
    if options.mask || options.watch.is_some() {
        return Err(Error::new(Kind::Unsupported, "--mask and --watch work on Linux only")
            .next("leave them out: momo-cred then becomes the program"));
    }
    Ok(None)
}

pub(super) fn supervised(_: &Context, _: &Options, _: &Asked, plan: Plan) -> Result<Outcome> {
    match plan {}
}
