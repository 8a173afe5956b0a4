//! `--json`: one object per step, the last the result.

use momo_gateway::{Action, Answer, Fault, Operation};
use serde_json::Value;

use super::stage::Stage;

/// Names of the steps, each with its outcome.
fn steps(lines: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let steps = lines.iter().filter(|line| line["event"] == "step");
    steps.map(|line| (text(&line["steps"][0]["name"]), text(&line["steps"][0]["outcome"]))).collect()
}

fn all_ok(names: &[&str]) -> Vec<(String, String)> {
    names.iter().map(|name| ((*name).to_owned(), "ok".to_owned())).collect()
}

const WHOLE: [&str; 8] = ["preflight", "claim", "user", "key", "token", "read", "publish", "read-back"];

#[test]
fn a_provision_tells_of_each_step_and_ends_with_the_result() {
    let stage = Stage::with_old();
    let lines = stage.run(["provision", "--replace", "--json"]).code(0).json();
    assert_eq!(steps(&lines), all_ok(&WHOLE));
    for line in &lines {
        assert_eq!((&line["schema"], &line["command"]), (&Value::from(1), &Value::from("provision")));
        assert_eq!(line["location"].as_str().unwrap().split(':').next(), Some("dotenv"));
        assert_eq!(
            (&line["product"], &line["target_environment"]),
            (&"collection".into(), &"sandbox".into())
        );
    }
    let result = lines.last().unwrap();
    assert_eq!((&result["event"], &result["outcome"]), (&"result".into(), &"ok".into()));
    assert_eq!((&result["verified"], &result["claim"]), (&Value::from(true), &Value::Null));
    assert_eq!(result["revision"], stage.status()["revision"]);
    assert_eq!(result["fields"]["api_key"]["fingerprint"].as_str().unwrap().len(), 8);
    assert_eq!(lines.iter().filter(|line| line["event"] == "result").count(), 1);
    stage.assert_settled();
}

#[test]
fn a_failure_is_the_last_line_too_and_resume_tells_the_same_steps() {
    let stage = Stage::with_old();
    stage
        .gateway
        .script(Fault::on(Operation::CreateKey, Action::Answer(Answer::gateway_fault())).after_effect());
    let lines = stage.run(["provision", "--replace", "--json"]).code(69).json();
    let mut expected = all_ok(&WHOLE[..3]);
    expected.push(("key".to_owned(), "inconclusive".to_owned()));
    assert_eq!(steps(&lines), expected);
    let key = &lines[3]["steps"][0];
    assert_eq!((&key["status"], &key["shape"]), (&Value::from(500), &"gateway".into()));
    assert!(key["activity_id"].is_string());
    let result = lines.last().unwrap();
    assert_eq!((&result["event"], &result["outcome"]), (&"result".into(), &"inconclusive".into()));
    assert_eq!(
        (&result["error"]["kind"], &result["error"]["exit_code"]),
        (&"unavailable".into(), &Value::from(69))
    );
    assert!(!result["error"]["next"].as_array().unwrap().is_empty());

    let lines = stage.run(["resume", "--json"]).code(0).json();
    assert_eq!(steps(&lines), all_ok(&WHOLE));
    assert_eq!(lines.last().unwrap()["outcome"], "ok");
    let lines = stage.run(["resume", "--json"]).code(0).json();
    assert_eq!(
        (lines.len(), &lines[0]["outcome"], &lines[0]["event"]),
        (1, &"noop".into(), &"result".into())
    );
    stage.assert_settled();
}

#[test]
fn abort_ends_with_the_result() {
    let stage = Stage::with_old();
    stage.gateway.script(Fault::on(Operation::CreateKey, Action::Drop));
    let _ = stage.run(stage.provision()).code(69);
    let lines = stage.run(["abort", "--json"]).code(0).json();
    assert_eq!((lines.len(), &lines[0]["outcome"], &lines[0]["claim"]), (1, &"ok".into(), &Value::Null));
    let lines = stage.run(["abort", "--json"]).code(0).json();
    assert_eq!((lines.len(), &lines[0]["outcome"]), (1, &"noop".into()));
    stage.assert_served_as_before();
    stage.assert_clean();
}
