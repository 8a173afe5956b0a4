//! Each kind of scripted failure.

use crate::client::{USER, create_key, create_user, get_user, provision, sandbox, until};
use momo_gateway::{Action, Answer, Fault, Gateway, Operation, Product};
use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

fn with_user() -> (Gateway, String) {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Collection);
    assert_eq!(create_user(&key, USER).send(&gateway).status, 201);
    gateway.clear_requests();
    (gateway, key)
}

/// The last request's status and effect.
fn outcome(gateway: &Gateway) -> (Option<u16>, bool) {
    let request = gateway.requests().pop().unwrap();
    (request.status, request.effect)
}

#[test]
fn answers_have_their_exact_bytes() {
    let (gateway, key) = with_user();
    let json = "application/json";
    let wallet = "application/json;charset=utf-8";
    let cases = [
        (
            Answer::wallet_fault(),
            "HTTP/1.1 500 Internal Server Error",
            wallet,
            r#"{"message":"An internal error occurred while processing.","code":"INTERNAL_PROCESSING_ERROR"}"#,
        ),
        (
            Answer::service_unavailable(),
            "HTTP/1.1 503 Service Unavailable",
            wallet,
            r#"{"message":"Service temporarily unavailable, try again later.","code":"SERVICE_UNAVAILABLE"}"#,
        ),
        (
            Answer::rate_limited("junk, not a number"),
            "HTTP/1.1 429 Too Many Requests",
            json,
            r#"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 26 seconds." }"#,
        ),
        (
            Answer::out_of_quota(),
            "HTTP/1.1 403 Forbidden",
            json,
            r#"{ "statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in 00:30:02." }"#,
        ),
        (
            Answer::forbidden(),
            "HTTP/1.1 403 Forbidden",
            json,
            r#"{ "statusCode": 403, "message": "Forbidden" }"#,
        ),
        (Answer::new(418, "text/plain", "anything"), "HTTP/1.1 418 I'm a teapot", "text/plain", "anything"),
    ];
    for (answer, status_line, content_type, body) in cases {
        gateway.script(Fault::on(Operation::CreateKey, Action::Answer(answer)));
        let reply = create_key(&key, USER).send(&gateway);
        assert_eq!((reply.status_line.as_str(), reply.body.as_str()), (status_line, body));
        assert_eq!(reply.header("content-type"), Some(content_type));
        assert_eq!(outcome(&gateway), (Some(reply.status), false));
    }
    assert_eq!((gateway.key_requests(USER), gateway.script_left()), (0, 0));
}

#[test]
fn a_gateway_fault_has_an_activity_id_and_111_bytes() {
    let (gateway, key) = with_user();
    gateway.script(Fault::on(Operation::CreateKey, Action::Answer(Answer::gateway_fault())));
    let reply = create_key(&key, USER).send(&gateway);
    assert_eq!(reply.header("content-length"), Some("111"));
    let start = r#"{ "statusCode": 500, "message": "Internal server error", "activityId": ""#;
    let id = reply.body.strip_prefix(start).unwrap().strip_suffix(r#"" }"#).unwrap();
    assert_eq!(id.len(), 36);
}

#[test]
fn retry_after_is_sent_as_it_was_scripted() {
    let (gateway, key) = with_user();
    for value in ["3", "99999999", "Wed, 21 Oct 2026 07:28:00 GMT", "soon"] {
        gateway.script(Fault::on(Operation::CreateKey, Action::Answer(Answer::rate_limited(value))));
        assert_eq!(create_key(&key, USER).send(&gateway).header("retry-after"), Some(value));
    }
}

#[test]
fn html_pages_come_with_502_and_with_200() {
    let (gateway, key) = with_user();
    gateway.script(Fault::on(Operation::CreateKey, Action::Answer(Answer::bad_gateway())));
    gateway.script(Fault::on(Operation::CreateKey, Action::Answer(Answer::request_rejected())));
    for status in [502, 200] {
        let reply = create_key(&key, USER).send(&gateway);
        assert_eq!((reply.status, reply.header("content-type")), (status, Some("text/html")));
        assert!(reply.body.to_lowercase().contains("<html>"));
    }
}

#[test]
fn redirects_name_the_place_they_are_told() {
    let (gateway, key) = with_user();
    for status in [301, 302, 307, 308] {
        let answer = Answer::redirect(status, "http://127.0.0.1:9/elsewhere");
        gateway.script(Fault::on(Operation::CreateKey, Action::Answer(answer)));
        let reply = create_key(&key, USER).send(&gateway);
        assert_eq!((reply.status, reply.header("location")), (status, Some("http://127.0.0.1:9/elsewhere")));
    }
}

#[test]
fn an_answer_after_the_effect_hides_it() {
    let (gateway, key) = with_user();
    for answer in [Answer::created(), Answer::service_unavailable()] {
        gateway.script(Fault::on(Operation::CreateKey, Action::Answer(answer)).after_effect());
        let reply = create_key(&key, USER).send(&gateway);
        assert!(!reply.body.contains("apiKey"));
        assert_eq!(outcome(&gateway), (Some(reply.status), true));
    }
    assert_eq!(gateway.key_requests(USER), 2);
}

#[test]
fn a_dropped_connection_hides_whether_it_happened() {
    let (gateway, key) = with_user();
    for (after, requests) in [(false, 0), (true, 1)] {
        let fault = Fault::on(Operation::CreateKey, Action::Drop);
        gateway.script(if after { fault.after_effect() } else { fault });
        assert_eq!(create_key(&key, USER).raw(gateway.address()).unwrap(), b"");
        assert_eq!(gateway.key_requests(USER), requests);
        assert_eq!(outcome(&gateway), (None, after));
    }
    assert_eq!(gateway.requests()[0].fault, Some("drop"));
}

#[test]
fn silence_hides_it_too() {
    let (gateway, key) = with_user();
    for (after, requests) in [(false, 0), (true, 1)] {
        let fault = Fault::on(Operation::CreateKey, Action::Silence);
        gateway.script(if after { fault.after_effect() } else { fault });
        let mut stream = create_key(&key, USER).open(gateway.address()).unwrap();
        until(|| gateway.requests().last().is_some_and(|request| request.effect == after));
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let error = stream.read(&mut [0]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
        assert_eq!(outcome(&gateway), (None, after));
        assert_eq!(gateway.key_requests(USER), requests);
    }
}

#[test]
fn a_delay_is_before_or_after_the_effect() {
    let (gateway, key) = with_user();
    let delay = Duration::from_millis(80);
    let slow = || Fault::on(Operation::CreateKey, Action::Pass).delayed(delay);
    let started = Instant::now();
    gateway.script(slow());
    assert_eq!(create_key(&key, USER).send(&gateway).status, 201);
    assert!(started.elapsed() >= delay);

    gateway.script(slow().after_effect());
    let mut stream = create_key(&key, USER).open(gateway.address()).unwrap();
    until(|| gateway.key_requests(USER) == 2);
    assert!(stream.read(&mut [0]).is_ok());
}

#[test]
fn a_late_effect_happens_though_the_client_has_left() {
    let (gateway, key) = with_user();
    gateway.script(Fault::on(Operation::CreateKey, Action::Pass).delayed(Duration::from_millis(100)));
    let stream = create_key(&key, USER).open(gateway.address()).unwrap();
    drop(stream);
    until(|| gateway.key_requests(USER) == 1);
}

#[test]
fn a_truncated_body_is_shorter_than_it_says() {
    let (gateway, key) = with_user();
    gateway.script(Fault::on(Operation::CreateKey, Action::Truncate));
    let reply = create_key(&key, USER).send(&gateway);
    let promised: usize = reply.header("content-length").unwrap().parse().unwrap();
    assert!(!reply.body.is_empty() && reply.body.len() < 45 && promised > 45, "{reply:?}");
    assert_eq!(outcome(&gateway), (Some(201), true));
}

#[test]
fn a_huge_body_has_the_length_it_says() {
    let (gateway, key) = with_user();
    gateway.script(Fault::on(Operation::CreateKey, Action::Huge { bytes: Some(1_000_003) }));
    let reply = create_key(&key, USER).send(&gateway);
    assert_eq!((reply.status, reply.header("content-length")), (201, Some("1000003")));
    assert_eq!(reply.body.len(), 1_000_003);
}

#[test]
fn a_body_can_promise_gigabytes_or_have_no_end() {
    let (gateway, key) = with_user();
    for bytes in [Some(2 << 30), Some(u64::MAX - 1), None] {
        gateway.script(Fault::on(Operation::CreateKey, Action::Huge { bytes }));
        let mut stream = create_key(&key, USER).open(gateway.address()).unwrap();
        let mut read = vec![0; 4 << 20];
        stream.read_exact(&mut read).unwrap();
        let chunked = String::from_utf8_lossy(&read[..400]).contains("transfer-encoding: chunked");
        assert_eq!(chunked, bytes.is_none());
        // The one thread of the gateway serves others meanwhile.
        assert_eq!(get_user(&key, USER).send(&gateway).status, 200);
    }
}

#[test]
fn a_drip_comes_byte_by_byte() {
    let (gateway, key) = with_user();
    gateway.script(Fault::on(Operation::CreateKey, Action::Drip { interval: Duration::from_millis(3) }));
    let started = Instant::now();
    let reply = create_key(&key, USER).send(&gateway);
    assert!(started.elapsed() >= Duration::from_millis(3 * 45));
    assert_eq!((reply.header("content-length"), reply.body.len()), (Some("45"), 45));
    assert!(gateway.authenticates(USER, &reply.text("apiKey")));
}

#[test]
fn a_key_of_the_wrong_shape_is_the_users_key() {
    let (gateway, key) = with_user();
    let actions = [Action::key_of_length(31), Action::key_of_length(10_000), Action::key_with_newline()];
    for action in actions {
        gateway.script(Fault::on(Operation::CreateKey, action.clone()));
        let reply = create_key(&key, USER).send(&gateway);
        let Action::Key(odd) = action else { panic!("not a key") };
        assert_eq!(reply.body, format!(r#"{{"apiKey":"{}"}}"#, odd.replace('\n', "\\n")));
        assert!(gateway.authenticates(USER, &odd));
    }
}

#[test]
fn a_script_is_matched_by_operation_and_count() {
    let gateway = sandbox();
    let key = gateway.subscription_key(Product::Collection);
    let unavailable = || Action::Answer(Answer::service_unavailable());
    gateway.script(Fault::on(Operation::GetUser, unavailable()).skip(1).times(2));
    provision(&gateway, &key, USER);
    let statuses: Vec<_> = (0..4).map(|_| get_user(&key, USER).send(&gateway).status).collect();
    assert_eq!(statuses, [200, 503, 503, 200]);
    assert_eq!(gateway.script_left(), 0);

    gateway.script(Fault::on(Operation::GetUser, Action::Answer(Answer::bad_gateway())));
    gateway.script(Fault::on_any(unavailable()).forever());
    let statuses: Vec<_> = (0..3).map(|_| get_user(&key, USER).send(&gateway).status).collect();
    assert_eq!(statuses, [502, 503, 503]);
    assert_eq!(create_key(&key, USER).send(&gateway).status, 503);
    gateway.clear_script();
    assert_eq!(get_user(&key, USER).send(&gateway).status, 200);
}
