//! Who is to be revoked, and where: the keys of retired users that the store's history still has, with the settings that
//! each of them was used with.

use momo_cred_backend_api::Secret;
use uuid::Uuid;

use super::Revoker;
use super::alone::{Alone, Why};
use crate::Result;
use crate::cli::earlier;
use crate::cli::holders::{self, Holding};
use crate::config::{Origin, Setting};
use crate::credential::{ClaimKind, Field, Record, check_key};
use crate::effective::{Effective, Holder, Purpose};
use crate::lifecycle::{By, Home, Inputs, Seen, Target, Witness};

/// Users that are revoked in the same way: at one gateway, in one environment, for one product.
pub(super) struct Group {
    pub(super) effective: Effective,
    pub(super) inputs: Inputs,
    pub(super) witness: Witness,
    pub(super) by: By,
    pub(super) targets: Vec<Target>,
}

/// Who can be revoked, and who cannot.
#[derive(Default)]
pub(super) struct Sorted {
    /// With the settings that are in force.
    pub(super) here: Option<Group>,
    /// With those of an earlier revision.
    pub(super) elsewhere: Vec<Group>,
    pub(super) alone: Vec<Alone>,
}

/// What a revision, a claim or memory says of a user.
struct Trace {
    user: Uuid,
    key: Option<Secret>,
    /// Whether it says with which gateway.
    home: Home,
    used: std::result::Result<(Effective, Inputs), Why>,
}

impl Sorted {
    pub(super) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.here.iter().chain(&self.elsewhere)
    }

    fn groups_mut(&mut self) -> impl Iterator<Item = &mut Group> {
        self.here.iter_mut().chain(&mut self.elsewhere)
    }

    pub(super) fn targets(&self) -> impl Iterator<Item = &Target> {
        self.groups().flat_map(|group| &group.targets)
    }

    /// Whether nobody is to be asked for or tried.
    pub(super) fn is_empty(&self) -> bool {
        self.targets().next().is_none()
    }

    /// The users that are revoked in one way.
    pub(super) fn users(&self, by: By) -> Vec<Uuid> {
        let groups = self.groups().filter(|group| group.by == by);
        groups.flat_map(|group| &group.targets).map(|target| target.user).collect()
    }

    /// Takes users out, which are left alone for a reason.
    pub(super) fn leave(&mut self, users: &[Uuid], why: impl Fn(Uuid) -> Vec<Why>) {
        for group in self.groups_mut() {
            group.targets.retain(|target| !users.contains(&target.user));
        }
        self.here.take_if(|group| group.targets.is_empty());
        self.elsewhere.retain(|group| !group.targets.is_empty());
        for user in users {
            self.alone.extend(why(*user).into_iter().map(|why| Alone { user: *user, why }));
        }
    }
}

impl Revoker<'_> {
    /// Looks for the users in the record, in `memory`, and in every revision that the store still has.
    pub(super) async fn sorted(
        &self,
        seen: &Seen,
        memory: Option<&Record>,
        users: &[Uuid],
    ) -> Result<Sorted> {
        let mut traces = Vec::new();
        for record in [Some(&seen.record), memory].into_iter().flatten() {
            self.trace(record, users, &mut traces);
        }
        for version in earlier::versions(self.context, self.place).await?.unwrap_or_default() {
            if let Some(earlier) = earlier::glance(self.settings, self.place, &version).await? {
                self.trace(&earlier.record, users, &mut traces);
            }
        }
        // The key in use is none to be tried.
        let (own, in_use) = (seen.record.api_user().ok().flatten(), seen.record.get(Field::ApiKey));
        for trace in traces.iter_mut().filter(|trace| own == Some(trace.user)) {
            trace.key.take_if(|key| in_use.is_some_and(|in_use| in_use.same_as(key)));
        }
        let mut sorted = Sorted::default();
        for user in users {
            let (of_user, others) = traces.into_iter().partition(|trace| trace.user == *user);
            traces = others;
            self.sort(*user, of_user, &mut sorted);
        }
        Ok(sorted)
    }

    /// Notes what a record says of the users. The user of a revocation's claim was named by a person: it may be of any
    /// gateway.
    fn trace(&self, record: &Record, users: &[Uuid], traces: &mut Vec<Trace>) {
        let claimed = record.claim().ok().flatten().filter(|claim| claim.kind != ClaimKind::Revoke);
        if let Some(user) = claimed.and_then(|claim| claim.api_user).filter(|user| users.contains(user)) {
            traces.push(self.trace_of(user, None, record, Purpose::Finish));
        }
        if let Some(user) = record.api_user().ok().flatten().filter(|user| users.contains(user)) {
            let key = record.get(Field::ApiKey).filter(|key| check_key(Field::ApiKey, key).is_ok()).cloned();
            traces.push(self.trace_of(user, key, record, Purpose::Use));
        }
    }

    fn trace_of(&self, user: Uuid, key: Option<Secret>, record: &Record, purpose: Purpose) -> Trace {
        let home = if says(record, Field::BaseUrl, purpose) { Home::Here } else { Home::Unsaid };
        Trace { user, key, home, used: self.used(record, purpose) }
    }

    /// What a record was used with. What it says itself goes before the settings, which are of the record as it is now; a
    /// gateway counts only where something vouches for it. One that does not say with which is asked nowhere else.
    fn used(&self, record: &Record, purpose: Purpose) -> std::result::Result<(Effective, Inputs), Why> {
        let (now, mut settings) = (&self.effective, self.settings.clone());
        settings.product.take_if(|_| says(record, Field::Product, purpose));
        settings.target_environment.take_if(|_| says(record, Field::TargetEnvironment, purpose));
        // No flag and no variable outranks it.
        settings.base_url = settings.base_url.map(|setting| Setting::new(setting.value, Origin::Record));
        let effective = Effective::new(&settings, record, Holder::Record(&self.place.location), purpose);
        let mut effective = effective.map_err(|error| Why::of(&error))?;
        if !says(record, Field::BaseUrl, purpose) && effective.target_environment == now.target_environment {
            effective.base_url = now.base_url.clone();
        }
        let key = |field| {
            let value = if purpose == Purpose::Finish { record.input(field) } else { record.get(field) };
            value.filter(|value| check_key(field, value).is_ok()).cloned()
        };
        let Some(subscription_key) = key(Field::SubscriptionKey) else { return Err(Why::NoKey) };
        let inputs = Inputs {
            product: effective.product,
            target_environment: effective.target_environment.clone(),
            base_url: effective.base_url.to_string(),
            callback_host: effective.callback_host.clone(),
            subscription_key,
            secondary: key(Field::SubscriptionKeySecondary),
            provisioning: key(Field::ProvisioningSubscriptionKey),
        };
        Ok((effective, inputs))
    }

    /// Puts a user where it belongs. Its traces are newest first.
    fn sort(&self, user: Uuid, traces: Vec<Trace>, sorted: &mut Sorted) {
        let (mut keys, mut used) = (Vec::<Secret>::new(), Vec::new());
        let said = traces.iter().any(|trace| trace.home == Home::Here);
        let home = if said { Home::Here } else { Home::Unsaid };
        for trace in traces {
            match trace.used {
                Ok(with) => used.push(with),
                Err(why) => return sorted.alone.push(Alone { user, why }),
            }
            let new = trace.key.filter(|key| !keys.iter().any(|known| known.same_as(key)));
            keys.extend(new);
        }
        let at_once = |one: &Effective, other: &Effective| {
            one.base_url == other.base_url && one.target_environment == other.target_environment
        };
        let now = &self.effective;
        let same = |with: &Effective| at_once(with, now) && with.product == now.product;
        let target = Target { user, keys, home };
        // Where it was used last, with its keys of then.
        let last = used.iter().find(|(with, _)| same(with)).or_else(|| used.first()).cloned();
        let Some((with, inputs)) = last.filter(|(with, _)| !same(with)) else {
            // A key of another place would be refused here, whether it works there or not.
            if used.iter().any(|(with, _)| !at_once(with, now)) {
                return sorted.alone.push(Alone { user, why: Why::SeveralGateways });
            }
            return sorted.here.get_or_insert_with(|| self.group_here()).targets.push(target);
        };
        if used.iter().any(|(other, _)| !at_once(other, &with)) {
            return sorted.alone.push(Alone { user, why: Why::SeveralGateways });
        }
        let sandbox = with.target_environment.is_sandbox();
        let (witness, by) = match (at_once(&with, now), sandbox) {
            (true, _) => (self.in_use(), self.by),
            (false, true) => (Witness::OldKey, By::NewKey),
            (false, false) => {
                let why = Why::OtherProduction(with.target_environment.to_string());
                return sorted.alone.push(Alone { user, why });
            }
        };
        let known = sorted
            .elsewhere
            .iter_mut()
            .find(|group| at_once(&group.effective, &with) && group.effective.product == with.product);
        match known {
            Some(group) => group.targets.push(target),
            None => {
                let targets = vec![target];
                sorted.elsewhere.push(Group { effective: with, inputs, witness, by, targets });
            }
        }
    }

    fn group_here(&self) -> Group {
        Group {
            effective: self.effective.clone(),
            inputs: self.inputs.clone(),
            witness: self.in_use(),
            by: self.by,
            targets: Vec::new(),
        }
    }

    fn in_use(&self) -> Witness {
        Witness::InUse {
            product: self.inputs.product,
            subscription_key: self.inputs.subscription_key.clone(),
        }
    }

    /// Other records of the config file that hold one of them. Of the user in use, which goes on, an earlier key alone is
    /// looked for.
    pub(super) async fn held(&self, sorted: &Sorted, own: Option<Uuid>) -> Result<Vec<Holding<Uuid>>> {
        let targets: Vec<_> = sorted.targets().collect();
        let held = holders::others(self.context, self.place, "API key", |record| {
            let (key, user) = (record.get(Field::ApiKey)?, record.api_user().ok().flatten());
            let has = |target: &Target| target.keys.iter().any(|known| known.same_as(key));
            let holds = |target: &&&Target| own != user && user == Some(target.user) || has(target);
            targets.iter().find(holds).map(|target| target.user)
        });
        held.await.map_err(|error| error.next("put that right, or take the profile out of the config file"))
    }
}

/// Whether a record says something itself, or its claim does where that is looked at.
fn says(record: &Record, field: Field, purpose: Purpose) -> bool {
    match purpose {
        Purpose::Finish => record.input_text(field).is_some(),
        Purpose::Use | Purpose::Replace => record.text(field).is_some(),
    }
}
