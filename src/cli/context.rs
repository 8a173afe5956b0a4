//! What commands are given to work with: settings, the place of a record, the gateway, and a way to talk.

use std::sync::Arc;
use std::time::Duration;

use momo_cred_backend_api::{At, Backend, Expect, Hold, Location, Lookup, Notice, RecordName, Work};
use serde_json::{Map, Value, json};

use super::address::Address;
use super::args::Global;
use super::busy::{busy, live};
use super::network::{Network, TIMEOUT};
use super::output::Output;
use super::subject::Subject;
use super::trail::Trail;
use super::{document, log};
use crate::config::{Config, Environment, Overrides, Settings, variables};
use crate::credential::{Claim, Field};
use crate::effective::{Effective, Holder};
use crate::lifecycle::{Alive, ClaimStanding, Evidence, Owner, Seen, Takeover, judge};
use crate::momo::{Client, ClientConfig};
use crate::registry::{self, Runtime};
use crate::{Error, Kind, Outcome, Result};

/// What every command has.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) command: &'static str,
    pub(crate) global: Global,
    pub(crate) environment: Environment,
    pub(crate) output: Output,
    pub(crate) network: Network,
    pub(crate) trail: Trail,
    pub(crate) subject: Subject,
}

impl Context {
    /// What the command line says about settings.
    pub(crate) fn overrides(&self) -> Overrides {
        let global = &self.global;
        Overrides {
            profiles: global.profile.clone(),
            config: global.config.clone(),
            store: global.store.clone(),
            product: global.product.clone(),
            target_environment: global.target_environment.clone(),
            base_url: global.base_url.clone(),
            callback_host: global.callback_host.clone(),
            timeout: global.timeout.clone(),
            ..Overrides::default()
        }
    }

    /// The settings of the chosen profiles, or of every profile of the config file.
    pub(crate) fn chosen(&self, all: Chosen) -> Result<Vec<Settings>> {
        self.settings_with(self.overrides(), all)
    }

    /// The settings for overrides of a command's own.
    pub(crate) fn settings_with(&self, mut overrides: Overrides, chosen: Chosen) -> Result<Vec<Settings>> {
        let config = Config::load(&overrides, &self.environment)?;
        if chosen == Chosen::Every && config.profiles().next().is_some() {
            overrides.profiles = config.profiles().map(str::to_owned).collect();
        }
        let all = config.resolve(&overrides, &self.environment, &registry::schemes())?;
        log::start_configured(&all)?;
        self.output.tells_of(Address::given(&self.global));
        if let [settings] = all.as_slice() {
            self.subject.chosen(settings);
        }
        for settings in &all {
            if let Some(target) = settings.target_environment.as_ref().filter(|t| !t.value.is_known()) {
                self.output.warn(&format!(
                    "target environment {} ({}) is not on MTN's list of 2026; it is used as it is",
                    target.value, target.origin
                ));
            }
        }
        Ok(all)
    }

    /// Turns to one of the profiles that a command looks at.
    pub(crate) fn turn_to(&self, settings: &Settings, all: &[Settings]) {
        self.network.begin([settings], TIMEOUT);
        self.subject.chosen(settings);
        if all.len() > 1 {
            self.output.tells_of(Address::given(&self.global).of_profile(&settings.profile));
        }
    }

    /// The settings of the one profile that a command works on.
    pub(crate) fn settings(&self) -> Result<Settings> {
        self.one(self.overrides())
    }

    /// The settings of the one profile, for overrides of a command's own. The audit trail begins here.
    pub(crate) fn one(&self, overrides: Overrides) -> Result<Settings> {
        let mut all = self.settings_with(overrides, Chosen::Named)?;
        match (all.pop(), all.is_empty()) {
            (Some(settings), true) => {
                self.trail.begin(&settings)?;
                Ok(settings)
            }
            _ => Err(one_profile(self)),
        }
    }

    /// The settings of every profile of the config file as the file has them: what flags and variables say is of the
    /// profile that was chosen.
    pub(crate) fn configured(&self) -> Result<Vec<Settings>> {
        let mut overrides = Overrides { config: self.global.config.clone(), ..Overrides::default() };
        let config = Config::load(&overrides, &self.environment)?;
        overrides.profiles = config.profiles().map(str::to_owned).collect();
        if overrides.profiles.is_empty() {
            return Ok(Vec::new());
        }
        let environment = self.environment.without(&variables::OF_ONE_PROFILE);
        config.resolve(&overrides, &environment, &registry::schemes())
    }

    /// Opens the record of a profile.
    pub(crate) fn place(&self, settings: &Settings) -> Result<Place> {
        let opened = self.network.open(settings, &self.environment)?;
        let location = opened.backend.location(&opened.name);
        Ok(Place { backend: opened.backend, name: opened.name, location, runtime: opened.runtime })
    }

    /// Runs a command's asynchronous part.
    pub(crate) fn block_on<T>(&self, runtime: Runtime, future: impl Future<Output = Result<T>>) -> Result<T> {
        self.network.block_on(runtime, future)
    }

    /// Ends the business with the stores.
    pub(crate) fn close(&self) {
        self.tell(self.network.close());
    }

    /// Says what people should know of a store.
    pub(crate) fn tell(&self, notices: Vec<Notice>) {
        for notice in notices {
            match notice {
                Notice::Mend(text) => self.output.warn(&text),
                Notice::Detail(text) => self.output.detail(&text),
            }
        }
    }

    /// A client for the gateway, built only where it is called.
    pub(crate) fn gateway(&self, settings: &Settings, effective: &Effective) -> Result<Client> {
        if let Some(why) = effective.base_url.misfit(&effective.target_environment) {
            let (url, target) = (&effective.base_url, &effective.target_environment);
            self.output.warn(&format!("{url} does not go with target environment {target}: {why}"));
        }
        Client::new(&ClientConfig {
            base_url: effective.base_url.clone(),
            deadline: self.network.deadline().clone(),
            connect_timeout: Duration::from_secs(5),
            proxy: settings.proxy.as_ref().map(|setting| setting.value.clone()),
        })
    }

    /// The documents of a command that works on profiles: one that was named as it is, several or `--all` as a list.
    pub(crate) fn documents(&self, mut documents: Vec<Value>, chosen: Chosen) -> Result<()> {
        if documents.len() == 1 && chosen == Chosen::Named {
            return self.output.document(&documents.swap_remove(0));
        }
        self.output.document(&Value::Array(documents))
    }

    /// The end of a command that had nothing to do.
    pub(crate) fn noop(&self, settings: &Settings, place: &Place, seen: &Seen) -> Result<Outcome> {
        if self.output.json() {
            let mut head = document::head(self.command, &settings.profile, &place.location.to_string());
            document::record(&mut head, &seen.record);
            head.insert("revision".into(), document::revision(seen));
            head.insert("claim".into(), document::claim_of(seen));
            self.result(head, "noop")?;
        }
        Ok(Outcome::SUCCESS)
    }

    /// The last line of a command that prints events, or the document of one that does not.
    pub(crate) fn result(&self, mut map: Map<String, Value>, outcome: &str) -> Result<()> {
        map.insert("event".into(), json!("result"));
        map.insert("outcome".into(), json!(outcome));
        if let Some(audit) = self.trail.document() {
            map.insert("audit".into(), audit);
        }
        self.output.document(&Value::Object(map))
    }
}

/// A command that works on one profile was given several.
pub(crate) fn one_profile(context: &Context) -> Error {
    Error::new(Kind::Usage, format!("`{}` works on one profile at a time", context.command))
        .next("give one --profile, or one name in MOMO_CRED_PROFILE")
}

/// Which profiles a command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// Those that were named, or the default.
    Named,
    /// `--all`: every one of the config file.
    Every,
}

impl From<bool> for Chosen {
    fn from(all: bool) -> Self {
        if all { Self::Every } else { Self::Named }
    }
}

/// The record a command works on.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) name: RecordName,
    pub(crate) location: Location,
    pub(crate) runtime: Runtime,
}

impl Place {
    /// Reads the record as it is now.
    pub(crate) async fn seen(&self, settings: &Settings, context: &Context) -> Result<Seen> {
        let seen = self.glance(settings, context).await?;
        context.trail.saw(&self.location, &seen);
        context.subject.saw(&self.location, &seen.record);
        Ok(seen)
    }

    /// The same, for a record that this run does not work on.
    pub(crate) async fn glance(&self, settings: &Settings, context: &Context) -> Result<Seen> {
        let lookup = self.backend.read(&self.name, &At::Current).await;
        context.tell(self.backend.notices());
        self.read(settings, lookup)
    }

    /// What a read of the record means.
    pub(crate) fn read(
        &self,
        settings: &Settings,
        lookup: momo_cred_backend_api::Result<Lookup>,
    ) -> Result<Seen> {
        let seen = Seen::new(lookup?, &settings.layout);
        if !seen.record.is_credential() {
            crate::cache::forget(&self.location);
        }
        seen.record.plain().map_err(|malformed| Holder::Record(&self.location).malformed(&malformed))?;
        Ok(seen)
    }

    /// Takes the store's proof of life, where it has one.
    pub(crate) async fn hold(&self, work: Work, context: &Context) -> Result<Option<Hold>> {
        let hold = self.backend.hold(&self.name, work).await;
        context.tell(self.backend.notices());
        Ok(hold?)
    }

    /// How a deleted record of this store is brought back.
    pub(crate) fn undelete(&self) -> String {
        match self.backend.capabilities().undelete {
            Some(command) => format!("undelete it in the store ({command})"),
            None => "undelete it in the store".to_owned(),
        }
    }

    /// Whether this version may write over the record.
    pub(crate) fn writable(&self, seen: &Seen) -> Result<()> {
        if seen.record.writable() {
            return Ok(());
        }
        let location = &self.location;
        Err(Error::new(Kind::Misconfigured, format!("the record at {location} is of a newer layout"))
            .at(location)
            .next("upgrade momo-cred; nothing was changed"))
    }

    /// The error for a record that is not there for a reader.
    pub(crate) fn not_found(&self, seen: &Seen, profile: &str) -> Error {
        let location = &self.location;
        let error = if seen.deleted {
            Error::new(Kind::NotFound, format!("the record at {location} was deleted"))
                .next(format!("{}, or write a new one with `provision --replace`", self.undelete()))
        } else if seen.record.claim().is_ok_and(|claim| claim.is_none()) {
            Error::new(Kind::NotFound, format!("there is no credential at {location}"))
                .next("get one: `momo-cred provision` in the sandbox, `momo-cred import` in production")
        } else {
            Error::new(
                Kind::NotFound,
                format!("there is no credential at {location} yet, only an open claim"),
            )
            .next("finish it with `momo-cred resume`, or drop it with `momo-cred abort`")
        };
        let looked = match self.backend.whereabouts() {
            Some(whereabouts) => format!("profile {profile}, {whereabouts}"),
            None => format!("profile {profile}"),
        };
        error.at(location).tried(looked)
    }

    /// What the claim in a record means for us.
    pub(crate) fn standing(&self, seen: &Seen, held: bool, takeover: Takeover) -> ClaimStanding {
        let here = Owner::this_process();
        judge(&seen.record, Evidence { here: &here, held, age: seen.age, takeover })
    }

    /// Makes sure that nobody else is at work on the record: a dead claim may be taken over, any other is an error.
    pub(crate) fn clear(&self, seen: &Seen, held: bool, takeover: Takeover) -> Result<ClaimStanding> {
        let standing = self.standing(seen, held, takeover);
        match &standing {
            ClaimStanding::None | ClaimStanding::Dead(_) => Ok(standing),
            ClaimStanding::Unknown(unknown) => Err(busy(self, "holds a claim that this version cannot read")
                .because(unknown)
                .next("finish it with the version that made it; nothing was changed")),
            ClaimStanding::Live(claim, alive) => Err(live(self, claim, *alive).about(claim, seen.age)),
        }
    }

    /// The claim that a run may go on with, or drop: its owner is gone. What keeps every other run away does not keep
    /// this one.
    pub(crate) fn left_open(&self, seen: &Seen, held: bool, takeover: Takeover) -> Result<Option<Claim>> {
        match self.standing(seen, held, takeover) {
            ClaimStanding::Live(claim, Alive::Unfinished) if claim.kind.phase().is_some() => Ok(Some(claim)),
            _ => match self.clear(seen, held, takeover)? {
                ClaimStanding::Dead(claim) => Ok(Some(claim)),
                _ => Ok(None),
            },
        }
    }

    /// Reads the record once more, now that nobody else can begin: settings and keys were taken from what was seen.
    pub(crate) async fn unchanged(
        &self,
        settings: &Settings,
        context: &Context,
        before: &Expect,
    ) -> Result<Seen> {
        let seen = self.seen(settings, context).await?;
        if seen.expect == *before {
            return Ok(seen);
        }
        Err(busy(self, "was changed meanwhile; nothing was changed").next("run it again"))
    }
}

/// Whether a record holds a whole credential, checked.
pub(crate) fn complete(seen: &Seen, place: &Place, profile: &str) -> Result<()> {
    if seen.deleted || seen.record.get(Field::ApiKey).is_none() {
        return Err(place.not_found(seen, profile));
    }
    seen.record.check().map_err(|malformed| Holder::Record(&place.location).malformed(&malformed))
}
