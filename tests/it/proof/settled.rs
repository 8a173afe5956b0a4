//! What must hold once a command has come to its end, however often it had to begin.

use momo_cred_backend_testkit::{Canary, scan_dir};
use momo_gateway::{Product, Role};
use serde_json::Value;

use super::bench::{Bench, Credential, IMPORTED, IMPORTED_KEY, Store};
use super::case::{Case, GIVEN, REGENERATED};
use crate::sandbox::Ran;

/// What every access token of the gateway begins with.
pub(super) const ACCESS_TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSMjU2In0";

impl Bench {
    /// A credential is there that works, and no claim. Each user but those in use and those proven to be useless is
    /// listed, and at most one of them was for nothing. No key was asked for but of users that a claim names.
    #[track_caller]
    pub(super) fn assert_settled(&self, case: Case) {
        // Where each half makes a user of its own, the first half's is replaced by the second's; a run that goes on with
        // another one's may leave one beside that one's.
        let two = matches!(case, Case::SwapMoving | Case::ResumeNewUser);
        self.assert_settled_but_for(case, if two { 2 } else { 1 });
    }

    /// The same, where more users than one may have been made for nothing.
    #[track_caller]
    pub(super) fn assert_settled_but_for(&self, case: Case, at_most: usize) {
        let now = self.served().expect("nothing is served");
        assert!(self.works(&now), "what is served does not work");
        let status = self.status();
        assert_eq!((&status["claim"], &status["state"]), (&Value::Null, &Value::from("complete")));
        self.assert_served_is_right(case, &now);
        let mut unused = 0;
        let revoked = self.revoked(case).map(|revoked| revoked.user.as_str());
        let known: Vec<_> = [&self.first, &self.old].into_iter().flatten().map(|old| &*old.user).collect();
        for user in self.gateway().users() {
            let id = user.id.to_string();
            // One that was revoked is listed only where that could not be proven.
            let told = is_retired(&status, &id) || revoked == Some(&id);
            assert!(id == now.user || told, "user {id} is listed nowhere");
            unused += usize::from(id != now.user && id != IMPORTED && !known.contains(&&*id));
            let keys = match id.as_str() {
                IMPORTED => 0,
                // Its own, those of the runs that died, and the one that finished it.
                id if known.contains(&id) && case == Case::Rekey => 3,
                id if known.contains(&id) && case == Case::ResumeRekey => 4,
                // A preset one, whose own nobody asked for, or one that was made; and those that nobody keeps.
                id if case.revokes() && id != now.user => 4,
                _ => 1,
            };
            assert!(user.key_requests <= keys, "{} keys were asked for user {id}", user.key_requests);
        }
        assert!(unused <= at_most, "{unused} users are of no use");
        assert_eq!(self.temporary_files(), 0, "temporary files are left");
    }

    /// It is what the command was for.
    #[track_caller]
    fn assert_served_is_right(&self, case: Case, now: &Credential) {
        let old = self.old.as_ref().map_or("", |old| old.user.as_str());
        assert_eq!(now.user == old, case.keeps_the_user(), "{} was {old} before", now.user);
        assert!(!case.is_given() || now.user == IMPORTED, "{} was published", now.user);
        assert!(case != Case::Rollback || self.first.as_ref() == Some(now), "it is not the one from before");
        if case.is_of_the_subscription() {
            assert_eq!(now.subscription_key, crate::sandbox::key(self.gateway()), "the old key serves");
            // A token alone does not tell whether the gateway lets the user read with this key.
            let _ = self.run(&["verify"]).code(0);
        }
        if let Some(revoked) = self.revoked(case) {
            assert!(!self.works(revoked), "the replaced credential still works");
            let listed = is_retired(&self.status(), &revoked.user);
            // Without history, or a witness, nothing is proven: the exit code told which.
            let may_be = self.store == Store::Dotenv || case == Case::RevokeElsewhere;
            assert!(!listed || may_be, "what is proven to be dead is listed");
        }
    }

    /// The credential that was to be made useless.
    fn revoked(&self, case: Case) -> Option<&Credential> {
        match case {
            Case::Revoke | Case::ResumeRevoke | Case::RevokeElsewhere => self.first.as_ref(),
            Case::Compromise => self.old.as_ref(),
            _ => None,
        }
    }

    /// Everything that may be in the store alone, as far as it is known now: whoever looks after a run has what it got.
    pub(super) fn canaries(&self) -> Vec<Canary> {
        let mut canaries = self.logins();
        canaries.extend([
            Canary::of("an access token", ACCESS_TOKEN),
            Canary::of("the key that was given", IMPORTED_KEY),
        ]);
        let pair = [Role::Primary, Role::Secondary].map(|role| self.gateway().key(role(Product::Collection)));
        let pair = pair.into_iter().flatten().map(|key| Canary::of("a subscription key", key));
        let issued = self.gateway().issued_keys().into_iter().map(|key| Canary::of("an issued key", key));
        canaries.extend(pair.chain(issued));
        canaries
    }

    /// No value is in what a run printed, nor in a file that is no store and was not given.
    #[track_caller]
    pub(super) fn assert_secret(&self, ran: Ran) -> Ran {
        let (canaries, sandbox) = (self.canaries(), self.sandbox());
        let mut allowed = vec![sandbox.path(".env"), sandbox.path("portal.env")];
        allowed.extend([GIVEN, REGENERATED].map(|name| sandbox.path(name)));
        let entries = std::fs::read_dir(sandbox.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
        // A file that was to become the dotenv file.
        let temporary = entries.filter(|name| name.to_string_lossy().contains(".tmp-"));
        allowed.extend(temporary.map(|name| sandbox.path(&name)));
        let hits = scan_dir(sandbox.root(), &canaries, &allowed).unwrap();
        assert!(hits.is_empty(), "{hits:?}");
        ran.no_leak(&canaries)
    }

    /// Files of ours beside a dotenv file that are to be there only while it is written.
    pub(super) fn temporary_files(&self) -> usize {
        let names =
            std::fs::read_dir(self.sandbox().path(".")).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().contains(".tmp-")).count()
    }
}

/// Whether `status` lists a user as retired.
pub(super) fn is_retired(status: &Value, user: &str) -> bool {
    status["retired_api_users"].as_array().unwrap().iter().any(|id| id == user)
}
