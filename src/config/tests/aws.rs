use momo_cred_backend_api::Secret;

use super::found::Table;
use super::{KEY, Sandbox, rendered};
use crate::config::{AwsSettings, Origin, approve};
use crate::{Kind, Result};

/// A sandbox whose file, named on the command line and so trusted, has a record in AWS in its only profile.
fn sandbox(toml: &str) -> Sandbox {
    let mut sandbox = Sandbox::with(&format!("{toml}\n[profiles.default]\nstore = \"aws:momo\"\n"));
    sandbox.flags.config = Some("momo-cred.toml".into());
    sandbox
}

const AWS: Table = Table("aws");

fn aws(sandbox: &Sandbox) -> Result<AwsSettings> {
    AwsSettings::resolve(&sandbox.one(), &sandbox.env())
}

fn row(aws: &AwsSettings, key: &str) -> Option<(String, Origin)> {
    aws.rows().find(|(known, ..)| *known == key).map(|(_, value, origin)| (value.to_owned(), origin.clone()))
}

const FULL: &str = r#"[aws]
region = "eu-west-1"
profile = "team a/prod"
endpoint = "https://secretsmanager.example.com/"
kms-key-id = "arn:aws:kms:eu-west-1:123456789012:alias/momo"
replica-regions = ["eu-west-2", "eu-west-3"]
allow-aws-rotation = true
"#;

#[test]
fn every_key_is_read_with_its_origin() {
    let aws = aws(&sandbox(FULL)).unwrap();
    assert_eq!((aws.region.as_deref(), aws.profile.as_deref()), (Some("eu-west-1"), Some("team a/prod")));
    assert_eq!(aws.endpoint.as_ref().unwrap().as_str(), "https://secretsmanager.example.com");
    assert_eq!(aws.kms_key_id.as_deref(), Some("arn:aws:kms:eu-west-1:123456789012:alias/momo"));
    assert_eq!(aws.replica_regions, ["eu-west-2", "eu-west-3"]);
    assert!(aws.allow_aws_rotation && aws.credentials.is_none());
    let keys = ["region", "profile", "endpoint", "kms-key-id", "replica-regions", "allow-aws-rotation"];
    for (key, line) in keys.into_iter().zip(2..) {
        let (_, origin) = row(&aws, key).unwrap();
        assert_eq!(origin, Origin::File { path: "momo-cred.toml".into(), line }, "{key}");
    }
    assert_eq!(aws.rows().count(), keys.len());
}

#[test]
fn without_settings_the_sdk_finds_them() {
    let aws = aws(&sandbox("")).unwrap();
    assert_eq!(
        (aws.region.as_deref(), aws.profile.as_deref(), aws.kms_key_id.as_deref()),
        (None, None, None)
    );
    assert!(aws.endpoint.is_none() && aws.credentials.is_none() && !aws.allow_aws_rotation);
    assert!(aws.replica_regions.is_empty());
    assert_eq!(aws.rows().count(), 0);
}

/// Each variable takes the place of those before it, and an empty one of none.
#[test]
fn variables_over_the_file() {
    let mut sandbox = sandbox(FULL);
    for (key, variable, value) in [
        ("region", "AWS_DEFAULT_REGION", "us-east-1"),
        ("region", "AWS_REGION", "us-east-2"),
        ("profile", "AWS_PROFILE", "dev"),
        ("endpoint", "AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        ("endpoint", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "https://other.example.com"),
    ] {
        sandbox.set(variable, "");
        assert_ne!(row(&aws(&sandbox).unwrap(), key).unwrap().0, value, "{variable}: empty is unset");
        sandbox.variables.pop();
        sandbox.set(variable, value);
        let (shown, origin) = row(&aws(&sandbox).unwrap(), key).unwrap();
        assert_eq!((shown.as_str(), origin.to_string().as_str()), (value, variable));
    }
}

#[test]
fn credentials_come_from_the_environment_and_are_never_shown() {
    let mut sandbox = sandbox("");
    sandbox.set("AWS_ACCESS_KEY_ID", "s3krit-id");
    sandbox.set("AWS_SECRET_ACCESS_KEY", "s3krit-key");
    let without = aws(&sandbox).unwrap().credentials.unwrap();
    assert!(without.session_token.is_none());
    sandbox.set("AWS_SESSION_TOKEN", "s3krit-token");
    let aws = aws(&sandbox).unwrap();
    let given = aws.credentials.as_ref().unwrap();
    assert!(given.access_key_id.same_as(&Secret::from("s3krit-id")));
    assert!(given.secret_access_key.same_as(&Secret::from("s3krit-key")));
    assert!(given.session_token.as_ref().unwrap().same_as(&Secret::from("s3krit-token")));
    assert_eq!(row(&aws, "credentials"), Some(("set".to_owned(), Origin::Environment("AWS_ACCESS_KEY_ID"))));
    assert!(!format!("{aws:?}").contains("krit"));
}

#[test]
fn half_of_the_credentials_is_told() {
    for (there, missing) in
        [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")]
    {
        let mut sandbox = sandbox("");
        sandbox.set(there, "s3krit");
        sandbox.set(missing, "");
        let error = aws(&sandbox).unwrap_err();
        assert_eq!(error.kind(), Kind::Misconfigured);
        assert_eq!(error.to_string(), format!("{there} is set, and {missing} is not"));
        assert!(error.next_steps()[0].contains(missing) && !rendered(&error).contains("krit"), "{error:?}");
    }
    // It belongs to no key.
    let mut token = sandbox("");
    token.set("AWS_SESSION_TOKEN", "s3krit");
    let error = aws(&token).unwrap_err();
    assert_eq!(error.kind(), Kind::Misconfigured);
    assert!(error.to_string().starts_with("AWS_SESSION_TOKEN is set"), "{error}");
    assert!(!rendered(&error).contains("krit"), "{error:?}");
}

#[test]
fn a_program_gets_a_list_of_variables_and_no_other() {
    let mut sandbox = sandbox("");
    for name in
        ["AWS_CONFIG_FILE", "DBUS_SESSION_BUS_ADDRESS", "AWS_SESSION_TOKEN", "MOMO_CRED_SUBSCRIPTION_KEY"]
    {
        sandbox.set(name, "s3krit");
    }
    for name in
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "VAULT_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    {
        sandbox.set(name, "s3krit");
    }
    let given = aws(&sandbox).unwrap().program_environment;
    let mut names: Vec<_> =
        given.iter().filter(|(_, value)| value == "s3krit").map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["AWS_CONFIG_FILE", "DBUS_SESSION_BUS_ADDRESS"]);
}

#[test]
fn wrong_values_are_not_repeated() {
    for (line, cause) in [
        ("region = \"s3 krit\"", "it cannot be a region"),
        ("region = \"s3krit.example.com/\"", "it cannot be a region"),
        ("region = \"\"", "is empty"),
        ("region = 5", "is a number where a string belongs"),
        ("profile = \"s3#krit\"", "it cannot be the name of a profile"),
        ("profile = \"s3\\u001bkrit\"", "control character"),
        ("endpoint = \"http://s3krit.example.com\"", "plain http is for this machine only"),
        ("endpoint = \"https://me:s3krit@x.example.com\"", "it holds a user name or password"),
        ("endpoint = \"s3krit\"", "it is not a URL"),
        ("endpoint = \"s3krit:443\"", "it must begin with https://"),
        ("endpoint = \"https://x.example.com/?s3krit\"", "it has a query or fragment"),
        ("kms-key-id = \"s3 krit\"", "it cannot be a KMS key"),
        ("replica-regions = \"s3krit\"", "is a string where a list of strings belongs"),
        ("replica-regions = [\"eu-west-1\", \"s3 krit\"]", "it cannot be a region"),
        ("replica-regions = [\"eu-west-1\", \"\"]", "it cannot be a region"),
        ("replica-regions = [\"eu-west-1\", 5]", "has an item that is no string"),
        ("allow-aws-rotation = \"s3krit\"", "where true or false belongs"),
        ("colour = \"s3krit\"", "`aws.colour` is not a setting there is"),
        ("secret-access-key = \"s3krit\"", "`aws.secret-access-key` looks like a secret"),
        ("aws_session_token = \"s3krit\"", "`aws.aws_session_token` looks like a secret"),
        ("profile = \"AKIAABCDEFGHIJKLMNOP\"", "the value of `aws.profile` looks like a secret"),
    ] {
        let error = sandbox(&format!("[aws]\n{line}\n")).error();
        assert_eq!(error.kind(), Kind::Misconfigured, "{line}");
        assert!(error.to_string().starts_with("momo-cred.toml, line 2: "), "{line}: {error}");
        assert!(error.to_string().contains(cause), "{line}: {error}");
        let shown = rendered(&error);
        assert!(!shown.contains("krit") && !shown.contains("AKIA"), "{line}: {shown}");
        assert!(!error.next_steps().is_empty(), "{line}");
    }
    for line in [
        format!("profile = \"{KEY}\""),
        format!("kms-key-id = \"alias/{KEY}\""),
        format!("replica-regions = [\"eu-west-1\", \"{KEY}\"]"),
        format!("{KEY} = 1"),
    ] {
        let error = sandbox(&format!("[aws]\n{line}\n")).error();
        assert!(!rendered(&error).contains(KEY), "{error}");
    }
    let error = sandbox("[aws]\nregoin = \"x\"\n").error();
    assert_eq!(error.next_steps(), ["did you mean `region`?"]);
    let error = Sandbox::with("[profiles.a.aws]\nx = 1\n").error();
    assert!(error.to_string().contains("`profiles.a.aws.x` is not a setting there is"), "{error}");
    let error = sandbox("aws = \"s3krit\"\n").error();
    assert!(error.to_string().contains("`aws` is a string where a table belongs"), "{error}");
}

#[test]
fn wrong_values_of_variables_are_not_repeated() {
    for (variable, value) in [
        ("AWS_REGION", "s3 krit"),
        ("AWS_DEFAULT_REGION", "s3/krit"),
        ("AWS_REGION", "s3.krit.example.com"),
        ("AWS_PROFILE", "s3#krit"),
        ("AWS_PROFILE", "s3\u{1b}krit"),
        ("AWS_PROFILE", "hvs.CAESIJ0123456789abcdefkrit"),
        ("AWS_ENDPOINT_URL", "http://s3krit.example.com"),
        ("AWS_ENDPOINT_URL", "https://me:s3krit@x.example.com"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "s3krit"),
    ] {
        let mut sandbox = sandbox(FULL);
        sandbox.set(variable, value);
        let error = aws(&sandbox).unwrap_err();
        assert_eq!(error.kind(), Kind::Misconfigured, "{variable}");
        assert!(error.to_string().starts_with(&format!("the value of {variable} is refused: ")), "{error}");
        assert!(!rendered(&error).contains("krit") && !error.next_steps().is_empty(), "{error}");
    }
}

#[test]
fn where_secrets_go_is_sensitive() {
    AWS.assert_sensitive([
        ("profile = \"prod\"", "profile", "prod"),
        ("endpoint = \"https://x.example.com/\"", "endpoint", "https://x.example.com"),
        ("endpoint = \"http://127.0.0.1:4566\"", "endpoint", "http://127.0.0.1:4566"),
        ("kms-key-id = \"alias/momo\"", "kms-key-id", "alias/momo"),
        ("replica-regions = [\"eu-west-2\", \"eu-west-3\"]", "replica-regions", "eu-west-2, eu-west-3"),
    ]);
    assert!(AWS.resolve(&AWS.found("[aws]\nregion = \"eu-west-1\"\nallow-aws-rotation = true\n")).is_ok());
}

#[test]
fn a_variable_takes_the_place_of_what_it_overrides_and_of_no_more() {
    let endpoint = "endpoint = \"https://x.example.com\"";
    AWS.assert_overridden([
        ("profile = \"x\"", "AWS_PROFILE", "mine"),
        (endpoint, "AWS_ENDPOINT_URL", "https://mine.example.com"),
        (endpoint, "AWS_ENDPOINT_URL_SECRETS_MANAGER", "https://mine.example.com"),
    ]);
    let mut sandbox = AWS.found("[aws]\nprofile = \"x\"\nendpoint = \"https://x.example.com\"\n");
    sandbox.set("AWS_PROFILE", "mine");
    let message = AWS.refused(&sandbox).to_string();
    assert!(message.contains("aws.endpoint") && !message.contains("aws.profile"), "{message}");
}

#[test]
fn only_what_is_used_counts() {
    AWS.assert_only_what_is_used_counts("endpoint", "region = \"eu-west-1\"");
}

#[test]
fn the_users_own_file_or_an_approval_covers_it() {
    let sandbox = AWS.found("[aws]\nendpoint = \"https://x.example.com\"\nprofile = \"a\"\n");
    sandbox.file(".config/momo-cred/momo-cred.toml", "[aws]\nendpoint = \"https://x.example.com/\"\n");
    let message = AWS.refused(&sandbox).to_string();
    assert!(message.contains("aws.profile") && !message.contains("aws.endpoint"), "{message}");
    approve(sandbox.load().unwrap().found().unwrap(), &sandbox.env()).unwrap();
    assert!(AWS.resolve(&sandbox).is_ok());
}

/// As with Vault: what the top table says is not mixed in.
#[test]
fn a_profiles_table_replaces_the_top_one() {
    let mut sandbox = Sandbox::with(&format!(
        "{FULL}[profiles.top]\nstore = \"aws:a\"\n[profiles.own]\nstore = \"aws:a\"\naws.region = \"us-east-1\"\n"
    ));
    sandbox.flags.config = Some("momo-cred.toml".into());
    sandbox.flags.profiles = vec!["own".into()];
    let own = aws(&sandbox).unwrap();
    assert_eq!(own.region.as_deref(), Some("us-east-1"));
    assert!(own.profile.is_none() && own.endpoint.is_none() && own.kms_key_id.is_none());
    assert!(own.replica_regions.is_empty() && !own.allow_aws_rotation);
    assert_eq!(own.rows().count(), 1);
    sandbox.flags.profiles = vec!["top".into()];
    let top = aws(&sandbox).unwrap();
    assert_eq!(top.rows().count(), 6);
    assert_ne!(own, top);
}
