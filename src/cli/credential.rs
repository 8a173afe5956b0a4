//! `credential`: the protocol by which SDKs get a credential. docs/credential-protocol.md is for their authors.

mod answer;
mod request;

use std::io::IsTerminal;
use std::time::Duration;

use clap::ValueEnum;
use momo_cred_backend_api::Expect;
use zeroize::Zeroizing;

use self::answer::Answer;
use self::request::Request;
use super::address::Address;
use super::context::{Context, complete};
use super::exec::values;
use super::network::TIMEOUT;
use crate::config::{Overrides, duration};
use crate::credential::Field;
use crate::effective::{Effective, Holder, Purpose};
use crate::{Error, Kind, Outcome, Result};

/// What an answer holds where the request names no fields: what a program needs, as far as the record has it.
const FIELDS: [Field; 8] = [
    Field::SubscriptionKey,
    Field::SubscriptionKeySecondary,
    Field::ApiUser,
    Field::ApiKey,
    Field::Product,
    Field::TargetEnvironment,
    Field::BaseUrl,
    Field::CallbackHost,
];

/// The machine protocol for SDKs: one line of JSON on standard input asks, one line of JSON on standard output answers,
/// with values. It is for programs: nothing is printed without the request, and a terminal is refused.
///
/// Request: {"Version":1}, and optionally "Profile":"NAME" and "Fields":["api_user",..]. Answer: {"Version":1,
/// "Profile":..,"Location":..,"Revision":..,"Values":{"api_key":..,..}}, or {"Version":1,"Error":{"Kind":..,"Message":..,
/// "Next":[..],"Retryable":..}} and the exit code of the kind. Its output is JSON with and without --json.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples, for a program that starts it with pipes:\n  \
    momo-cred credential get\n  \
    momo-cred credential get -p disbursement --timeout 5s\n\n\
    docs/credential-protocol.md has the protocol, examples/credential.py and examples/credential.mjs read it.")]
pub(crate) struct Options {
    /// What to do: `get` answers one request
    #[arg(value_enum, value_name = "ACTION", hide_possible_values = true)]
    action: Action,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Action {
    Get,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Outcome> {
    let Action::Get = options.action;
    for (stream, terminal) in [
        ("standard input", std::io::stdin().is_terminal()),
        ("standard output", std::io::stdout().is_terminal()),
    ] {
        if terminal {
            return Err(Error::new(Kind::Usage, format!("{stream} is a terminal"))
                .because("this is a protocol between programs, and the answer holds keys")
                .next("start your program instead: momo-cred exec -- COMMAND ARGUMENTS")
                .next("look at a record with `momo-cred status`"));
        }
    }
    let line = request::read(patience(context))?;
    request::is_one(&line)?;
    // From here on there is somebody who reads the answer.
    match Request::of(&line).and_then(|request| get(context, &request)) {
        Ok(line) => {
            context.output.values(&line)?;
            Ok(Outcome::SUCCESS)
        }
        Err(error) => {
            context.output.values(&answer::failed(&context.output.addressed(&error)))?;
            Err(error)
        }
    }
}

/// How long to wait for a request. The settings are read after it, since it may name the profile.
fn patience(context: &Context) -> Duration {
    let given = context.global.timeout.as_deref();
    given.and_then(|text| duration::parse_within(text, duration::TIMEOUT).ok()).unwrap_or(TIMEOUT)
}

fn get(context: &Context, request: &Request) -> Result<Zeroizing<Vec<u8>>> {
    let mut overrides = context.overrides();
    if let Some(profile) = &request.profile {
        if overrides.profiles.iter().any(|given| given != profile) {
            return Err(Error::new(Kind::Usage, "the request asks for another profile than --profile names")
                .next("leave one of the two out"));
        }
        overrides = Overrides { profiles: vec![profile.clone()], ..overrides };
    }
    let settings = context.one(overrides)?;
    if request.profile.is_some() {
        context.output.tells_of(Address::given(&context.global).of_profile(&settings.profile));
    }
    context.network.begin([&settings], TIMEOUT);
    let place = context.place(&settings)?;
    let seen = context.block_on(place.runtime, place.seen(&settings, context))?;
    complete(&seen, &place, &settings.profile)?;
    let effective = Effective::new(&settings, &seen.record, Holder::Record(&place.location), Purpose::Use)?;
    let fields = request.fields.as_deref().unwrap_or(&FIELDS);
    let values = values(&settings, &effective, &seen.record);
    let revision = match &seen.expect {
        Expect::Revision(revision) => revision.as_str(),
        Expect::Absent => "",
    };
    let location = place.location.to_string();
    let answer =
        Answer { profile: &settings.profile, location: &location, revision, fields, values: &values };
    answer.line()
}
