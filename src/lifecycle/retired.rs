//! Which API users a record lists as retired: never the one whose key is in it, since `revoke` makes those useless.

use uuid::Uuid;

use crate::credential::{Claim, Field, Record};

/// Retires the user of the claim that is in a record. A restored backup may hold a claim for the very user that is
/// published.
pub(super) fn claimed_user(record: &mut Record) {
    let Ok(Some(Claim { api_user: Some(user), .. })) = record.claim() else { return };
    let published = record.get(Field::ApiKey).is_some() && record.api_user().is_ok_and(|own| own == Some(user));
    if !published {
        record.retire(user);
    }
}

/// Takes a user off the list that is published again.
pub(super) fn in_use(record: &mut Record, user: Uuid) {
    let listed = record.retired();
    if !listed.contains(&user) {
        return;
    }
    record.unset(Field::RetiredApiUsers);
    listed.into_iter().filter(|known| *known != user).for_each(|known| record.retire(known));
}
