//! Stores a credential of which a person may hold the only copy: on a conflict, its values are dropped on their word
//! alone.

use momo_cred_backend_api::{Expect, Location, Work};

use super::context::Context;
use super::given::Given;
use super::provision::{Ended, Lifecycle, stop_if_taken};
use crate::config::{Origin, Setting, Settings};
use crate::effective::Effective;
use crate::lifecycle::{Check, Obtain, Takeover};
use crate::{Kind, Result, prompt};

/// What may be written over.
#[derive(Clone, Debug)]
pub(crate) enum Over {
    /// Nothing: the record must be absent.
    Nothing,
    /// Whatever is there.
    Anything,
    /// What was seen.
    Seen(Expect),
}

/// A credential on its way into a store.
pub(crate) struct Deposit<'a> {
    pub(crate) context: &'a Context,
    pub(crate) effective: &'a Effective,
    pub(crate) given: &'a Given,
    pub(crate) check: Check,
}

impl Deposit<'_> {
    /// Checks the credential and writes it in one go. Where that ends is in the settings afterwards: a person may have
    /// chosen another location.
    pub(crate) async fn store(&self, settings: &mut Settings, mut over: Over) -> Result<Ended> {
        let context = self.context;
        loop {
            match self.store_once(settings, &over).await {
                Err(error) if error.kind() == Kind::Conflict && prompt::available() => {
                    context.output.error(&error);
                    context.output.note(&format!("not stored: {}", self.given.described()));
                    let next = ask_what_next();
                    context.network.deadline().restart();
                    match (next, &over) {
                        (Next::Again, Over::Seen(_)) => over = Over::Anything,
                        (Next::Again, _) => {}
                        (Next::Elsewhere(location), _) => {
                            context.output.moved_to(&location.to_string());
                            settings.store = Setting::new(location, Origin::Flag("the prompt"));
                            if matches!(over, Over::Seen(_)) {
                                over = Over::Nothing;
                            }
                        }
                        (Next::Stop, _) => return Err(error),
                    }
                }
                outcome => return outcome,
            }
        }
    }

    async fn store_once(&self, settings: &Settings, over: &Over) -> Result<Ended> {
        let context = self.context;
        let place = &context.place(settings)?;
        let work = if matches!(over, Over::Seen(_)) { Work::Renewal } else { Work::Upkeep };
        let hold = place.hold(work, context).await?;
        let seen = match over {
            Over::Seen(before) => place.unchanged(settings, context, before).await?,
            _ => place.seen(settings, context).await?,
        };
        stop_if_taken(&seen, place, !matches!(over, Over::Nothing))?;
        place.clear(&seen, hold.is_some(), Takeover::OnEvidence)?;
        let Given { user, api_key, .. } = self.given;
        let obtain = Obtain::Imported { user: *user, api_key: api_key.clone() };
        let lifecycle = Lifecycle { context, settings, place, effective: self.effective, hold };
        lifecycle.carry_out(seen, self.given.inputs(self.effective), obtain, self.check).await
    }
}

/// What to do with values that could not be stored.
enum Next {
    Again,
    Elsewhere(Location),
    Stop,
}

fn ask_what_next() -> Next {
    loop {
        let answer =
            prompt::text("The values are still here. Try again, store them elsewhere, or stop? [a/e/s]");
        match answer.as_deref().map(str::trim) {
            Ok("a") => return Next::Again,
            Ok("s") | Err(_) => return Next::Stop,
            Ok("e") => {
                let typed = prompt::text("Location").unwrap_or_default();
                if let Ok(location) = typed.trim().parse() {
                    return Next::Elsewhere(location);
                }
            }
            Ok(_) => {}
        }
    }
}
