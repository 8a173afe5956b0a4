//! Retired users of another gateway, environment or product than the record is of now: each is asked for, and its key is
//! tried, where its own revision says; the credential in use is shown to no gateway but its own.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Action, Answer, Bound, Config, Fault, Gateway, Operation, PresetUser, Product, Role};
use serde_json::{Value, json};

use super::stage::{OLD_USER, Stage, old_key};
use crate::sandbox::{Ran, key};

const REVOKE: [&str; 3] = ["revoke", "--yes", "--json"];

/// A record that says with which gateway it is used.
fn old(stage: Stage) -> Stage {
    let (id, api_key) = (OLD_USER.parse().unwrap(), old_key().value().to_owned());
    stage.gateway.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
    stage.put(&json!({
        "subscription_key": key(&stage.gateway),
        "api_user": OLD_USER,
        "api_key": old_key().value(),
        "target_environment": "sandbox",
        "product": "collection",
        "base_url": stage.gateway.base_url(),
    }));
    stage
}

/// A gateway with keys of its own.
fn another() -> Gateway {
    Gateway::start(Config::sandbox(2)).unwrap()
}

/// A record whose credential was replaced, and which then moved to another gateway.
fn moved() -> Option<(Stage, Gateway)> {
    let stage = old(Stage::new()?);
    let _ = stage.run(&["rotate"]).code(0);
    let new = another();
    let args = ["provision", "--replace", "--base-url", new.base_url()];
    let _ = alone(&stage, &args, &key(&new)).code(0);
    Some((stage, new))
}

/// A run that has settings from its record and its flags alone.
fn alone(stage: &Stage, args: &[&str], subscription_key: &str) -> Ran {
    let momo = stage.momo(args).env("MOMO_CRED_BASE_URL", "");
    momo.env("MOMO_CRED_SUBSCRIPTION_KEY", subscription_key).run().no_leak(&[old_key()])
}

fn retired(stage: &Stage) -> Value {
    alone(stage, &["status", "--json"], "").code(0).json().remove(0)["retired_api_users"].clone()
}

/// Users and what became of them.
fn outcomes(result: &Value) -> Vec<(Value, Value)> {
    let users = result["revoked"].as_array().unwrap();
    users.iter().map(|one| (one["api_user"].clone(), one["outcome"].clone())).collect()
}

fn steps(result: &Value) -> Vec<&str> {
    result["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect()
}

#[test]
fn a_user_of_another_gateway_is_revoked_there() {
    let Some((stage, new)) = moved() else { return };
    let listed = retired(&stage);
    let (asked, tokens) = (stage.gateway.requests().len(), count(&new, Operation::Token));
    let result = alone(&stage, &REVOKE, "").code(0).json().pop().unwrap();
    let want: Vec<_> =
        listed.as_array().unwrap().iter().map(|user| (user.clone(), json!("revoked"))).collect();
    assert_eq!((outcomes(&result), want.len()), (want, 2));
    // One that works shows that the gateway lets it in; from then on a refusal counts.
    let first = ["preflight", "claim", "witness", "renew", "old-key"];
    assert_eq!(steps(&result), [&first[..], &["renew", "old-key", "settle"]].concat());
    assert_eq!((retired(&stage), &result["claim"]), (json!([]), &Value::Null));
    assert!(!stage.gateway.authenticates(OLD_USER, old_key().value()));
    // Neither gateway was shown what is the other's.
    assert_eq!(count(&new, Operation::Token), tokens);
    let own = stage.secret()["api_user"].clone();
    assert!(new.authenticates(own.as_str().unwrap(), stage.secret()["api_key"].as_str().unwrap()));
    let there = stage.gateway.requests().len() - asked;
    assert_eq!(there, 6, "a look, a witness, and two keys with a try each");
    let _ = alone(&stage, &["verify"], "").code(0);
}

fn count(gateway: &Gateway, operation: Operation) -> usize {
    gateway.requests().iter().filter(|request| request.operation == operation).count()
}

/// Those of the record's own gateway go first, each with its own witness.
#[test]
fn users_of_several_gateways_go_each_where_it_belongs() {
    let Some((stage, new)) = moved() else { return };
    let listed = retired(&stage);
    let second = stage.secret()["api_user"].clone();
    let _ = alone(&stage, &["rotate"], "").code(0);
    let result = alone(&stage, &REVOKE, "").code(0).json().pop().unwrap();
    let told: Vec<_> = outcomes(&result).into_iter().map(|(user, _)| user).collect();
    assert_eq!(told, [second.clone(), listed[0].clone(), listed[1].clone()]);
    assert_eq!((retired(&stage), new.key_requests(second.as_str().unwrap())), (json!([]), 2));
    assert_eq!(stage.gateway.key_requests(OLD_USER), 1);
}

#[test]
fn where_its_gateway_cannot_be_asked_the_others_are_done_all_the_same() {
    let Some((stage, _new)) = moved() else { return };
    let elsewhere = retired(&stage);
    let second = stage.secret()["api_user"].clone();
    let _ = alone(&stage, &["rotate"], "").code(0);
    let down = Fault::on(Operation::GetUser, Action::Answer(Answer::service_unavailable()));
    stage.gateway.script(down.forever());
    let mut args = REVOKE.to_vec();
    args.extend(["--timeout", "8s"]);
    let ran = alone(&stage, &args, "").code(69).says("not asked: ");
    let result = ran.json().pop().unwrap();
    let of = |user: &Value, outcome: &str| (user.clone(), json!(outcome));
    let want = [of(&second, "revoked"), of(&elsewhere[0], "not-asked"), of(&elsewhere[1], "not-asked")];
    assert_eq!(outcomes(&result), want);
    assert_eq!(retired(&stage), elsewhere);
    stage.gateway.clear_script();
    let _ = alone(&stage, &REVOKE, "").code(0);
    assert_eq!(retired(&stage), json!([]));
}

/// In an outage good pairs have been seen to be refused: a key that was dead before proves nothing there.
#[test]
fn a_key_that_was_dead_before_is_not_proven_elsewhere() {
    let Some((stage, _new)) = moved() else { return };
    let listed = retired(&stage);
    for user in listed.as_array().unwrap() {
        assert!(stage.gateway.issue_key(user.as_str().unwrap(), Canary::hex("nobody's").value()));
    }
    let ran = alone(&stage, &REVOKE, "").code(69).says("nothing shows that this gateway lets anybody in");
    let result = ran.json().pop().unwrap();
    assert!(outcomes(&result).iter().all(|(_, outcome)| outcome == "inconclusive"), "{result}");
    assert_eq!(retired(&stage), listed);
}

#[test]
fn where_keys_add_up_there_it_is_told_loudly() {
    let Some(stage) = Stage::new().map(|stage| old(stage.keys_add_up())) else { return };
    let new = another();
    let _ = alone(&stage, &["provision", "--replace", "--base-url", new.base_url()], &key(&new)).code(0);
    let ran = alone(&stage, &REVOKE, "").code(77).says("error[denied]: NOT REVOKED");
    assert_eq!(outcomes(&ran.json().pop().unwrap()), [(json!(OLD_USER), json!("still-works"))]);
    assert_eq!(retired(&stage), json!([OLD_USER]));
}

/// Another product of the same gateway: the credential in use is let in there as well, and shows it.
#[test]
fn a_user_of_another_product_is_tried_with_the_keys_of_that() {
    let Some(stage) = Stage::new().map(old) else { return };
    let disbursement = stage.gateway.key(Role::Primary(Product::Disbursement)).unwrap();
    let args = ["provision", "--replace", "--product", "disbursement"];
    let _ = stage.momo(&args).env("MOMO_CRED_SUBSCRIPTION_KEY", &disbursement).run().code(0);
    let result = stage.momo(&REVOKE).run().code(0).json().pop().unwrap();
    assert_eq!(outcomes(&result), [(json!(OLD_USER), json!("revoked"))]);
    assert_eq!(steps(&result), ["preflight", "claim", "renew", "old-key", "in-use", "settle"]);
    assert_eq!((retired(&stage), &result["product"]), (json!([]), &json!("disbursement")));
}

/// From the sandbox into production: nobody goes to the portal for a sandbox user, and no terminal is needed.
#[test]
fn sandbox_users_of_a_record_in_production_are_revoked_in_the_sandbox() {
    let Some(stage) = Stage::new().map(old) else { return };
    let production = Gateway::start(Config::production(1, "mtnuganda")).unwrap();
    let new = ("01d00000-0000-4000-8000-000000000002", Canary::hex("vault new api key"));
    let (id, api_key) = (new.0.parse().unwrap(), new.1.value().to_owned());
    production.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
    let input = json!({
        "subscription_key": production.subscription_key(Product::Collection),
        "api_user": new.0,
        "api_key": new.1.value(),
    });
    let args = [
        &["import", "--replace", "--from", "-", "--format", "json", "--target-environment", "mtnuganda"][..],
        &["--base-url", production.base_url()],
    ];
    let import =
        stage.momo(&args.concat()).env("MOMO_CRED_BASE_URL", "").env("MOMO_CRED_SUBSCRIPTION_KEY", "");
    let _ = import.stdin(input.to_string()).run().code(0).no_leak(&[new.1.clone(), old_key()]);
    assert_eq!(retired(&stage), json!([OLD_USER]));
    let asked = production.requests().len();
    let result = alone(&stage, &REVOKE, "").code(0).json().pop().unwrap();
    assert_eq!(outcomes(&result), [(json!(OLD_USER), json!("revoked"))]);
    assert_eq!((retired(&stage), production.requests().len()), (json!([]), asked));
    assert!(!stage.gateway.authenticates(OLD_USER, old_key().value()));
}

/// A gateway that nothing vouches for is asked for nothing, and the other users are done.
#[test]
fn a_user_of_a_gateway_that_nothing_vouches_for_is_left_alone() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let stranger = "01d00000-0000-4000-8000-000000000003";
    let now = stage.secret();
    let mut before = now.clone();
    before["base_url"] = json!("https://momo.example.com");
    before["api_user"] = json!(stranger);
    stage.put(&before);
    let mut after = now;
    after["retired_api_users"] = json!(stranger);
    stage.put(&after);
    let _ = stage.run(&["rotate"]).code(0);
    let ran = stage.run(&REVOKE).code(78).says("error[misconfigured]").says("left alone").says("vouches");
    let result = ran.json().pop().unwrap();
    let of = |user: &str, outcome: &str| (json!(user), json!(outcome));
    assert_eq!(outcomes(&result), [of(OLD_USER, "revoked"), of(stranger, "left-alone")]);
    assert_eq!(retired(&stage), json!([stranger]));
}

/// What has leaked is judged; a user that is left alone beside it is a warning.
#[test]
fn the_drill_revokes_what_is_elsewhere_too() {
    let Some((stage, new)) = moved() else { return };
    let leaked = stage.secret()["api_user"].clone();
    let result = alone(&stage, &["compromise", "--yes", "--json"], "").code(0).json().pop().unwrap();
    let told = outcomes(&result);
    assert_eq!((&told[0], told.len()), (&(leaked.clone(), json!("revoked")), 3));
    assert_eq!((retired(&stage), new.key_requests(leaked.as_str().unwrap())), (json!([]), 2));
    assert!(!stage.gateway.authenticates(OLD_USER, old_key().value()));
}

/// A key of one gateway is refused at another, whether it works or not.
#[test]
fn a_user_that_revisions_have_with_two_gateways_is_left_alone() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let (stranger, other) = ("01d00000-0000-4000-8000-000000000003", another());
    let now = stage.secret();
    for base_url in [other.base_url(), stage.gateway.base_url()] {
        let mut before = now.clone();
        (before["base_url"], before["api_user"]) = (json!(base_url), json!(stranger));
        stage.put(&before);
    }
    let mut after = now;
    after["retired_api_users"] = json!(stranger);
    stage.put(&after);
    let ran = stage.run(&REVOKE).code(78).says("more than one gateway");
    assert_eq!(outcomes(&ran.json().pop().unwrap()), [(json!(stranger), json!("left-alone"))]);
    assert_eq!((retired(&stage), stage.gateway.key_requests(stranger)), (json!([stranger]), 0));
    assert_eq!(other.requests().len(), 0);
    // A claim under which nothing can be done is closed.
    for (field, value) in [
        ("pending_id", "00000000-0000-4000-8000-000000000001"),
        ("pending_kind", "revoke"),
        ("pending_since", "2026-01-02T03:04:05Z"),
        ("pending_owner", "far.example.com:0f:1:1:1"),
        ("pending_lease", "300"),
    ] {
        after[field] = json!(value);
    }
    stage.put(&after);
    let result = stage.run(&["resume", "--force-takeover", "--json"]).code(78).json().pop().unwrap();
    assert_eq!(outcomes(&result), [(json!(stranger), json!("left-alone"))]);
    let status = stage.status();
    assert_eq!((&result["claim"], &status["claim"]), (&json!(null), &json!(null)));
    assert_eq!((&result["revision"], retired(&stage)), (&status["revision"], json!([stranger])));
    assert_eq!((stage.gateway.key_requests(stranger), other.requests().len()), (0, 0));
}
