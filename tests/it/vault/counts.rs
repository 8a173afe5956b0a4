//! How many requests and connections a command costs the store.

use momo_live::{Tap, response};
use serde_json::json;

use super::stage::{EXEC, Stage, old_key};

/// A stage behind a tap.
pub(super) fn tapped(stage: Stage) -> (Stage, Tap) {
    let tap = Tap::new(stage.vault().socket());
    let address = tap.address();
    (stage.through(address), tap)
}

#[test]
fn reading_commands_cost_one_request_on_one_connection() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let read = format!("GET /v1/{}/data/momo/collection", stage.mount);
    for args in [&["exec", "--", "true"][..], &["status"], &["verify"], &["exec", "--explain"]] {
        // Another tap for each: connections are counted from the start.
        let tap = Tap::new(stage.vault().socket());
        let _ = stage.momo(args).env("VAULT_ADDR", tap.address()).run().code(0);
        assert_eq!((tap.requests(), tap.connections()), (vec![read.clone()], 1), "{args:?}");
    }
}

#[test]
fn two_records_cost_two_requests() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let copy = stage.secret();
    let path = format!("{}/data/momo/disbursement", stage.mount);
    stage.vault().root("POST", &path, &json!({ "data": copy }));
    let (stage, tap) = tapped(stage);
    let file = format!(
        "[profiles.a]\nstore = {:?}\nenv.prefix = \"A\"\n[profiles.b]\nstore = {:?}\nenv.prefix = \"B\"\n",
        stage.location("collection"),
        stage.location("disbursement")
    );
    stage.sandbox.write("momo.toml", file, 0o644);
    let args = ["exec", "--config", "momo.toml", "-p", "a,b", "--", "printenv", "B_API_KEY"];
    // A location in the environment goes before those of the profiles.
    let ran = stage.momo(&args).env("MOMO_CRED_STORE", "").run().code(0);
    assert_eq!(ran.out().trim_end(), old_key().value());
    let mut requests = tap.requests();
    requests.sort();
    let read = |name: &str| format!("GET /v1/{}/data/momo/{name}", stage.mount);
    assert_eq!(requests, [read("collection"), read("disbursement")]);
    // Both are asked for at once.
    assert!(tap.connections() <= 2, "{}", tap.connections());
}

#[test]
fn approle_costs_a_login_and_a_revocation_on_the_same_connection() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let role = stage.vault().approle(&stage.mount, &[&stage.policy(EXEC)]);
    let (stage, tap) = tapped(stage);
    stage.sandbox.write("momo.toml", "[vault]\nauth = { method = \"approle\" }\n", 0o644);
    let momo = stage
        .without_login(&["exec", "--config", "momo.toml", "--", "true"])
        .env("VAULT_ROLE_ID", &role.role_id)
        .env("VAULT_SECRET_ID", &role.secret_id);
    let _ = momo.run().code(0);
    let read = format!("GET /v1/{}/data/momo/collection", stage.mount);
    let steps = ["POST /v1/auth/approle/login", read.as_str(), "POST /v1/auth/token/revoke-self"];
    assert_eq!((tap.requests(), tap.connections()), (steps.map(str::to_owned).to_vec(), 1));
}

#[test]
fn a_namespace_is_confirmed_before_anything_is_read() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let (stage, tap) = tapped(stage);
    let look = "GET /v1/auth/token/lookup-self".to_owned();
    let run = || stage.momo(&["exec", "--", "true"]).env("VAULT_NAMESPACE", "team-a").run();
    // A community server answers from its root namespace: another team's record.
    let _ = run().code(125).says("does not confirm the namespace");
    assert_eq!(tap.requests(), std::slice::from_ref(&look));
    assert_eq!(tap.saw_header("x-vault-namespace"), ["team-a"]);

    tap.forget();
    let confirmed = json!({"data": {"namespace_path": "team-a/", "ttl": 3600, "policies": ["default"]}});
    tap.answer("GET", "lookup-self", &response(200, &[], &confirmed.to_string()), 1);
    let _ = run().code(0);
    assert_eq!(tap.requests(), [look, format!("GET /v1/{}/data/momo/collection", stage.mount)]);
}

/// The whole conversations of `provision` with the store, in order.
#[test]
fn what_provision_asks_of_the_store() {
    let Some(stage) = Stage::new() else { return };
    let (stage, tap) = tapped(stage);
    let mount = stage.mount.clone();
    let record = format!("/v1/{mount}/data/momo/collection");
    let read = format!("GET {record}");
    let engine = format!("GET /v1/sys/internal/ui/mounts/{mount}/momo/collection");
    let life = "GET /v1/auth/token/lookup-self".to_owned();
    let write = format!("POST {record}");
    let label = format!("PATCH /v1/{mount}/metadata/momo/collection");
    // Whether the claim is still ours, the new credential, and the revision that this made.
    let publish = |version: u64| [read.clone(), write.clone(), format!("{read}?version={version}")];

    let _ = stage.run(&["provision"]).code(0);
    // A record that is not there, of which the engine has a say; whether the token outlives the work; the record as it
    // is now. Then the claim, and the label of a new record.
    let claim = [read.clone(), engine.clone(), life.clone(), read.clone(), write.clone(), label];
    assert_eq!(tap.requests(), [&claim[..], &publish(2)].concat());
    assert_eq!(tap.connections(), 1);

    tap.forget();
    let _ = stage.run(&["provision", "--replace"]).code(0);
    // A record that is there says by itself which engine it is in, and is believed for reading only.
    let claim = [read.clone(), life, engine, read.clone(), write.clone()];
    assert_eq!(tap.requests(), [&claim[..], &publish(4)].concat());
    assert_eq!(tap.connections(), 2);
}
