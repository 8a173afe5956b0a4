//! `import`: what an existing credential can come from, and when it is written.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Answer, Bound, Config, Fault, Gateway, IpAllowList, Operation, PresetUser};

use super::sandbox::{Momo, Sandbox, key};

/// A production gateway, where the portal made one user.
fn production() -> (Gateway, PresetUser) {
    let user = PresetUser::generated(7, Bound::Everywhere);
    let gateway = Gateway::start(Config::production(1, "mtnuganda").with_user(user.clone())).unwrap();
    (gateway, user)
}

fn canaries(gateway: &Gateway, user: &PresetUser) -> [Canary; 2] {
    [Canary::of("subscription key", key(gateway)), Canary::of("api key", user.api_key.as_str())]
}

fn dotenv(gateway: &Gateway, user: &PresetUser) -> String {
    format!(
        "# from the portal\nexport MOMO_SUBSCRIPTION_KEY='{}'\nMOMO_API_USER={}\nMOMO_API_KEY=\"{}\"\nOTHER=$(id)\n",
        key(gateway),
        user.id,
        user.api_key
    )
}

fn import(sandbox: &Sandbox, gateway: &Gateway, args: &[&str]) -> Momo {
    let common = ["import", "--target-environment", "mtnuganda", "--base-url", gateway.base_url()];
    sandbox.momo(common.iter().chain(args))
}

fn assert_stored(sandbox: &Sandbox, user: &PresetUser) {
    assert_eq!(sandbox.env_value("MOMO_API_USER").unwrap(), user.id.to_string());
    assert_eq!(sandbox.env_value("MOMO_API_KEY").unwrap(), user.api_key);
    assert_eq!(sandbox.env_value("MOMO_TARGET_ENVIRONMENT").unwrap(), "mtnuganda");
    let _ = sandbox.momo(["verify"]).run().code(0);
}

#[test]
fn from_a_dotenv_file_json_standard_input_and_the_environment() {
    let (gateway, user) = production();
    let canaries = canaries(&gateway, &user);
    let json = format!(
        r#"{{"momo": {{"subscription_key": "{}", "userId": "{}", "clientSecret": "{}"}}, "port": 80}}"#,
        key(&gateway),
        user.id,
        user.api_key
    );
    for way in ["dotenv", "json", "stdin", "environment"] {
        let sandbox = Sandbox::new();
        sandbox.write("old.env", dotenv(&gateway, &user), 0o600);
        sandbox.write("old.json", &json, 0o600);
        let momo = match way {
            "dotenv" => import(&sandbox, &gateway, &["--from", "old.env"]),
            "json" => {
                let map = ["--from", "old.json", "--map", "userId=api_user", "--map", "clientSecret=api_key"];
                import(&sandbox, &gateway, &map)
            }
            "stdin" => import(&sandbox, &gateway, &["--from", "-", "--format", "dotenv"])
                .stdin(dotenv(&gateway, &user)),
            _ => import(&sandbox, &gateway, &["--from-env"])
                .env("MOMO_SUBSCRIPTION_KEY", key(&gateway))
                .env("COLLECTION_USER_ID", user.id.to_string())
                .env("COLLECTIONS_USER_SECRET", &user.api_key),
        };
        let _ = momo.env("MOMO_CRED_LOG", "trace").run().code(0).no_leak(&canaries).says("stored at");
        assert_stored(&sandbox, &user);
        let inputs = ["old.env", "old.json", ".env"].map(|name| sandbox.path(name));
        sandbox.assert_no_leak(&canaries, &inputs);
    }
}

#[test]
fn a_refused_credential_is_not_written() {
    let (gateway, user) = production();
    let sandbox = Sandbox::new();
    let wrong = dotenv(&gateway, &user).replace(&user.api_key, &"0".repeat(32));
    sandbox.write("old.env", wrong, 0o600);
    let _ = import(&sandbox, &gateway, &["--from", "old.env"]).run().code(77).says("error[denied]");
    assert!(!sandbox.path(".env").exists());
    let _ =
        import(&sandbox, &gateway, &["--from", "old.env", "--no-verify"]).run().code(0).says("not proven");
    let _ = sandbox.momo(["verify"]).run().code(77);
}

#[test]
fn an_unproven_credential_is_written_only_where_nothing_is() {
    let (gateway, user) = production();
    let sandbox = Sandbox::new();
    sandbox.write("old.env", dotenv(&gateway, &user), 0o600);
    gateway.script(Fault::on(Operation::Token, Action::Answer(Answer::gateway_fault())).forever());
    let args = ["--from", "old.env", "--timeout", "2s", "--json"];
    let ran = import(&sandbox, &gateway, &args).run().code(0).says("not proven");
    assert_eq!(ran.json().last().unwrap()["verified"], false);
    let before = sandbox.read(".env");
    let _ = import(&sandbox, &gateway, &["--from", "old.env", "--timeout", "2s"])
        .run()
        .code(75)
        .says("--replace");
    let _ = import(&sandbox, &gateway, &["--from", "old.env", "--replace", "--timeout", "2s"]).run().code(69);
    assert_eq!(sandbox.read(".env"), before);
    gateway.clear_script();
    assert_stored(&sandbox, &user);
}

#[test]
fn an_allow_list_is_no_proof_against_the_credential() {
    let (gateway, user) = production();
    let sandbox = Sandbox::new();
    sandbox.write("old.env", dotenv(&gateway, &user), 0o600);
    gateway.configure(|config| config.ip_allow_list = IpAllowList::RefusesReads);
    let _ = import(&sandbox, &gateway, &["--from", "old.env"]).run().code(0).says("not proven");
}

#[test]
fn replace_keeps_the_old_user_listed_and_a_dry_run_writes_nothing() {
    let (gateway, user) = production();
    let sandbox = Sandbox::new();
    sandbox.write("old.env", dotenv(&gateway, &user), 0o600);
    let _ = import(&sandbox, &gateway, &["--from", "old.env"]).run().code(0);
    let next = PresetUser::generated(8, Bound::Everywhere);
    gateway.put_user(next.clone());
    sandbox.write("new.env", dotenv(&gateway, &next), 0o600);
    let before = sandbox.read(".env");
    let canaries = canaries(&gateway, &next);
    let ran = import(&sandbox, &gateway, &["--from", "new.env", "--replace", "--dry-run"]).run().code(0);
    assert!(ran.no_leak(&canaries).out().contains("fingerprint"));
    assert_eq!(sandbox.read(".env"), before);
    let _ = import(&sandbox, &gateway, &["--from", "new.env", "--replace"]).run().code(0).no_leak(&canaries);
    assert_stored(&sandbox, &next);
    assert_eq!(sandbox.env_value("MOMO_RETIRED_API_USERS").unwrap(), user.id.to_string());
}

#[test]
fn the_user_may_be_an_argument_for_it_is_no_secret() {
    let (gateway, user) = production();
    let sandbox = Sandbox::new();
    let input = format!("MOMO_SUBSCRIPTION_KEY={}\nMOMO_API_KEY={}\n", key(&gateway), user.api_key);
    let id = user.id.to_string();
    let _ = import(&sandbox, &gateway, &["--from", "-", "--api-user", &id]).stdin(input).run().code(0);
    assert_stored(&sandbox, &user);
}
