//! P1 to P4, checked over everything that any run on a bench has done.

use std::collections::BTreeMap;
use std::sync::Arc;

use momo_cred_backend_testkit::Canary;
use uuid::Uuid;

use super::bench::{Bench, FOREIGN, OLD_USER};
use super::double::subscription_key;
use super::stage::{Did, Point};
use crate::credential::{ClaimKind, Field, Record, RecordState};
use crate::lifecycle::KeyRole;

impl Bench {
    /// P1, P2 and P4 hold for all runs so far.
    #[track_caller]
    pub(super) fn assert_promises(&self) {
        self.assert_each_key_was_claimed();
        self.assert_no_mixture();
        if self.old.is_some() {
            let key = Canary::hex("old api key").secret();
            assert!(self.gateway.authenticates(OLD_USER, &key), "P4: the old credential was killed");
            assert_eq!(self.gateway.asked(OLD_USER), 0, "P4: a key was asked for the old user");
        }
    }

    /// P3: a new credential is there that works, no claim is open, and every other user is on the list.
    #[track_caller]
    pub(super) fn assert_settled(&self) {
        self.assert_settled_but_for(&[]);
    }

    /// The same, with users that only a message has named.
    #[track_caller]
    pub(super) fn assert_settled_but_for(&self, orphans: &[Uuid]) {
        self.assert_promises();
        let record = self.record();
        assert_eq!(record.claim(), Ok(None));
        assert_eq!((record.state(), record.check()), (RecordState::Complete, Ok(())));
        let user = record.api_user().unwrap().unwrap();
        assert!(
            self.gateway.authenticates(user, record.get(Field::ApiKey).unwrap()),
            "P3: the new one is dead"
        );
        self.assert_listed(&record, orphans);
    }

    /// Every user of the gateway is the record's own, its claim's, on its list, or was named to a person.
    #[track_caller]
    pub(super) fn assert_listed(&self, record: &Record, orphans: &[Uuid]) {
        let own = record.api_user().unwrap();
        let claimed = record.claim().unwrap().and_then(|claim| claim.api_user);
        let retired = record.retired();
        for user in self.gateway.users() {
            let known = own == Some(user)
                || claimed == Some(user)
                || retired.contains(&user)
                || orphans.contains(&user);
            assert!(known, "P3: user {user} is listed nowhere; retired are {retired:?}");
        }
        assert!(own.is_none_or(|own| !retired.contains(&own)), "the published user is listed as retired");
    }

    /// P1: users are made, and keys asked, only by the run whose stored claim names the user; no two claims share one.
    #[track_caller]
    pub(super) fn assert_each_key_was_claimed(&self) {
        let mut claimed: BTreeMap<Uuid, u32> = BTreeMap::new();
        let mut ids = Vec::new();
        for entry in self.stage.log() {
            match entry.did {
                Did::Stored(Point::Claim, record) => {
                    let claim = record.claim().unwrap().unwrap();
                    if claim.kind == ClaimKind::Revoke {
                        // It is for those on the list, and for the one that it names.
                        let users = record.retired().into_iter().chain(claim.api_user);
                        claimed.extend(users.map(|user| (user, entry.run)));
                        assert!(
                            record
                                .api_user()
                                .unwrap()
                                .is_none_or(|own| !claimed.contains_key(&own) || claimed[&own] != entry.run)
                        );
                    } else if claim.kind == ClaimKind::Rekey {
                        // It is for the record's own user, whoever has claimed that before.
                        claimed.insert(record.api_user().unwrap().unwrap(), entry.run);
                    } else {
                        let earlier = claimed.insert(claim.api_user.unwrap(), entry.run);
                        assert_eq!(earlier, None, "P1: two claims share user {:?}", claim.api_user);
                    }
                    assert!(!ids.contains(&claim.id), "P1: two claims share id {}", claim.id);
                    ids.push(claim.id);
                }
                Did::Stored(..) => {}
                Did::MadeUser(user) | Did::IssuedKey(user) => {
                    assert_eq!(claimed.get(&user), Some(&entry.run), "P1: {:?}, user {user}", entry.did);
                }
            }
        }
    }

    /// P2: each document that a run stored holds one whole credential that was there before, or a whole new one, or
    /// none where none was; and the fields of others.
    #[track_caller]
    pub(super) fn assert_no_mixture(&self) {
        let mut whole: Vec<Arc<Record>> = self.old.iter().cloned().map(Arc::new).collect();
        for entry in self.stage.log() {
            let Did::Stored(point, record) = entry.did else { continue };
            if self.foreign.get() {
                let note = record.document().get(FOREIGN).is_some();
                assert!(note, "P2: a field of another program is gone after {point:?}");
            }
            let Some(key) = record.get(Field::ApiKey) else {
                assert!(whole.is_empty(), "P2: the credential is gone after {point:?}");
                continue;
            };
            let same =
                |known: &&Arc<Record>| known.get(Field::ApiKey).is_some_and(|known| known.same_as(key));
            if let Some(known) = whole.iter().find(same) {
                assert!(record.same_credential(known), "P2: a mixture after {point:?}");
                continue;
            }
            assert_eq!(point, Point::Publish);
            self.assert_new(&record);
            whole.push(record);
        }
    }

    /// A new credential is made of this bench's inputs and of nothing else.
    #[track_caller]
    fn assert_new(&self, record: &Record) {
        assert_eq!(
            (record.claim(), record.state(), record.check()),
            (Ok(None), RecordState::Complete, Ok(()))
        );
        let inputs = self.inputs.fields();
        for (field, value) in &inputs {
            let stored = record.get(*field);
            if *field != Field::ProvisioningSubscriptionKey {
                assert!(stored.is_some_and(|stored| stored.same_as(value)), "P2: {field} is not the new one");
            }
        }
        for field in [Field::SubscriptionKeySecondary, Field::CallbackHost] {
            let given = inputs.iter().any(|(known, _)| *known == field);
            assert!(given || record.get(field).is_none(), "P2: {field} is of another credential");
        }
        assert!(record.issued_at().unwrap().is_some());
    }

    /// No text that a run leaves holds a value.
    #[track_caller]
    pub(super) fn assert_rendering(&self, text: &str) {
        let roles = [KeyRole::Provisioning, KeyRole::Primary, KeyRole::Secondary];
        let mut canaries: Vec<Canary> = roles.into_iter().map(subscription_key).collect();
        canaries.extend(self.gateway.issued());
        let leaked = canaries.iter().find(|canary| text.contains(canary.value()));
        assert!(leaked.is_none(), "{leaked:?} is shown");
    }
}
