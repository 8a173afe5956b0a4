use std::time::Duration;

use super::{Sandbox, rendered};
use crate::Kind;
use crate::config::{Origin, variables};
use crate::credential::{Field, Product};

const TWO: &str = r#"
default-profile = "collection"
timeout = "20s"
lease = "10m"
log = "momo_cred=debug"

[dotenv]
allow-shared-fs = true

[profiles.collection]
product = "collection"
target-environment = "sandbox"
callback-host = "pay.example.com"
store = "dotenv:secrets/.env#PAY"
env = { preset = "momo", prefix = "MOMO_COLLECTION" }
fields = { api_key = "apiKey" }

[profiles.disbursement]
extends = "collection"
product = "disbursement"
timeout = "500ms"
env.names = { PAYOUT_KEY = "api_key", PAYOUT_USER = "api_user" }
"#;

fn line(line: usize) -> Origin {
    Origin::File { path: "momo-cred.toml".into(), line }
}

#[test]
fn a_profile_is_read_with_the_origin_of_every_value() {
    let settings = Sandbox::with(TWO).one();
    assert_eq!((settings.profile.as_str(), &settings.chosen_by), ("collection", &line(2)));
    let product = settings.product.unwrap();
    assert_eq!(
        (product.value, product.origin.to_string().as_str()),
        (Product::Collection, "momo-cred.toml, line 11")
    );
    assert_eq!(settings.target_environment.unwrap().origin, line(12));
    let host = settings.callback_host.unwrap();
    assert_eq!((host.value.as_str(), host.origin), ("pay.example.com", line(13)));
    assert_eq!(
        (settings.store.value.to_string().as_str(), settings.store.origin),
        ("dotenv:secrets/.env#PAY", line(14))
    );
    assert_eq!(settings.env.prefix.unwrap().value, "MOMO_COLLECTION");
    assert_eq!(settings.layout.stored(Field::ApiKey), "apiKey");
    assert_eq!(settings.timeout.unwrap().value, Duration::from_secs(20));
    assert_eq!(
        (settings.lease.unwrap().value, settings.log.unwrap().value.as_str()),
        (Duration::from_secs(600), "momo_cred=debug")
    );
    assert!(settings.dotenv_allow_shared_fs.unwrap().value);
}

#[test]
fn extends_copies_keys_and_replaces_tables_whole() {
    let mut sandbox = Sandbox::with(TWO);
    sandbox.flags.profiles = vec!["disbursement".into()];
    let settings = sandbox.one();
    assert_eq!(settings.product.unwrap().value, Product::Disbursement);
    assert_eq!((settings.store.value.fragment(), settings.store.origin), (Some("PAY"), line(14)));
    assert_eq!(settings.layout.stored(Field::ApiKey), "apiKey");
    assert_eq!(settings.timeout.unwrap().value, Duration::from_millis(500));
    let env = settings.env;
    assert!(env.preset.is_none() && env.prefix.is_none() && !env.uses_preset());
    assert_eq!(
        env.names,
        [("PAYOUT_KEY".to_owned(), Field::ApiKey), ("PAYOUT_USER".to_owned(), Field::ApiUser)]
    );
}

#[test]
fn several_profiles_come_in_the_order_asked_for_and_once() {
    let mut sandbox = Sandbox::with(TWO);
    sandbox.set(variables::PROFILE, "disbursement, collection,disbursement");
    let names = |sandbox: &Sandbox| sandbox.all().unwrap().into_iter().map(|s| s.profile).collect::<Vec<_>>();
    assert_eq!(names(&sandbox), ["disbursement", "collection"]);
    sandbox.flags.profiles = vec!["collection".into()];
    assert_eq!(names(&sandbox), ["collection"], "flags over the variable");
}

#[test]
fn a_flag_wins_over_a_variable_over_the_file() {
    let mut sandbox = Sandbox::with(TWO);
    for (name, value) in [
        (variables::PRODUCT, "remittance"),
        (variables::STORE, "dotenv:other.env"),
        (variables::TIMEOUT, "1m"),
        (variables::BASE_URL, "http://127.0.0.1:8080"),
        (variables::LOG, "trace"),
    ] {
        sandbox.set(name, value);
    }
    let settings = sandbox.one();
    assert_eq!(settings.product.unwrap().origin, Origin::Environment("MOMO_CRED_PRODUCT"));
    assert_eq!(settings.store.value.to_string(), "dotenv:other.env#MOMO");
    assert_eq!(settings.timeout.unwrap().value, Duration::from_secs(60));
    assert_eq!(settings.base_url.unwrap().value.as_str(), "http://127.0.0.1:8080");
    assert_eq!(settings.log.unwrap().value, "trace");
    sandbox.flags.product = Some("disbursement".into());
    sandbox.flags.store = Some("vault:secret/momo".into());
    sandbox.flags.prefix = Some("APP".into());
    let settings = sandbox.one();
    let product = settings.product.unwrap();
    assert_eq!((product.value, product.origin), (Product::Disbursement, Origin::Flag("--product")));
    assert_eq!(settings.store.value.to_string(), "vault:secret/momo");
    assert_eq!(settings.env.prefix.unwrap().origin, Origin::Flag("--prefix"));
}

#[test]
fn an_empty_variable_is_none() {
    let mut sandbox = Sandbox::with(TWO);
    for name in [variables::PROFILE, variables::PRODUCT, variables::STORE, variables::CONFIG] {
        sandbox.set(name, "");
    }
    assert_eq!(sandbox.one().profile, "collection");
}

#[test]
fn a_relative_store_starts_from_the_folder_that_names_it() {
    let text = "[profiles.default]\nstore = \"dotenv:.env\"\n";
    let mut sandbox = Sandbox::with(text);
    let store = |sandbox: &Sandbox| sandbox.one().store.value.to_string();
    assert_eq!(store(&sandbox), "dotenv:.env#MOMO", "of the working directory: stays short");
    sandbox.cwd = sandbox.cwd.join("deep");
    std::fs::create_dir(&sandbox.cwd).unwrap();
    let repo = sandbox.home().join("work/repo");
    assert_eq!(store(&sandbox), format!("dotenv:{}/.env#MOMO", repo.display()));
    sandbox.set(variables::STORE, "dotenv:.env");
    assert_eq!(store(&sandbox), "dotenv:.env#MOMO", "a variable: of the working directory");
    sandbox.variables.pop();
    sandbox.file("work/repo/deep/conf/other.toml", text);
    sandbox.flags.config = Some("conf/other.toml".into());
    assert_eq!(store(&sandbox), "dotenv:conf/.env#MOMO");
    sandbox.flags.config = Some("../momo-cred.toml".into());
    assert_eq!(store(&sandbox), "dotenv:../.env#MOMO");
    sandbox.file("work/repo/deep/conf/other.toml", "[profiles.default]\nstore = \"dotenv:/abs/.env#X\"\n");
    sandbox.flags.config = Some("conf/other.toml".into());
    assert_eq!(store(&sandbox), "dotenv:/abs/.env#X");
}

#[test]
fn top_level_settings_hold_for_the_built_in_profile_too() {
    let settings = Sandbox::with("timeout = \"3s\"\n").one();
    assert_eq!((settings.profile.as_str(), settings.chosen_by), ("default", Origin::BuiltIn));
    assert!(settings.product.is_none() && settings.timeout.is_some());
}

/// To work on none of the profiles that somebody wrote down would surprise them.
#[test]
fn without_a_default_the_only_profile_is_meant_and_several_must_be_chosen_from() {
    let one = Sandbox::with("[profiles.other]\nproduct = \"remittance\"\n").one();
    assert_eq!(one.profile, "other");
    let named = Sandbox::with("[profiles.default]\n[profiles.other]\nproduct = \"remittance\"\n").one();
    assert_eq!((named.profile.as_str(), named.chosen_by), ("default", Origin::BuiltIn));
    let error = Sandbox::with(&TWO.replace("default-profile", "# default-profile")).error();
    assert_eq!(error.kind(), Kind::Misconfigured);
    assert!(error.to_string().contains("none was chosen: there are `collection`, `disbursement`"), "{error}");
    assert!(error.next_steps()[0].contains("default-profile"), "{error:?}");
}

#[test]
fn an_unknown_profile_names_those_there_are() {
    let mut sandbox = Sandbox::with(TWO);
    sandbox.flags.profiles = vec!["colection".into()];
    let error = sandbox.error();
    assert_eq!(error.kind(), Kind::Usage);
    assert_eq!(error.to_string(), "the value of --profile is refused: there is no profile `colection`");
    assert_eq!(
        error.next_steps(),
        ["did you mean `collection`?", "profiles there are: collection, disbursement"]
    );
    sandbox.flags.profiles = Vec::new();
    for list in ["collection,", ",", "a b", "collection,,disbursement", "x/y"] {
        sandbox.variables.truncate(1);
        sandbox.set(variables::PROFILE, list);
        let error = sandbox.error();
        assert!(
            error.kind() == Kind::Misconfigured && error.to_string().contains("a profile's name is"),
            "{error}"
        );
    }
    let mut sandbox = Sandbox::new();
    sandbox.flags.profiles = vec!["collection".into()];
    assert!(rendered(&sandbox.error()).contains("no config file was found"));
}

#[test]
fn circles_and_missing_parents_name_their_lines() {
    let error = Sandbox::with("[profiles.a]\nextends = \"b\"\n[profiles.b]\nextends = \"a\"\n").error();
    assert!(error.to_string().contains("extend one another in a circle (lines 2, 4)"), "{error}");
    let error = Sandbox::with("[profiles.a]\nextends = \"a\"\n").error();
    assert!(error.to_string().contains("(lines 2)"), "{error}");
    let error = Sandbox::with("[profiles.collection]\n[profiles.b]\nextends = \"colection\"\n").error();
    assert_eq!(
        error.to_string(),
        "momo-cred.toml, line 3: `extends` names a profile that is not in the file"
    );
    assert_eq!(error.next_steps()[0], "did you mean `collection`?");
    let error = Sandbox::with("default-profile = \"x\"\n").error();
    assert!(error.to_string().starts_with("momo-cred.toml, line 1: `default-profile` names"), "{error}");
}
