//! Every command, and its JSON.

use momo_cred_backend_testkit::Canary;
use serde_json::{Value, json};

use super::stage::{ENDPOINT, NAME, OLD_USER, Stage, old_key};
use crate::sandbox::key;

#[test]
fn provisions_and_reads() {
    let Some(stage) = Stage::new() else { return };
    let absent = stage.status();
    assert_eq!((&absent["state"], &absent["revision"]), (&json!("absent"), &json!(null)));
    let mut events = stage.run(&["provision", "--json"]).code(0).json();
    let result = events.pop().unwrap();
    let steps: Vec<_> = events.iter().map(|event| event["steps"][0]["name"].as_str().unwrap()).collect();
    assert_eq!(steps, ["preflight", "claim", "user", "key", "token", "read", "publish", "read-back"]);
    assert_eq!((&result["outcome"], &result["revision"]), (&json!("ok"), &json!(stage.revision())));
    assert_eq!(result["location"], format!("aws:{NAME}"));
    stage.assert_settled();
    let described = stage.ask("DescribeSecret", &json!({"SecretId": NAME}));
    assert_eq!(described["Tags"], json!([{"Key": "managed-by", "Value": "momo-cred"}]));

    let status = stage.status();
    assert_eq!((&status["state"], &status["revision"]), (&json!("complete"), &json!(stage.revision())));
    assert!(status["age_s"].as_u64().unwrap() < 60 && status["claim"].is_null(), "{status}");
    let verified = stage.run(&["verify", "--json"]).code(0).json().remove(0);
    assert_eq!((&verified["outcome"], &verified["verified"]), (&json!("ok"), &json!(true)));
    let before = stage.revision();
    let _ = stage.run(&["provision"]).code(75).says("--replace");
    assert_eq!(stage.revision(), before);
}

#[test]
fn a_program_gets_the_values_and_keeps_its_own_login() {
    let Some(stage) = Stage::new() else { return };
    let _ = stage.run(&["provision"]).code(0);
    let out = stage.momo(&["exec", "--", "env", "-0"]).run().code(0).out();
    let value = |name: &str| out.split('\0').find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let secret = stage.secret();
    for (variable, field) in [
        ("MOMO_API_KEY", "api_key"),
        ("MOMO_API_USER", "api_user"),
        ("MOMO_SUBSCRIPTION_KEY", "subscription_key"),
    ] {
        assert_eq!(value(variable), secret[field].as_str());
    }
    for (variable, kept) in [
        ("AWS_ACCESS_KEY_ID", &stage.account.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &stage.account.secret_access_key),
        ("AWS_SESSION_TOKEN", &stage.account.session_token),
        ("AWS_REGION", &"us-east-1".to_owned()),
        (ENDPOINT, &stage.server()),
    ] {
        assert!(value(variable) == Some(kept), "{variable}");
    }
    assert!(!out.contains("MOMO_CRED_"));
    let explained = stage.run(&["exec", "--explain", "--json"]).code(0);
    assert_eq!(explained.json()[0]["variables"][0]["revision"], stage.revision());
    let shown = stage.run(&["exec", "--explain"]).code(0).out();
    assert!(shown.contains("MOMO_API_KEY") && shown.contains(NAME), "{shown}");
    assert!(!shown.contains(secret["api_key"].as_str().unwrap()));
    let _ = stage.momo(&["exec", "--", "sh", "-c", "exit 7"]).run().code(7);
}

#[test]
fn imports() {
    let Some(stage) = Stage::new() else { return };
    let user = "01234567-89ab-4def-8123-456789abcdef";
    let given = |api_key: &str| {
        let text = format!("api_user={user}\napi_key={api_key}\nsubscription_key={}\n", key(&stage.gateway));
        stage.sandbox.write("given.env", text, 0o600);
    };
    given(old_key().value());
    let import = ["import", "--from", "given.env", "--no-verify", "--json"];
    let result = stage.run(&import).code(0).json().pop().unwrap();
    assert_eq!(result["revision"], stage.revision());
    assert_eq!(stage.served("MOMO_API_KEY"), old_key().value());

    let other = Canary::hex("another api key");
    given(other.value());
    let _ = stage.run(&import).code(75).says("--replace");
    let ran = stage.run(&[&import[..], &["--replace"]].concat()).code(0);
    let result = ran.no_leak(std::slice::from_ref(&other)).json().pop().unwrap();
    assert_eq!(result["revision"], stage.revision());
    assert_eq!(stage.served("MOMO_API_KEY"), other.value());
    // The gateway does not know the user: with a check nothing is written.
    let checked = ["import", "--from", "given.env", "--replace"];
    let _ = stage.run(&checked).code(77).says("error[denied]");
    assert_eq!(stage.status()["revision"], result["revision"]);
}

#[test]
fn lists_what_is_there() {
    let Some(stage) = Stage::new() else { return };
    for name in ["momo/b/c/remittance", "momo/b/disbursement", NAME] {
        let place = format!("aws:{name}");
        let _ = stage.momo(&["provision", "--quiet"]).env("MOMO_CRED_STORE", place).run().code(0);
    }
    let names = |args: &[&str]| {
        let mut command = stage.momo(args).into_command();
        if args.last().unwrap().starts_with("aws:") {
            // Says where itself.
            command.env_remove("MOMO_CRED_STORE");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let records = document["records"].as_array().unwrap().clone();
        records.iter().map(|record| record["location"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all =
        ["momo/b/c/remittance", "momo/b/disbursement", "momo/collection"].map(|name| format!("aws:{name}"));
    assert_eq!(names(&["list", "--json"]), all);
    assert_eq!(names(&["list", "--json", "aws:momo/b/"]), all[..2]);
    let _ = stage.run(&["remove", "--yes"]).code(0);
    assert_eq!(names(&["list", "--json"]), all[..2], "a deleted record is none");
}

#[test]
fn doctor_finds_what_is_there() {
    let Some(stage) = Stage::new() else { return };
    for there in [false, true] {
        let stage_says = |about: &str, report: &Value| {
            let findings = report["findings"].as_array().unwrap();
            let finding = findings.iter().find(|finding| finding["about"] == about);
            finding.unwrap_or_else(|| panic!("no {about} in {report}")).to_string()
        };
        if there {
            let _ = stage.run(&["provision"]).code(0);
        }
        let report = stage.run(&["doctor", "--json"]).code(0).json().remove(0);
        assert_eq!(report["outcome"], "ok");
        let findings = report["findings"].as_array().unwrap();
        assert!(findings.iter().all(|finding| finding["verdict"] != "bad"), "{report}");
        assert!(stage_says("credentials", &report).contains("AWS_ACCESS_KEY_ID"), "{report}");
        assert!(stage_says("region", &report).contains("us-east-1"), "{report}");
        let record = if there { "it can be read" } else { "nothing is there yet" };
        assert!(stage_says("record", &report).contains(record), "{report}");
        let settings = report["settings"].as_array().unwrap();
        let setting = |name: &str| {
            let found = settings.iter().find(|setting| setting["key"] == name);
            found.unwrap_or_else(|| panic!("no {name} in {report}"))["value"].clone()
        };
        assert_eq!(setting("aws.credentials"), "set");
        assert_eq!(setting("aws.region"), "us-east-1");
        assert!(setting("aws.endpoint").as_str().unwrap().starts_with(&stage.server()));
    }
    let shown = stage.run(&["doctor"]).code(0).out();
    assert!(shown.contains("us-east-1") && shown.contains("it can be read"), "{shown}");
    let one = stage.bare(&["doctor"]).env("AWS_ACCESS_KEY_ID", "AKIA").run().code(78);
    let _ = one.says("AWS_SECRET_ACCESS_KEY is not");
}

#[test]
fn a_config_that_is_named_says_where() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let file = format!("[aws]\nregion = \"us-east-1\"\nendpoint = {:?}\n", stage.server());
    stage.sandbox.write("momo.toml", file, 0o644);
    for args in [&["status", "--config", "momo.toml"][..], &["verify", "--config", "momo.toml"]] {
        let _ = stage.with_login(args).run().code(0).no_leak(&stage.canaries());
    }
    let exec = ["exec", "--config", "momo.toml", "--", "printenv", "MOMO_API_KEY"];
    assert_eq!(stage.with_login(&exec).run().code(0).out().trim_end(), old_key().value());
    let report = stage.with_login(&["doctor", "--config", "momo.toml"]).run().code(0).out();
    assert!(report.contains("momo.toml"), "{report}");
    let _ = stage.with_login(&["provision", "--replace", "--config", "momo.toml"]).run().code(0);
    stage.assert_settled();
    // A variable goes before the file: the other region has no such record.
    let elsewhere = stage.with_login(&["status", "--json", "--config", "momo.toml"]);
    let status = elsewhere.env("AWS_REGION", "eu-west-1").run().code(0).json().remove(0);
    assert_eq!(status["state"], "absent");
}

#[test]
fn profiles_of_one_file_have_regions_of_their_own() {
    let Some(stage) = Stage::new() else { return };
    let url = stage.gateway.base_url();
    let mut file = format!("[aws]\nendpoint = {:?}\nregion = \"eu-west-1\"\n", stage.server());
    for (name, region) in [("a", "us-east-1"), ("b", "eu-central-1")] {
        file += &format!(
            "[profiles.{name}]\nstore = \"aws:{NAME}\"\nbase-url = {url:?}\ncallback-host = \"localhost\"\n\
             env.prefix = {:?}\naws = {{ region = {region:?}, endpoint = {:?} }}\n",
            name.to_uppercase(),
            stage.server()
        );
    }
    stage.sandbox.write("momo.toml", file, 0o644);
    let run = |args: &[&str]| {
        let (command, rest) = args.split_first().unwrap();
        let args = [&[*command, "--config", "momo.toml"], rest].concat();
        stage.with_login(&args).env("MOMO_CRED_STORE", "").env("MOMO_CRED_BASE_URL", "").run()
    };
    let _ = run(&["provision", "-p", "a"]).code(0);
    let status = run(&["status", "-p", "a,b", "--json"]).code(0).json().remove(0);
    let states: Vec<_> = status.as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["complete", "absent"]);
    let _ = run(&["provision", "-p", "b"]).code(0);
    let out = run(&["exec", "-p", "a,b", "--", "env", "-0"]).code(0).out();
    let value = |name: &str| out.split('\0').find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    for prefix in ["A", "B"] {
        let (user, key) = (format!("{prefix}_API_USER"), format!("{prefix}_API_KEY"));
        assert!(stage.gateway.authenticates(value(&user).unwrap(), value(&key).unwrap()), "{prefix}");
    }
    assert_ne!(value("A_API_USER"), value("B_API_USER"));
}

#[test]
fn a_login_of_the_shared_files() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let account = &stage.account;
    let file = format!(
        "[team]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
        account.access_key_id, account.secret_access_key, account.session_token
    );
    stage.sandbox.write("../home/.aws/credentials", file, 0o600);
    stage.sandbox.write("../home/.aws/config", "[profile team]\nregion = us-east-1\n", 0o600);
    let run = |profile: &str, args: &[&str]| {
        let momo = stage.bare(args).env("AWS_PROFILE", profile).env(ENDPOINT, stage.server());
        momo.run().no_leak(&stage.canaries())
    };
    let _ = run("team", &["provision", "--replace", "-vvv"]).code(0);
    let _ = run("team", &["verify", "-vvv"]).code(0);
    let report = run("team", &["doctor"]).code(0).out();
    assert!(
        report.contains("shared files") && report.contains("us-east-1") && report.contains("team"),
        "{report}"
    );
    stage.assert_settled();
    let _ = run("other", &["status"]).code(78).says("error[misconfigured]");
}

/// A secret that others made, with names of their own for the fields.
#[test]
fn names_of_an_existing_secret_are_mapped() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let theirs = json!({
        "primaryKey": key(&stage.gateway),
        "apiUser": OLD_USER,
        "apiKey": old_key().value(),
        "note": "of another team",
    });
    stage.put("theirs", &theirs);
    let config = "[profiles.default]\nstore = \"aws:theirs\"\n\
        fields = { subscription_key = \"primaryKey\", api_user = \"apiUser\", api_key = \"apiKey\" }\n";
    stage.sandbox.write("momo.toml", config, 0o644);
    let run = |args: &[&str]| {
        let momo = stage.momo(args).env("MOMO_CRED_STORE", "").env("MOMO_CRED_CONFIG", "momo.toml");
        momo.run().code(0)
    };
    assert_eq!(run(&["exec", "--", "printenv", "MOMO_API_KEY"]).out().trim_end(), old_key().value());
    let _ = run(&["verify"]);
    let _ = run(&["rotate"]);
    let answer = stage.ask("GetSecretValue", &json!({"SecretId": "theirs"}));
    let now: Value = serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap();
    assert_eq!((&now["note"], &now["api_key"]), (&theirs["note"], &Value::Null));
    let text = |name: &str| now[name].as_str().unwrap();
    assert_ne!((text("apiUser"), text("apiKey")), (OLD_USER, old_key().value()));
    assert!(stage.gateway.authenticates(text("apiUser"), text("apiKey")));
    assert_eq!(run(&["exec", "--", "printenv", "MOMO_API_KEY"]).out().trim_end(), text("apiKey"));
}
