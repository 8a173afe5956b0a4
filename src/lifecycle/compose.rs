//! What a record becomes: claimed, withdrawn, published. Every field that is not ours stays as it is.

use momo_cred_backend_api::Secret;
use uuid::Uuid;

use super::plan::{Obtain, Plan};
use crate::credential::{Claim, Field, Record};

/// Opens a claim in a record, which may carry a dead one: its user moves to the retired ones.
pub(super) fn claimed(plan: &Plan, record: &mut Record, claim: &Claim) {
    retire_claimed(record);
    record.close_claim();
    if record.get(Field::ApiKey).is_none() {
        drop_strangers(plan, record);
    }
    record.open_claim(claim, &plan.inputs.fields());
}

/// A record without its open claim: what it was before, or vacant. The claim's user moves to the retired ones.
pub fn aborted(mut record: Record) -> Record {
    retire_claimed(&mut record);
    record.close_claim();
    record
}

/// The record as it was before this run, with the new users of its claims among the retired ones.
pub(super) fn withdrawn(plan: &Plan, attempts: usize) -> Record {
    let mut record = aborted(plan.seen.record.clone());
    plan.new_users(attempts).for_each(|user| record.retire(user));
    record
}

/// A record with the new credential, no claim, and the old user among the retired ones.
pub(super) fn published(plan: &Plan, mut record: Record, user: Uuid, api_key: &Secret) -> Record {
    if record.get(Field::ApiKey).is_some()
        && let Ok(Some(old)) = record.api_user()
        && old != user
    {
        record.retire(old);
    }
    record.close_claim();
    if let Obtain::Restored(earlier) = &plan.obtain {
        restore(&mut record, &earlier.record);
        take_off_the_list(&mut record, user);
        return record;
    }
    drop_strangers(plan, &mut record);
    for (field, value) in plan.inputs.fields() {
        record.set(field, value);
    }
    // Kept in a claim, so that any machine can finish it; in the record only where somebody put it there.
    if plan.seen.record.get(Field::ProvisioningSubscriptionKey).is_none() {
        record.unset(Field::ProvisioningSubscriptionKey);
    }
    record.set_text(Field::ApiUser, user.to_string());
    record.set(Field::ApiKey, api_key.clone());
    take_off_the_list(&mut record, user);
    if !matches!(plan.obtain, Obtain::Kept { .. }) {
        record.set_text(Field::IssuedAt, plan.seeds.since().to_string());
    }
    if record.text(Field::Schema).is_none() {
        record.set_text(Field::Schema, "1");
    }
    if let Some(claim) = plan.next_claim() {
        record.open_claim(&claim, &[]);
    }
    record
}

/// Gives every field of ours the value of an earlier revision, or none, as it had none. The list of retired users is of
/// the gateway and not of a credential: it is not turned back.
fn restore(record: &mut Record, earlier: &Record) {
    for field in Field::ALL.into_iter().filter(|field| *field != Field::RetiredApiUsers) {
        match earlier.get(field) {
            Some(value) => record.set(field, value.clone()),
            None => record.unset(field),
        }
    }
}

/// Retires the user of the claim that is in a record. Never the one whose key is in it, since `revoke` makes the retired
/// ones useless: a restored backup may hold a claim for the very user that is published.
pub(super) fn retire_claimed(record: &mut Record) {
    let Ok(Some(Claim { api_user: Some(user), .. })) = record.claim() else { return };
    let published =
        record.get(Field::ApiKey).is_some() && record.api_user().is_ok_and(|own| own == Some(user));
    if !published {
        record.retire(user);
    }
}

/// Drops what belonged to the credential before and is not part of the new one: the other key of another pair, the
/// callback host of another user. Left there, the record would be a mixture.
fn drop_strangers(plan: &Plan, record: &mut Record) {
    let (before, inputs) = (&plan.seen.record, &plan.inputs);
    if before.get(Field::SubscriptionKey).is_some_and(|key| !key.same_as(&inputs.subscription_key)) {
        record.unset(Field::SubscriptionKeySecondary);
    }
    if before.get(Field::ApiKey).is_some() {
        record.unset(Field::CallbackHost);
    }
}

/// Takes a user off the list of retired ones: it is published again, or known to be revoked.
pub(super) fn take_off_the_list(record: &mut Record, user: Uuid) {
    let listed = record.retired();
    if !listed.contains(&user) {
        return;
    }
    record.unset(Field::RetiredApiUsers);
    listed.into_iter().filter(|known| *known != user).for_each(|known| record.retire(known));
}
