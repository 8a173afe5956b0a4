//! The table of what an answer means. Bodies are those that MTN documents or that were seen in public logs.

use crate::Kind;
use crate::error::Error;
use crate::momo::answer::Answer;
use crate::momo::classify::sift;
use crate::momo::{Diagnosis as D, KnownCode, Refusal, Shape, Step, Verdict};

const INVALID: &str = r#"{ "statusCode": 401, "message": "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription." }"#;
const MISSING: &str = r#"{ "statusCode": 401, "message": "Access denied due to missing subscription key. Make sure to include subscription key when making requests to this API." }"#;
const UNAUTHORIZED: &str = r#"{ "statusCode": 401, "message": "Unauthorized" }"#;
const NO_PATH: &str = r#"{ "statusCode": 404, "message": "Resource not found" }"#;
const NO_THING: &str = r#"{"message":"Requested resource was not found.","code":"RESOURCE_NOT_FOUND"}"#;
const DUPLICATE: &str =
    r#"{"message":"Duplicated reference id. Creation of resource failed.","code":"RESOURCE_ALREADY_EXIST"}"#;
const DUPLICATE_STATUS: &str = r#"{"message":"Duplicated reference id.","status":"RESOURCE_ALREADY_EXIST"}"#;
const FAULT: &str = r#"{ "statusCode": 500, "message": "Internal server error", "activityId": "11111111-2222-4333-8444-555555555555" }"#;
const WALLET_FAULT: &str =
    r#"{"message":"An internal error occurred while processing.","code":"INTERNAL_PROCESSING_ERROR"}"#;
const BUSY: &str =
    r#"{"message":"Service temporarily unavailable, try again later.","code":"SERVICE_UNAVAILABLE"}"#;
const LIMITED: &str =
    r#"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 26 seconds." }"#;
const QUOTA: &str =
    r#"{ "statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in 00:30:02." }"#;
const FORBIDDEN: &str = r#"{ "statusCode": 403, "message": "Forbidden" }"#;
const FORBIDDEN_IP: &str = r#"{"message":"FORBIDDEN IP","code":"FORBIDDEN IP"}"#;
const LOGIN: &str = r#"{"error":"login_failed"}"#;
const TARGET: &str =
    r#"{"message":"Access to target environment is forbidden.","code":"NOT_ALLOWED_TARGET_ENVIRONMENT"}"#;
const HTML: &str = "<!DOCTYPE html><html><body>Request Rejected. Support ID: 1</body></html>";

fn refusal(step: Step, status: u16, body: &str) -> Refusal {
    match sift(step, Answer::new(status, None, Some(body.as_bytes()))) {
        Ok(_) => panic!("{step:?} {status} {body} passes"),
        Err(refusal) => refusal,
    }
}

#[test]
fn shape_first_then_status() {
    use Shape::{Empty, Gateway, Html, Json, Other, Token, Wallet};
    use Step::{CreateKey, CreateUser, Read, User};
    use Verdict::{Bad, Inconclusive, Protocol};
    for (step, status, body, shape, diagnosis, verdict) in [
        (User, 401, INVALID, Gateway, D::InvalidKey, Bad),
        (Step::Token, 401, INVALID, Gateway, D::InvalidKey, Bad),
        (Read, 401, INVALID, Gateway, D::InvalidKey, Bad),
        (User, 401, MISSING, Gateway, D::MissingKey, Bad),
        (User, 404, NO_PATH, Gateway, D::NoProvisioningApi, Bad),
        (CreateUser, 404, NO_PATH, Gateway, D::NoProvisioningApi, Bad),
        (Step::Token, 404, NO_PATH, Gateway, D::NoProductApi, Bad),
        (User, 404, NO_THING, Wallet, D::UnknownUser, Bad),
        (CreateKey, 404, NO_THING, Wallet, D::UnknownUser, Bad),
        (CreateKey, 404, "", Empty, D::UnknownUser, Bad),
        (Read, 404, NO_THING, Wallet, D::UnknownNumber, Inconclusive),
        (Step::Token, 401, LOGIN, Token, D::LoginFailed, Bad),
        (Step::Token, 500, LOGIN, Token, D::LoginFailed, Bad),
        (Step::Token, 401, r#"{"error":"string"}"#, Token, D::LoginFailed, Bad),
        (Step::Token, 500, r#"{"error":"other"}"#, Token, D::Outage, Inconclusive),
        (Step::Token, 503, LOGIN, Token, D::Outage, Inconclusive),
        (Step::Token, 401, HTML, Html, D::Intercepted, Inconclusive),
        (Read, 401, "", Empty, D::TokenRefused, Bad),
        (Read, 401, UNAUTHORIZED, Gateway, D::TokenRefused, Bad),
        (Read, 401, MISSING, Gateway, D::MissingKey, Bad),
        (Step::Token, 401, UNAUTHORIZED, Gateway, D::InvalidKey, Bad),
        (Read, 500, TARGET, Wallet, D::NotAllowedTargetEnvironment, Bad),
        (Read, 403, TARGET, Wallet, D::NotAllowedTargetEnvironment, Bad),
        (Read, 403, FORBIDDEN, Gateway, D::Forbidden, Inconclusive),
        (Read, 403, FORBIDDEN_IP, Wallet, D::Forbidden, Inconclusive),
        (CreateUser, 403, FORBIDDEN, Gateway, D::Forbidden, Bad),
        (User, 403, QUOTA, Gateway, D::Quota, Inconclusive),
        (User, 403, HTML, Html, D::Intercepted, Inconclusive),
        (User, 429, LIMITED, Gateway, D::RateLimited, Inconclusive),
        (User, 429, HTML, Html, D::RateLimited, Inconclusive),
        (Step::Token, 500, FAULT, Gateway, D::Outage, Inconclusive),
        (CreateUser, 500, WALLET_FAULT, Wallet, D::Outage, Inconclusive),
        (CreateUser, 500, "", Empty, D::Outage, Inconclusive),
        (User, 502, HTML, Html, D::Outage, Inconclusive),
        (User, 504, "upstream", Other, D::Outage, Inconclusive),
        (CreateUser, 503, BUSY, Wallet, D::Outage, Inconclusive),
        (CreateUser, 409, DUPLICATE, Wallet, D::DuplicateUser, Protocol),
        (CreateUser, 409, DUPLICATE_STATUS, Wallet, D::DuplicateUser, Protocol),
        (CreateUser, 400, "", Empty, D::BadRequest, Bad),
        (Step::Token, 400, "{}", Json, D::BadRequest, Protocol),
        (CreateKey, 411, HTML, Html, D::LengthRequired, Protocol),
        (CreateKey, 200, HTML, Html, D::Malformed, Protocol),
        (CreateKey, 201, "[1]", Other, D::Malformed, Protocol),
        (CreateKey, 201, r#"{"apiKey":"\ud800"}"#, Other, D::Malformed, Protocol),
        (User, 200, FAULT, Gateway, D::Malformed, Protocol),
        (User, 302, "", Empty, D::Redirect, Protocol),
        (User, 418, "{}", Json, D::Unexpected, Protocol),
    ] {
        let refusal = refusal(step, status, body);
        let seen = (refusal.shape, refusal.diagnosis, refusal.verdict());
        assert_eq!(seen, (shape, diagnosis, verdict), "{step:?} {status} {body}");
        assert_eq!(refusal.status, Some(status));
        assert!(refusal.next().is_some());
    }
}

#[test]
fn deep_nesting_is_no_crash() {
    let deep = "[".repeat(20_000);
    assert_eq!(refusal(Step::User, 200, &deep).diagnosis, D::Malformed);
    let deep = format!("{}1", r#"{"code":"#.repeat(20_000));
    assert_eq!(refusal(Step::User, 500, &deep).diagnosis, D::Outage);
}

#[test]
fn an_effect_may_have_happened_after_anything_but_a_clear_no() {
    for (status, body, may) in [
        (500, FAULT, true),
        (500, WALLET_FAULT, true),
        (502, HTML, true),
        (503, HTML, true),
        (503, BUSY, false),
        (302, "", true),
        (200, HTML, true),
        (408, "", true),
        (429, LIMITED, false),
        (429, HTML, true),
        (429, "", true),
        (401, INVALID, false),
        (404, NO_THING, false),
        (400, "", false),
    ] {
        assert_eq!(refusal(Step::CreateKey, status, body).ambiguous, may, "{status} {body}");
        assert!(!refusal(Step::Token, status, body).ambiguous);
    }
}

#[test]
fn only_known_codes_and_ids_of_uuid_shape_are_shown() {
    let seen = refusal(Step::Token, 500, FAULT);
    assert_eq!(
        seen.activity_id.map(|id| id.to_string()).as_deref(),
        Some("11111111-2222-4333-8444-555555555555")
    );
    assert_eq!(refusal(Step::Read, 500, TARGET).code, Some(KnownCode::NotAllowedTargetEnvironment));
    let body =
        r#"{"code":"S3KRIT","message":"s3krit\u001b[2J","activityId":"s3krit","error_description":"s3krit"}"#;
    let foreign = refusal(Step::CreateUser, 500, body);
    assert_eq!((foreign.code, foreign.activity_id), (None, None));
    let error = Error::from(&foreign);
    let shown = format!("{foreign} {foreign:?} {error} {error:?}").to_lowercase();
    assert!(!shown.contains("s3krit"), "{shown}");
    assert!(shown.contains("it may have been done all the same"), "{shown}");
}

#[test]
fn kinds_are_the_exit_codes_of_the_command_line() {
    let kind = |step, status, body| refusal(step, status, body).kind();
    assert_eq!(kind(Step::User, 401, INVALID), Kind::Denied);
    assert_eq!(kind(Step::CreateUser, 404, NO_PATH), Kind::Misconfigured);
    assert_eq!(kind(Step::User, 500, FAULT), Kind::Unavailable);
    assert_eq!(kind(Step::User, 302, ""), Kind::Protocol);
}
