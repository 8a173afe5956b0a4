//! Who is to be revoked: the keys of retired users that the store's history still has, and who else holds them.

use momo_cred_backend_api::Secret;
use uuid::Uuid;

use crate::Result;
use crate::cli::context::{Context, Place};
use crate::cli::earlier;
use crate::cli::holders::{self, Holding};
use crate::config::Settings;
use crate::credential::{Field, Record, check_key};
use crate::lifecycle::Target;

/// The users, each with every key of it that is in an earlier revision.
pub(super) async fn of(
    context: &Context,
    settings: &Settings,
    place: &Place,
    users: &[Uuid],
) -> Result<Vec<Target>> {
    let mut targets: Vec<_> = users.iter().map(|user| Target { user: *user, keys: Vec::new() }).collect();
    for version in earlier::versions(context, place).await?.unwrap_or_default() {
        if let Some(earlier) = earlier::glance(settings, place, &version).await? {
            learn(&mut targets, &earlier.record);
        }
    }
    Ok(targets)
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
