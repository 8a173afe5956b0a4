//! Who is to be revoked: the keys of retired users that the store's history still has, and who else holds them.

use momo_cred_backend_api::Secret;
use uuid::Uuid;

use crate::Result;
use crate::cli::context::{Context, Place};
use crate::cli::earlier;
use crate::cli::holders::{self, Holding};
use crate::config::Settings;
use crate::credential::{Field, Record, check_key};
use crate::effective::Effective;
use crate::lifecycle::Target;

/// Who can be revoked with the settings that there are now, and who cannot.
pub(super) struct Sorted {
    /// The users, each with every key of it that is in an earlier revision.
    pub(super) here: Vec<Target>,
    /// Users that an earlier revision has with another gateway, environment or product. What these settings are told of
    /// them proves nothing: not that they are unknown, and not that their keys are refused.
    pub(super) elsewhere: Vec<Uuid>,
}

/// Looks through the history for the users.
pub(super) async fn of(
    context: &Context,
    settings: &Settings,
    place: &Place,
    effective: &Effective,
    users: &[Uuid],
) -> Result<Sorted> {
    let mut here: Vec<_> = users.iter().map(|user| Target { user: *user, keys: Vec::new() }).collect();
    let mut elsewhere = Vec::new();
    for version in earlier::versions(context, place).await?.unwrap_or_default() {
        let Some(earlier) = earlier::glance(settings, place, &version).await? else { continue };
        match earlier.record.api_user() {
            Ok(Some(user)) if is_elsewhere(&earlier.record, effective) => elsewhere.push(user),
            _ => learn(&mut here, &earlier.record),
        }
    }
    elsewhere.retain(|user| users.contains(user));
    elsewhere.sort_unstable();
    elsewhere.dedup();
    here.retain(|target| !elsewhere.contains(&target.user));
    Ok(Sorted { here, elsewhere })
}

/// Whether a record says that it is for something else than what is asked now.
fn is_elsewhere(record: &Record, effective: &Effective) -> bool {
    let differs = |field, now: &str| record.text(field).is_some_and(|then| then != now);
    differs(Field::BaseUrl, &effective.base_url.to_string())
        || differs(Field::TargetEnvironment, effective.target_environment.as_str())
        || differs(Field::Product, effective.product.name())
}

/// Takes the key of a record that is of one of the users.
pub(super) fn learn(targets: &mut [Target], record: &Record) {
    let (Ok(Some(user)), Some(key)) = (record.api_user(), record.get(Field::ApiKey)) else { return };
    let Some(target) = targets.iter_mut().find(|target| target.user == user) else { return };
    if check_key(Field::ApiKey, key).is_ok() && !has(target, key) {
        target.keys.push(key.clone());
    }
}

fn has(target: &Target, key: &Secret) -> bool {
    target.keys.iter().any(|known| known.same_as(key))
}

/// Other records of the config file that hold one of them.
pub(super) async fn held(context: &Context, place: &Place, targets: &[Target]) -> Result<Vec<Holding<Uuid>>> {
    let held = holders::others(context, place, "API key", |record| {
        let (key, user) = (record.get(Field::ApiKey)?, record.api_user().ok().flatten());
        targets.iter().find(|target| user == Some(target.user) || has(target, key)).map(|target| target.user)
    });
    held.await.map_err(|error| error.next("put that right, or take the profile out of the config file"))
}

#[cfg(test)]
mod tests {
    use momo_cred_backend_api::{Document, FieldName};
    use momo_cred_backend_testkit::Canary;

    use super::*;
    use crate::credential::Layout;

    const USER: Uuid = Uuid::from_u128(0x01d0_0000_0000_4000_8000_0000_0000_0001);

    fn record(user: Uuid, key: &str) -> Record {
        let fields = [("api_user", user.to_string()), ("api_key", key.to_owned())];
        let document: Document = fields
            .into_iter()
            .map(|(name, value)| (FieldName::new(name).unwrap(), Secret::new(value)))
            .collect();
        Record::new(document, Layout::default())
    }

    #[test]
    fn each_key_of_a_user_is_learned_once_and_none_of_another() {
        let mut targets = [Target { user: USER, keys: Vec::new() }];
        let [one, two] = ["one", "two"].map(Canary::hex);
        for (user, key) in [
            (USER, one.value()),
            (USER, one.value()),
            (USER, two.value()),
            (USER, "not a key"),
            (Uuid::from_u128(7), Canary::hex("other").value()),
        ] {
            learn(&mut targets, &record(user, key));
        }
        let known = |canary: &Canary| has(&targets[0], &canary.secret());
        assert_eq!((targets[0].keys.len(), known(&one), known(&two)), (2, true, true));
    }
}
