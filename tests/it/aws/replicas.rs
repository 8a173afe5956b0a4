//! Copies in other regions: nothing of before is made useless until all of them have followed.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Bound, Config, Gateway, PresetUser, Product, Role};
use momo_live::{Tap, response};
use serde_json::{Value, json};

use super::stage::{NAME, OLD_USER, Stage, old_key};
use crate::sandbox::{Ran, key};

/// Where the copy is.
const REGION: &str = "eu-west-3";

fn record(stage: &Stage) -> Value {
    json!({ "subscription_key": key(&stage.gateway), "api_user": OLD_USER, "api_key": old_key().value() })
}

/// A credential that works, in a secret with a copy in another region.
fn replicated() -> Option<Stage> {
    let stage = Stage::new()?;
    let (id, api_key) = (OLD_USER.parse().unwrap(), old_key().value().to_owned());
    stage.gateway.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
    create(&stage);
    Some(stage)
}

fn create(stage: &Stage) {
    let (name, text) = (NAME, record(stage).to_string());
    let regions = [json!({ "Region": REGION })];
    stage.ask("CreateSecret", &json!({ "Name": name, "SecretString": text, "AddReplicaRegions": regions }));
}

/// A tap that answers as the service does while the copy follows, so many times.
fn lagging(stage: &Stage, times: usize) -> Tap {
    let mut described = stage.ask("DescribeSecret", &json!({ "SecretId": NAME }));
    assert_eq!(described["ReplicationStatus"][0]["Status"], "InSync", "{described}");
    described["ReplicationStatus"] = json!([{ "Region": REGION, "Status": "InProgress" }]);
    let tap = stage.tap();
    let headers = [("Content-Type", "application/x-amz-json-1.1")];
    tap.answer("POST", "DescribeSecret", &response(200, &headers, &described.to_string()), times);
    tap
}

fn old_works(stage: &Stage) -> bool {
    stage.gateway.authenticates(OLD_USER, old_key().value())
}

#[test]
fn where_they_follow_at_once_nobody_waits() {
    let Some(stage) = replicated() else { return };
    let ran = stage.run(&["compromise", "--yes"]).code(0).says("its old key is refused");
    assert!(!ran.err().contains("waiting for"), "{}", ran.err());
    assert!(!old_works(&stage));
}

#[test]
fn a_copy_that_lags_is_waited_for() {
    let Some(stage) = replicated() else { return };
    let _ = stage.run(&["rotate"]).code(0);
    let tap = lagging(&stage, 2);
    let stage = stage.through(tap.address());
    let said = format!("waiting for the copies of aws:{NAME} in {REGION}");
    let ran = stage.run(&["revoke", "--yes"]).code(0).says(&said);
    assert_eq!(ran.err().matches("waiting for").count(), 1, "{}", ran.err());
    let asked = tap.requests();
    let first = |operation: &str| asked.iter().position(|line| line.ends_with(operation)).unwrap();
    let looks = asked[..first("PutSecretValue")].iter().filter(|line| line.ends_with("DescribeSecret"));
    // Two that lag, one that does not, and the look before the first write.
    assert_eq!(looks.count(), 4, "{asked:?}");
    assert!(!old_works(&stage));
}

#[test]
fn one_that_does_not_follow_in_time_keeps_the_old_key_alive() {
    let Some(stage) = replicated() else { return };
    let _ = stage.run(&["rotate"]).code(0);
    let (before, tap) = (stage.revision(), lagging(&stage, 100));
    let stage = stage.through(tap.address());
    let args = ["revoke", "--yes", "--json", "--timeout", "2s"];
    let ran = stage.run(&args).code(69).says("error[unavailable]").says(REGION).says("no key was touched");
    assert_eq!(ran.json().pop().unwrap()["error"]["kind"], "unavailable");
    assert_eq!((old_works(&stage), stage.gateway.key_requests(OLD_USER)), (true, 0));
    assert_eq!((stage.revision(), &stage.status()["claim"]), (before, &Value::Null));
}

#[test]
fn the_drill_rotates_and_then_waits() {
    let Some(stage) = replicated() else { return };
    let tap = lagging(&stage, 100);
    let stage = stage.through(tap.address());
    let args = ["compromise", "--yes", "--json", "--timeout", "2s"];
    let ran = stage.run(&args).code(69).says(REGION).says("the new credential is stored");
    let result = ran.json().pop().unwrap();
    assert_eq!((&result["revoked"], &result["holders"]), (&json!([]), &Value::Null));
    assert!(old_works(&stage));
    assert_ne!(stage.secret()["api_user"], OLD_USER);
    // Once it has followed, what is left is done.
    let stage = {
        let server = stage.server();
        stage.through(server)
    };
    let _ = stage.run(&["revoke", "--yes"]).code(0).says("its old key is refused");
    assert!(!old_works(&stage));
}

/// A copy that has failed: moto's does where a secret of the name is there already.
fn failed() -> Option<Stage> {
    let stage = Stage::new()?;
    let _ = stage.momo(&["provision"]).env("AWS_REGION", REGION).run().code(0);
    let id = OLD_USER.parse().unwrap();
    let api_key = old_key().value().to_owned();
    stage.gateway.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
    create(&stage);
    let described = stage.ask("DescribeSecret", &json!({ "SecretId": NAME }));
    assert_eq!(described["ReplicationStatus"][0]["Status"], "Failed", "{described}");
    Some(stage)
}

#[test]
fn one_that_has_failed_is_for_a_person() {
    let Some(stage) = failed() else { return };
    let before = stage.revision();
    // Told before anything is replaced.
    let ran = stage.run(&["compromise", "--yes"]).code(75).says("error[conflict]").says(REGION);
    let _ = ran.says("remove-regions-from-replication");
    assert_eq!((stage.revision(), stage.gateway.user_count()), (before, 2));
    let _ = stage.run(&["rotate"]).code(0);
    let _ = stage.run(&["revoke", "--yes"]).code(75).says("does not follow any more");
    assert_eq!((old_works(&stage), stage.gateway.key_requests(OLD_USER)), (true, 0));
    let _ = stage.run(&["status"]).code(0);
}

/// A rekey kills the key that such a copy serves for ever.
#[test]
fn one_that_has_failed_keeps_a_rekey_from_its_key() {
    let Some(stage) = failed() else { return };
    let before = stage.revision();
    let ran = stage.run(&["rotate", "--strategy", "rekey", "--yes"]).code(75).says("error[conflict]");
    let _ = ran.says(REGION).says("remove-regions-from-replication");
    assert_eq!((stage.revision(), stage.gateway.key_requests(OLD_USER)), (before, 0));
    // The claim of a run that died somewhere else.
    let claim = json!({
        "pending_id": "00000000-0000-4000-8000-000000000001",
        "pending_kind": "rekey",
        "pending_since": "2026-01-02T03:04:05Z",
        "pending_owner": "far.example.com:0f:1:1:1",
        "pending_lease": "300",
    });
    let mut claimed = record(&stage);
    claimed.as_object_mut().unwrap().extend(claim.as_object().unwrap().clone());
    stage.put(NAME, &claimed);
    let before = stage.revision();
    let ran = stage.run(&["resume", "--force-takeover"]).code(75).says("does not follow any more");
    let _ = ran.says("then run `momo-cred resume --force-takeover` again");
    assert_eq!((stage.revision(), stage.gateway.key_requests(OLD_USER)), (before, 0));
    assert_eq!((old_works(&stage), &stage.status()["claim"]["kind"]), (true, &"rekey".into()));
}

/// A run that has the other key of the pair.
fn change(stage: &Stage, args: &[&str]) -> Ran {
    let secondary = stage.gateway.key(Role::Secondary(Product::Collection)).unwrap();
    stage.momo(args).env("MOMO_CRED_SUBSCRIPTION_KEY_SECONDARY", secondary).run()
}

#[test]
fn one_that_has_failed_keeps_the_subscription_key_as_it_is() {
    let Some(stage) = failed() else { return };
    let before = stage.revision();
    let ran = change(&stage, &["rotate", "--subscription-key"]).code(75).says("does not follow any more");
    let _ = ran.says(REGION);
    assert_eq!(stage.revision(), before);
}

/// Whoever starts again from a copy that lags gets the key that the portal is about to kill.
#[test]
fn nobody_is_sent_to_the_portal_before_they_have_followed() {
    let Some(stage) = replicated() else { return };
    let tap = lagging(&stage, 100);
    let stage = stage.through(tap.address());
    let begin = ["rotate", "--subscription-key", "--consumers-restarted", "--timeout", "2s"];
    let ran = change(&stage, &begin).code(69).says(REGION).says("run `momo-cred resume` later");
    assert!(!ran.err().contains("In the developer portal"), "{}", ran.err());
    let swapped = stage.status();
    assert_eq!(swapped["claim"]["phase"], "swapped", "{swapped}");
    let go_on = ["resume", "--consumers-restarted", "--timeout", "2s"];
    let _ = stage.run(&go_on).code(69).says("does not have revision");
    // Where the new key is at hand, the old one is dead: to wait would help nobody.
    let new = stage.gateway.regenerate_key(Role::Primary(Product::Collection));
    stage.sandbox.write("new.key", new.as_str(), 0o600);
    let done = [&go_on[..], &["--from", "new.key"]].concat();
    let _ = stage.run(&done).code(0).says("the old primary subscription key is refused now");
    assert_eq!(stage.secret()["subscription_key"], new.as_str());
}

#[test]
fn once_they_have_followed_the_portal_is_next() {
    let Some(stage) = replicated() else { return };
    let tap = lagging(&stage, 4);
    let stage = stage.through(tap.address());
    let ran = change(&stage, &["rotate", "--subscription-key", "--consumers-restarted"]).code(75);
    let ran = ran.says("waits for the new primary subscription key");
    let (waits, portal) =
        (ran.err().find("waiting for the copies"), ran.err().find("In the developer portal"));
    assert!(waits.is_some() && waits < portal, "{}", ran.err());
}

/// What a person is told to do in production begins with the wait.
#[test]
fn the_reminder_of_a_rotation_names_them() {
    for lags in [true, false] {
        let Some(stage) = Stage::new() else { return };
        let gateway = Gateway::start(Config::production(1, "mtnuganda")).unwrap();
        let new = ("01d00000-0000-4000-8000-000000000002", Canary::hex("aws new api key"));
        for (id, key) in [(OLD_USER, old_key()), (new.0, new.1.clone())] {
            let (id, api_key) = (id.parse().unwrap(), key.value().to_owned());
            gateway.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
        }
        let record = json!({
            "subscription_key": gateway.subscription_key(Product::Collection),
            "api_user": OLD_USER,
            "api_key": old_key().value(),
            "target_environment": "mtnuganda",
        });
        let regions = [json!({ "Region": REGION })];
        let secret =
            json!({ "Name": NAME, "SecretString": record.to_string(), "AddReplicaRegions": regions });
        stage.ask("CreateSecret", &secret);
        let tap = lagging(&stage, if lags { 100 } else { 0 });
        let stage = stage.by_way_of(gateway.base_url().to_owned()).through(tap.address());
        let input = format!("api_user={}\napi_key={}\n", new.0, new.1.value());
        let ran = stage.momo(&["rotate", "--from", "-"]).stdin(input).run().code(0).says("left to do: ");
        let ran = ran.no_leak(&[old_key(), new.1]);
        let wait = format!("left to do: wait until the copies in {REGION} have it, restart");
        assert_eq!(ran.err().contains(&wait), lags, "{}", ran.err());
    }
}
