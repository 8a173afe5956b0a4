//! `--if-older-than` and `--dry-run`: nothing is asked, and nothing written.

use serde_json::Value;

use crate::lifecycle::stage::Stage;

#[test]
fn a_young_credential_is_left_alone_and_the_gateway_is_not_asked() {
    let stage = Stage::with_old();
    let _ = stage.run(["rotate", "--if-older-than", "30d"]).code(0).says("counts as old");
    stage.assert_settled();
    let (file, requests) = (stage.file(), stage.gateway.requests().len());
    let ran = stage.run(["rotate", "--if-older-than", "30d", "--json"]).code(0);
    let result = ran.json().pop().unwrap();
    assert_eq!((&result["outcome"], &result["event"]), (&"noop".into(), &"result".into()));
    assert_eq!(result["claim"], Value::Null);
    assert_eq!((stage.file(), stage.gateway.requests().len()), (file, requests));
}

#[test]
fn an_old_one_is_replaced() {
    let stage = Stage::with_old();
    let text = format!("{}MOMO_ISSUED_AT=2020-01-01T00:00:00Z\n", stage.sandbox.read(".env"));
    stage.sandbox.write(".env", text, 0o600);
    let _ = stage.run(["rotate", "--if-older-than", "30d"]).code(0).says("stored at");
    assert!(stage.sandbox.env_value("MOMO_ISSUED_AT").unwrap().as_str() > "2026");
    stage.assert_settled();
}

#[test]
fn one_from_the_future_is_an_error_and_stays() {
    let stage = Stage::with_old();
    let text = format!("{}MOMO_ISSUED_AT=2999-01-01T00:00:00Z\n", stage.sandbox.read(".env"));
    stage.sandbox.write(".env", text, 0o600);
    let before = stage.file();
    let _ = stage.run(["rotate", "--if-older-than", "30d"]).code(65).says("lies in the future");
    assert_eq!((stage.file(), stage.gateway.requests().len()), (before, 0));
    let _ = stage.run(["rotate"]).code(0);
    stage.assert_settled();
}

#[test]
fn a_dry_run_asks_nothing_and_writes_nothing() {
    for strategy in ["new-user", "rekey"] {
        let stage = Stage::with_old();
        let before = stage.file();
        let ran = stage.run(["rotate", "--dry-run", "--json", "--strategy", strategy]).code(0);
        let plan = ran.json().pop().unwrap();
        assert_eq!((&plan["outcome"], &plan["dry_run"]), (&"noop".into(), &true.into()));
        assert_eq!(plan["plan"]["strategy"], strategy);
        assert!(plan["plan"]["api_key"].as_str().unwrap().starts_with("fingerprint "));
        assert_eq!((stage.file(), stage.gateway.requests().len()), (before, 0));
        assert!(!stage.sandbox.path(".env.lock").exists());
        stage.assert_clean();
    }
}
