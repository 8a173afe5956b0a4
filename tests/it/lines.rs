//! The command lines that messages tell people of: they run as they stand.

use momo_gateway::{Action, Answer, Fault, Operation};
use serde_json::{Value, json};

use crate::lifecycle::stage::Stage;
use crate::sandbox::{MOMO_CRED, Momo, Ran};

/// A place that a person has to name: a config file of its own name, and a folder with a blank.
const GIVEN: [&str; 6] = ["--config", "team.toml", "-p", "payouts", "-s", "dotenv:my keys/.env#PAY"];

fn stage() -> Stage {
    let stage = Stage::new();
    stage.sandbox.write("team.toml", "[profiles.payouts]\nproduct = \"collection\"\n", 0o600);
    std::fs::create_dir(stage.sandbox.path("my keys")).unwrap();
    stage
}

fn given(stage: &Stage, command: &[&str]) -> Momo {
    let mut momo = stage.momo(["-v"]).into_command();
    momo.args(GIVEN).args(command);
    Momo::of(momo)
}

/// The command line that a message has in backticks and that begins so, as a shell runs it.
fn told(stage: &Stage, ran: &Ran, begins: &str) -> Ran {
    let said = ran.err();
    let line = said.split('`').find(|part| part.starts_with(begins)).expect(&said);
    let line = line.strip_prefix("momo-cred").unwrap();
    let momo = stage.momo(["-v"]).into_command();
    let mut shell = stage.sandbox.command("sh");
    shell.envs(momo.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.arg("-c").arg(format!("'{MOMO_CRED}'{line}"));
    Momo::of(shell).run()
}

#[test]
fn the_next_command_finds_the_same_record() {
    let stage = stage();
    let fault = Fault::on(Operation::CreateKey, Action::Answer(Answer::gateway_fault())).after_effect();
    stage.gateway.script(fault);
    let ran = given(&stage, &["provision"]).run().code(69);
    let _ = told(&stage, &ran, "momo-cred resume").code(0).says("stored at dotenv:my keys/.env#PAY");
    let _ = given(&stage, &["verify"]).run().code(0);
    let ran = given(&stage, &["provision"]).run().code(75);
    let _ = told(&stage, &ran, "momo-cred rotate").code(0).says("stored at dotenv:my keys/.env#PAY");
}

/// With `--all` each profile's command names it.
#[test]
fn of_several_profiles_the_right_one_is_named() {
    let stage = stage();
    let config = "[profiles.one]\nstore = \"dotenv:one.env\"\n[profiles.two]\nstore = \"dotenv:two.env\"\n";
    stage.sandbox.write("momo-cred.toml", config, 0o600);
    let ran = stage.run(["verify", "--all", "--json"]).code(66);
    let listed = ran.json().remove(0);
    for (document, name) in listed.as_array().unwrap().iter().zip(["one", "two"]) {
        assert_eq!((&document["profile"], &document["claim"]), (&json!(name), &Value::Null));
        let next = document["error"]["next"][0].as_str().unwrap();
        assert!(next.contains(&format!("`momo-cred provision -p {name}`")), "{next}");
        assert!(ran.err().contains(next), "{}", ran.err());
    }
}

/// The last line of a run that fails says what it was about, which claim it leaves, and which steps it took.
#[test]
fn a_failure_in_json_says_what_it_was_about() {
    let stage = stage();
    let fault = Fault::on(Operation::CreateKey, Action::Answer(Answer::gateway_fault())).after_effect();
    stage.gateway.script(fault);
    let ran = given(&stage, &["provision", "--json"]).run().code(69);
    let lines = ran.json();
    let result = lines.last().unwrap();
    for (key, want) in [
        ("event", "result"),
        ("profile", "payouts"),
        ("location", "dotenv:my keys/.env#PAY"),
        ("product", "collection"),
        ("target_environment", "sandbox"),
        ("outcome", "inconclusive"),
    ] {
        assert_eq!(result[key], want, "{key}");
    }
    let made = stage.gateway.users()[0].id.to_string();
    assert_eq!((&result["claim"]["kind"], &result["claim"]["api_user"]), (&json!("new-user"), &json!(made)));
    let steps: Vec<_> = result["steps"].as_array().unwrap().iter().map(|step| &step["name"]).collect();
    assert_eq!(steps, ["preflight", "claim", "user", "key"]);
    assert_eq!(lines.len(), 5);
    let next = result["error"]["next"][0].as_str().unwrap();
    assert!(next.contains("-s 'dotenv:my keys/.env#PAY'`"), "{next}");

    // Somebody else's claim, and its age by the store's clock, which a file has none of.
    let file = "PAY_SUBSCRIPTION_KEY=0123456789abcdef0123456789abcdef\nPAY_API_KEY=0123456789abcdef0123456789abcdef\n\
                PAY_API_USER=00000000-0000-4000-8000-000000000001\nPAY_PENDING_ID=00000000-0000-4000-8000-000000000002\n\
                PAY_PENDING_KIND=rekey\nPAY_PENDING_SINCE=2026-01-02T03:04:05Z\nPAY_PENDING_OWNER=far:0f:1:1:1\n\
                PAY_PENDING_LEASE=300\n";
    stage.sandbox.write("my keys/.env", file, 0o600);
    let result = given(&stage, &["resume", "--json"]).run().code(75).json().remove(0);
    assert_eq!((&result["event"], &result["product"]), (&json!("result"), &json!("collection")));
    let claim = &result["claim"];
    assert_eq!((&claim["kind"], &claim["since"]), (&json!("rekey"), &json!("2026-01-02T03:04:05Z")));
}

/// The look-up of the user is optional: a gateway that is silent there keeps nobody from the products' answer.
#[test]
fn a_silent_look_up_keeps_nobody_from_verifying() {
    let stage = Stage::with_old();
    stage.gateway.script(Fault::on(Operation::GetUser, Action::Silence).forever());
    let ran = stage.run(["verify", "--json", "--timeout", "8s"]).code(0);
    let steps = ran.json().remove(0)["steps"].clone();
    let outcomes: Vec<_> = steps.as_array().unwrap().iter().map(|step| &step["outcome"]).collect();
    assert_eq!(outcomes, ["inconclusive", "ok", "ok"]);
    assert_eq!(stage.requests(Operation::GetUser), 1);
    stage.gateway.clear_script();
}
