//! Settings of a file: two profiles, logins of one's own. And fields of others in the same secret, which stay.

use std::slice::from_ref;

use momo_cred_backend_testkit::Canary;
use momo_live::Tap;
use serde_json::{Value, json};

use super::stage::{EXEC, OLD_USER, ROTATE, Stage, old_key};
use super::work::environment;
use crate::sandbox::{Ran, key};

/// How many tokens live that an AppRole has made.
fn tokens_of(stage: &Stage, role: &str) -> usize {
    let accessors = stage.vault().root("LIST", "auth/token/accessors", &Value::Null);
    let root = stage.vault().root_token();
    let made_by = |accessor: &&Value| {
        let body = json!({ "accessor": accessor });
        let looked = stage.vault().request("POST", "auth/token/lookup-accessor", root, &body).1;
        looked["data"]["meta"]["role_name"] == role
    };
    accessors["data"]["keys"].as_array().unwrap().iter().filter(made_by).count()
}

/// Runs with a config file that is named, and without a variable that says where.
fn with_file(stage: &Stage, args: &[&str]) -> Ran {
    let (command, rest) = args.split_first().unwrap();
    let momo = stage.sandbox.momo([&[command, "--config", "momo.toml"], rest].concat());
    momo.env("MOMO_CRED_SUBSCRIPTION_KEY", key(&stage.gateway)).run()
}

#[test]
fn two_profiles_of_one_file() {
    let Some(stage) = Stage::new() else { return };
    let token = Canary::of("token", stage.token_of(&[ROTATE]));
    stage.sandbox.write("token", format!("{}\n", token.value()), 0o600);
    let url = stage.gateway.base_url();
    let file = format!(
        "[vault]\naddress = {:?}\nauth = {{ method = \"token\", token-file = \"token\" }}\n\n\
         [profiles.a]\nstore = {:?}\nbase-url = {url:?}\ncallback-host = \"localhost\"\nenv.prefix = \"A\"\n\n\
         [profiles.b]\nstore = {:?}\nbase-url = {url:?}\ncallback-host = \"localhost\"\nenv.prefix = \"B\"\n",
        stage.vault().plain_address(),
        stage.location("a/collection"),
        stage.location("b/collection"),
    );
    stage.sandbox.write("momo.toml", file, 0o644);
    for profile in ["a", "b"] {
        let _ = with_file(&stage, &["provision", "-p", profile]).code(0).no_leak(from_ref(&token));
    }
    let environment =
        environment(&with_file(&stage, &["exec", "-p", "a,b", "--", "env", "-0"]).code(0).out());
    for profile in ["a", "b"] {
        let secret = stage.peek(&format!("data/momo/{profile}/collection"))["data"]["data"].clone();
        let prefix = profile.to_uppercase();
        assert_eq!(environment[&format!("{prefix}_API_KEY")], secret["api_key"].as_str().unwrap());
        assert!(stage.gateway.authenticates(
            &environment[&format!("{prefix}_API_USER")],
            &environment[&format!("{prefix}_API_KEY")]
        ));
    }
    let all = with_file(&stage, &["status", "--all", "--json"]).code(0).no_leak(from_ref(&token));
    assert_eq!(all.json()[0].as_array().unwrap().len(), 2);
    let _ = with_file(&stage, &["verify", "--all"]).code(0);
    let _ = with_file(&stage, &["doctor", "--all"]).code(0).no_leak(&[token]);
}

#[test]
fn each_of_two_servers_sees_its_own_token() {
    let (Some(one), Some(other)) = (Stage::new().map(Stage::with_old), Stage::new().map(Stage::with_old))
    else {
        return;
    };
    let taps = [&one, &other].map(|stage| Tap::new(stage.vault().socket()));
    let tokens = [&one, &other].map(|stage| stage.token_of(&[EXEC]));
    let mut file = String::new();
    for (name, stage, tap, token) in [("a", &one, &taps[0], &tokens[0]), ("b", &other, &taps[1], &tokens[1])]
    {
        one.sandbox.write(format!("token-{name}"), token, 0o600);
        let (store, address) = (stage.location("collection"), tap.address());
        file += &format!(
            "[profiles.{name}]\nstore = {store:?}\nenv.prefix = {:?}\n[profiles.{name}.vault]\naddress = {address:?}\n\
             auth = {{ method = \"token\", token-file = \"token-{name}\" }}\n",
            name.to_uppercase()
        );
    }
    one.sandbox.write("momo.toml", file, 0o644);
    let _ = with_file(&one, &["exec", "-p", "a,b", "--", "printenv", "B_API_KEY"]).code(0);
    for (tap, token) in taps.iter().zip(&tokens) {
        assert_eq!(tap.saw_header("x-vault-token"), from_ref(token));
    }
    // One that fails keeps the program from starting.
    other.vault().revoke(&tokens[1]);
    let _ = with_file(&one, &["exec", "-p", "a,b", "--", "true"]).code(125).says(&other.mount);
}

#[test]
fn approle_of_the_file_leaves_no_token() {
    let Some(stage) = Stage::new() else { return };
    let role = stage.vault().approle(&stage.mount, &[&stage.policy(ROTATE)]);
    let secret_id = Canary::of("secret id", role.secret_id.as_str());
    stage.sandbox.write("secret-id", format!("{}\n", role.secret_id), 0o600);
    let file = format!(
        "[vault]\naddress = {:?}\nauth = {{ method = \"approle\", role-id = {:?}, secret-id-file = \"secret-id\" }}\n\
         [profiles.a]\nstore = {:?}\ncallback-host = \"localhost\"\nbase-url = {:?}\n",
        stage.vault().plain_address(),
        role.role_id,
        stage.location("collection"),
        stage.gateway.base_url(),
    );
    stage.sandbox.write("momo.toml", file, 0o644);
    for (args, code) in [
        (&["provision", "-p", "a"][..], 0),
        (&["provision", "-p", "a"], 75),
        (&["status", "-p", "a"], 0),
        (&["verify", "-p", "a"], 0),
        (&["doctor", "-p", "a"], 0),
        (&["list", "-p", "a"], 0),
        (&["exec", "-p", "a", "--", "true"], 0),
        (&["exec", "-p", "a", "--", "no-such-program"], 127),
        (&["provision", "-p", "a", "--replace"], 0),
    ] {
        let _ = with_file(&stage, args).code(code).no_leak(from_ref(&secret_id));
        assert_eq!(tokens_of(&stage, &role.name), 0, "{args:?} left its token");
    }
    stage.assert_settled();
    let file = stage.sandbox.read("momo.toml").replace("\"approle\",", "\"approle\", revoke = false,");
    stage.sandbox.write("momo.toml", file, 0o644);
    let _ = with_file(&stage, &["status", "-p", "a"]).code(0);
    assert_eq!(tokens_of(&stage, &role.name), 1, "the count does not count");
}

#[test]
fn approle_of_variables() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let role = stage.vault().approle(&stage.mount, &[&stage.policy(EXEC)]);
    stage.sandbox.write("momo.toml", "[vault]\nauth = { method = \"approle\" }\n", 0o644);
    let momo = stage
        .without_login(&["exec", "--config", "momo.toml", "--", "env", "-0"])
        .env("VAULT_ROLE_ID", &role.role_id)
        .env("VAULT_SECRET_ID", &role.secret_id);
    let environment = environment(&momo.run().code(0).out());
    assert_eq!(environment["MOMO_API_KEY"], old_key().value());
    assert!(!environment.contains_key("VAULT_ROLE_ID") && !environment.contains_key("VAULT_SECRET_ID"));
    assert_eq!(tokens_of(&stage, &role.name), 0);
    let wrong = stage
        .without_login(&["status", "--config", "momo.toml"])
        .env("VAULT_ROLE_ID", &role.role_id)
        .env("VAULT_SECRET_ID", "00000000-0000-4000-8000-000000000000");
    let _ = wrong.run().code(77).says("VAULT_SECRET_ID");
}

#[test]
fn a_token_that_vaults_own_client_left_is_enough() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let token = Canary::of("token", stage.token_of(&[EXEC]));
    let home = stage.sandbox.root().join("home");
    let run = || {
        stage.without_login(&["exec", "-v", "--", "printenv", "MOMO_API_KEY"]).run().no_leak(from_ref(&token))
    };
    let _ = run().code(125).says(".vault-token is not there");
    stage.sandbox.write(home.join(".vault-token"), format!("{}\n", token.value()), 0o600);
    assert_eq!(run().code(0).says(".vault-token").out().trim_end(), old_key().value());

    // A helper goes before the file, and is told which server it is for.
    let script =
        format!("#!/bin/sh\n[ \"$1 $VAULT_ADDR\" = 'get {}' ] && cat token\n", stage.vault().plain_address());
    stage.sandbox.write("helper", script, 0o700);
    stage.sandbox.write("token", token.value(), 0o600);
    stage.sandbox.write(home.join(".vault-token"), "hvs.ofAnotherServer", 0o600);
    let helper = stage.sandbox.path("helper");
    stage.sandbox.write(home.join(".vault"), format!("token_helper = {helper:?}\n"), 0o600);
    assert_eq!(run().code(0).says("the token helper").out().trim_end(), old_key().value());
    stage.sandbox.write("helper", "#!/bin/sh\ncat token >&2\nexit 1\n", 0o700);
    let _ = run().code(125).says("the token helper");
}

/// Fields of others, of every type that JSON has.
fn foreign() -> Value {
    json!({
        "note": "a b \"c\" \\ \u{e9}\n",
        "empty": "",
        "port": 8080,
        "ratio": 1.5,
        "large": 9_007_199_254_740_992_u64,
        "on": true,
        "none": null,
        "list": ["x", 1, {"y": []}],
        "table": {"z": {"deep": "1"}, "a": 2},
        "MOMO_API_KEY": "of an older tool",
    })
}

#[track_caller]
fn assert_foreign(stage: &Stage) {
    let secret = stage.secret();
    for (name, value) in foreign().as_object().unwrap() {
        assert_eq!(&secret[name], value, "{name}");
    }
}

#[test]
fn fields_of_others_stay() {
    let Some(stage) = Stage::new() else { return };
    stage.put(&foreign());
    let _ = stage.run(&["provision"]).code(0);
    assert_foreign(&stage);
    let _ = stage.run(&["provision", "--replace"]).code(0);
    assert_foreign(&stage);
    stage.assert_settled();

    let text = format!(
        "api_user={OLD_USER}\napi_key={}\nsubscription_key={}\n",
        old_key().value(),
        key(&stage.gateway)
    );
    stage.sandbox.write("given.env", text, 0o600);
    let _ = stage.run(&["import", "--from", "given.env", "--replace", "--no-verify"]).code(0);
    assert_foreign(&stage);
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());

    let stage = stage.killed_after_the_claim();
    assert_foreign(&stage);
    let _ = stage.run(&["abort"]).code(0);
    assert_foreign(&stage);
    let stage = stage.killed_after_the_claim();
    let _ = stage.run(&["resume"]).code(0);
    assert_foreign(&stage);
    stage.assert_settled();
}
