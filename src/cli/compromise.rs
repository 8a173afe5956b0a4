//! `compromise`: a key has leaked. Rotate now, run the hook, revoke what was replaced, and report.

use momo_cred_backend_api::{Expect, Revision};
use serde_json::{Value, json};
use uuid::Uuid;

use super::confirm::confirm;
use super::context::{Context, Place, complete};
use super::hook::HookFlag;
use super::provision::{Done, Ended, TIMEOUT};
use super::revoke::{self, REFUSED, Report, Revoker};
use super::{copies, document, rotate};
use crate::audit::Ending;
use crate::config::Settings;
use crate::credential::{Field, Fingerprint, Record};
use crate::effective::Holder;
use crate::lifecycle::Seen;
use crate::registry::Runtime;
use crate::{Error, Kind, Outcome, Result};

/// A key has leaked: replaces the credential by that of a new API user, runs the hook, makes the old user and all others
/// that are retired useless, proves it with their old keys, and reports.
///
/// Programs have to be started again with the new credential at once: that is what the hook is for. The old key is kept
/// in memory until it was tried, so that it is proven to be dead on every store. If it still works, or another profile of
/// the config file still holds it, it is NOT REVOKED (77); the new credential stands all the same. The exit code is that of
/// the key that has leaked: other retired users that cannot be proven dead are a warning. In production it guides through
/// the Partner Portal, once for the new user and once for the old; where the portal gives the same user another key, the
/// old one is tried.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    momo-cred compromise\n  \
    momo-cred compromise -p collection --yes --hook-post 'kubectl rollout restart deployment/payments'")]
pub(crate) struct Options {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    hook: HookFlag,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let settings = options.hook.settings(context)?;
    context.network.begin([&settings], TIMEOUT);
    let place = context.place(&settings)?;
    context.block_on(Runtime::Tokio, async {
        let seen = place.seen(&settings, context).await?;
        // Whatever would keep the second part from being done is told before the first.
        let revoker = Revoker::new(context, &settings, &place, &seen)?;
        if !revoker.is_automatic() {
            revoker.attended()?;
        }
        complete(&seen, &place, &settings.profile)?;
        copies::refuse_lost(context, &place, &seen.expect).await?;
        let leaked = Leaked::of(&seen, &place)?;
        if revoker.is_automatic() && !options.yes {
            confirm(context, &place.location, "replace and revoke", &leaked.question())?;
        }
        match rotate::now(context, &settings, &place, seen).await? {
            Ended::Told(outcome) => Ok(outcome),
            Ended::Published(done) => leaked.revoke(context, &settings, &place, *done).await,
        }
    })
}

/// The credential that others know.
struct Leaked {
    record: Record,
    user: Uuid,
    /// Its revision, where the store keeps that.
    revision: Option<Revision>,
}

impl Leaked {
    fn of(seen: &Seen, place: &Place) -> Result<Self> {
        let holder = Holder::Record(&place.location);
        let user = seen.record.api_user().map_err(|bad| holder.malformed(&bad))?;
        let user =
            user.ok_or_else(|| Error::new(Kind::Internal, "a record that was checked is not complete"))?;
        let revision = match &seen.expect {
            Expect::Revision(revision) if place.backend.capabilities().history => Some(revision.clone()),
            _ => None,
        };
        Ok(Self { record: seen.record.clone(), user, revision })
    }

    fn question(&self) -> String {
        format!(
            "Replace the credential of API user {} now, and make its key useless? Programs that have it fail until they \
             are started again.",
            self.user
        )
    }

    fn print(&self) -> String {
        let key = self.record.get(Field::ApiKey).and_then(|key| Fingerprint::of(Field::ApiKey, key));
        key.map(|print| print.to_string()).unwrap_or_default()
    }

    /// The second part. The new credential stands, whatever comes of it.
    async fn revoke(
        self,
        context: &Context,
        settings: &Settings,
        place: &Place,
        done: Done,
    ) -> Result<Outcome> {
        context.trail.another();
        let later = self.later(&done);
        let outcome = match done.outcome {
            Outcome::Signal(_) => {
                Err(Error::new(Kind::Unavailable, "stopped by a signal").at(&place.location))
            }
            _ => {
                // The hook may have taken longer than all network work may.
                context.network.begin([settings], TIMEOUT);
                revoke::after_rotation(context, settings, place, &self.record, &later).await
            }
        };
        context.output.note(&format!(
            "replaced: API user {}, API key {} (a fingerprint)",
            self.user,
            self.print()
        ));
        let (report, error) = match outcome {
            Ok(report) => {
                report.say(context);
                let error = report.error(place);
                (Some(report), error)
            }
            Err(error) => (None, Some(self.not_revoked(error, &done, &later, place))),
        };
        let error = error.map(|error| context.output.addressed(&error));
        self.tell(context, done, report.as_ref(), error.as_ref())
    }

    /// How its death is proven where this run did not. A user that is in use again is on no list.
    fn later(&self, done: &Done) -> String {
        match &self.revision {
            _ if done.user != self.user => "then run `momo-cred revoke`".to_owned(),
            Some(revision) => format!("prove it later: `momo-cred verify --revision {revision}` {REFUSED}"),
            None => "nothing here has the old key any more, so nothing here can prove it: unless the Partner Portal shows \
                     that it is gone, make another API user there, and run `momo-cred compromise` again with it"
                .to_owned(),
        }
    }

    /// Why nothing was revoked. But for an outage, which leaves open what was done, the key works for all that is known.
    fn not_revoked(&self, error: Error, done: &Done, later: &str, place: &Place) -> Error {
        let key = if done.user == self.user { "the old key of " } else { "" };
        let error = if error.kind() == Kind::Unavailable {
            error
        } else {
            let what =
                format!("NOT REVOKED: {key}API user {} of {} may still work", self.user, place.location);
            let told = Error::new(Kind::Denied, what).because(error.what());
            let told = error.causes().iter().fold(told, Error::because);
            error.next_steps().iter().fold(told, |told, next| told.next(next.as_str())).at(&place.location)
        };
        let error = error
            .because(format!("the new credential is stored, as revision {}", done.revision))
            .because(match key {
                "" => format!("API user {} was not revoked", self.user),
                key => format!("{key}API user {} was not tried", self.user),
            });
        if error.next_steps().iter().any(|next| next == later) { error } else { error.next(later) }
    }

    fn tell(
        &self,
        context: &Context,
        done: Done,
        report: Option<&Report>,
        error: Option<&Error>,
    ) -> Result<Outcome> {
        let Done { mut head, revision, outcome, .. } = done;
        let ending = match (&outcome, error) {
            (Outcome::Signal(_), _) => Ending::Stopped,
            (_, Some(error)) => Ending::Failed(error.kind()),
            (_, None) => Ending::Ok,
        };
        let left = report.map(Report::left);
        let now = left.map(|(newer, record)| (newer.unwrap_or(&revision), record));
        context.trail.ended(&context.output, ending, now);
        if let Some(error) = error {
            context.output.error(error);
        }
        let code = error.map_or(0, |error| error.kind().exit_code());
        if context.output.json() {
            if let Some((revision, record)) = now {
                document::record(&mut head, record);
                head.insert("revision".into(), json!(revision.as_str()));
            }
            if let (Some(report), Some(steps)) = (report, head.get_mut("steps").and_then(Value::as_array_mut))
            {
                steps.extend(report.steps().iter().cloned());
            }
            let replaced =
                json!({ "api_user": self.user.to_string(), "api_key": { "fingerprint": self.print() } });
            head.insert("replaced".into(), replaced);
            head.insert("revoked".into(), report.map_or(json!([]), Report::document));
            head.insert("holders".into(), report.map_or(Value::Null, Report::holders));
            if let Some(error) = error {
                head.insert("error".into(), document::error(error, code));
            }
            context.result(head, error.map_or("ok", document::outcome))?;
        }
        Ok(match outcome {
            Outcome::Signal(signal) => Outcome::Signal(signal),
            _ => Outcome::Exit(code),
        })
    }
}
