//! The shipped policies: each is enough for what it says, with a token that has it and `default`, and no right in it can
//! be left out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use momo_cred_backend_api::{At, Backend, ErrorKind, Expect, Removal, Verdict, Work};
use momo_cred_backend_vault::VaultStore;
use momo_live::KvVersion;
use serde_json::json;
use support::{EXEC, IMPORT, Mount, REMOVE, ROTATE, is_found, one, read, store};

/// What does not work.
type Works = Result<(), String>;

fn works<T, E: std::fmt::Debug>(what: &str, answer: Result<T, E>) -> Result<T, String> {
    answer.map_err(|error| format!("{what}: {error:?}"))
}

fn holds(what: &str, is: bool) -> Works {
    works(what, if is { Ok(()) } else { Err("it is not so") })
}

/// `exec`, `verify`, `status`.
async fn exec(mount: &Mount, store: &VaultStore) -> Works {
    let name = mount.name("a");
    mount.root("POST", "data/momo/a", &json!({"data": {"alpha": "1"}}));
    works("read", read(store, &name).await)?;
    let revision = works("revision", store.revision(&name).await)?.unwrap();
    works("read by revision", store.read(&name, &At::Revision(revision)).await)?;
    for lookup in store.read_many(&[name.clone(), name]).await {
        is_found(lookup);
    }
    Ok(())
}

/// `import`, and the writes of `provision`, `resume` and `abort`.
async fn import(mount: &Mount, store: &VaultStore) -> Works {
    let name = mount.name("a");
    works("hold", store.hold(&name, Work::Renewal).await)?;
    works("read of nothing", read(store, &name).await)?;
    let first = works("create", store.write(&name, &one("1"), &Expect::Absent).await)?;
    works("read", read(store, &name).await)?;
    let metadata = mount.peek(&format!("{}/metadata/momo/a", mount.path));
    let label = &metadata["data"]["custom_metadata"]["managed-by"];
    holds("the label", label == "momo-cred")?;
    works("replace", store.write(&name, &one("2"), &Expect::Revision(first)).await)?;
    let twice = store.write(&name, &one("3"), &Expect::Absent).await;
    holds("a conflict", twice.is_err_and(|error| error.kind() == ErrorKind::Conflict))
}

/// `list` and `doctor` besides.
async fn rotate(mount: &Mount, store: &VaultStore) -> Works {
    import(mount, store).await?;
    works("history", store.history(&mount.name("a")).await)?;
    let listed = works("list", store.list(&mount.record("")).await)?;
    holds("the list", listed == [mount.name("a")])?;
    mount.root("POST", "config", &json!({"max_versions": 4}));
    let findings = store.examine(&mount.name("a")).await;
    holds("nothing bad", !findings.iter().any(|f| matches!(f.verdict, Verdict::Bad(_))))?;
    holds("the mount's setting", findings.iter().any(|f| f.text.contains("4 versions are kept")))
}

/// `remove` and `remove --destroy`, with rotate.hcl.
async fn remove(mount: &Mount, store: &VaultStore) -> Works {
    rotate(mount, store).await?;
    let name = mount.name("a");
    works("hold", store.hold(&name, Work::Renewal).await)?;
    let now = works("revision", store.revision(&name).await)?.unwrap();
    works("remove", store.remove(&name, &now, Removal::Recoverable).await)?;
    works("remove for good", store.remove(&name, &now, Removal::Destroy).await)
}

#[test]
fn the_readme_has_them_word_by_word() {
    let readme = include_str!("../README.md");
    for policy in [EXEC, IMPORT, ROTATE, REMOVE] {
        assert!(readme.contains(&format!("```hcl\n{policy}```\n")), "{policy}");
    }
}

/// The policy without one of its rights, for each of them.
fn reduced(hcl: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (at, _) in hcl.match_indices("capabilities = [") {
        let end = at + hcl[at..].find(']').unwrap();
        let begin = at + "capabilities = [".len();
        let rights: Vec<_> = hcl[begin..end].split(", ").collect();
        let path = hcl[..at].rsplit("path ").next().unwrap().split(' ').next().unwrap();
        for left_out in &rights {
            let rest: Vec<_> = rights.iter().filter(|right| *right != left_out).copied().collect();
            let rest = if rest.is_empty() { "\"deny\"".to_owned() } else { rest.join(", ") };
            let policy = format!("{}{rest}{}", &hcl[..begin], &hcl[end..]);
            all.push((format!("{left_out} on {path}"), policy));
        }
    }
    assert!(!all.is_empty());
    all
}

/// A fresh mount, and a store on it with these policies and `default`.
fn stage(policies: &[&str]) -> Option<(Mount, VaultStore)> {
    let mount = Mount::new(KvVersion::V2)?;
    let store = store(mount.config(&mount.vault.address(), policies));
    Some((mount, store))
}

macro_rules! smallest {
    ($name:ident, $work:ident, $policy:expr, $besides:expr) => {
        #[tokio::test]
        async fn $name() {
            let besides: &[&str] = $besides;
            let Some((mount, store)) = stage(&[&[$policy], besides].concat()) else { return };
            $work(&mount, &store).await.unwrap();
            for (left_out, policy) in reduced($policy) {
                let Some((mount, store)) = stage(&[&[&*policy], besides].concat()) else { return };
                let works = $work(&mount, &store).await;
                assert!(works.is_err(), "{left_out} is not needed");
            }
        }
    };
}

smallest!(exec_hcl_is_enough_and_no_more, exec, EXEC, &[]);
smallest!(import_hcl_is_enough_and_no_more, import, IMPORT, &[]);
smallest!(rotate_hcl_is_enough_and_no_more, rotate, ROTATE, &[]);
smallest!(remove_hcl_is_enough_beside_rotate_hcl_and_no_more, remove, REMOVE, &[ROTATE]);

#[tokio::test]
async fn a_smaller_policy_is_denied_what_a_larger_one_is_for() {
    let Some((mount, reader)) = stage(&[EXEC]) else { return };
    let name = mount.name("a");
    mount.root("POST", "data/momo/a", &json!({"data": {"alpha": "1"}}));
    let revision = reader.revision(&name).await.unwrap().unwrap();
    let denied = |error: momo_cred_backend_api::Error| {
        assert_eq!(error.kind(), ErrorKind::Denied, "{error:?}");
        assert_eq!(error.effect(), momo_cred_backend_api::Effect::NotApplied);
    };
    denied(reader.write(&name, &one("2"), &Expect::Revision(revision.clone())).await.unwrap_err());
    denied(reader.write(&mount.name("b"), &one("2"), &Expect::Absent).await.unwrap_err());
    denied(reader.list(&mount.record("")).await.unwrap_err());
    denied(reader.history(&name).await.unwrap_err());
    let rotate = store(mount.config(&mount.vault.address(), &[ROTATE]));
    for removal in [Removal::Recoverable, Removal::Destroy] {
        denied(rotate.remove(&name, &revision, removal).await.unwrap_err());
    }
    is_found(read(&reader, &name).await);
}
