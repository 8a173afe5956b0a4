//! The control endpoint.

use crate::client::{Call, Reply, USER, create_key, create_user, get_user, provision};
use momo_gateway::{Config, Control, Gateway, Product};

fn controlled() -> (Gateway, String) {
    let mut config = Config::sandbox(1);
    config.control = Control::On;
    let gateway = Gateway::start(config).unwrap();
    let key = gateway.subscription_key(Product::Collection);
    (gateway, key)
}

fn post(gateway: &Gateway, path: &str, body: &str) -> Reply {
    Call::post(&format!("/_gateway/{path}")).body(body).send(gateway)
}

#[test]
fn the_log_is_shown_and_cleared_and_holds_no_control_request() {
    let (gateway, key) = controlled();
    create_user(&key, USER).send(&gateway);
    let log = Call::get("/_gateway/log").send(&gateway);
    assert_eq!((log.status, log.header("content-type")), (200, Some("application/json")));
    assert_eq!(
        log.body,
        format!(
            "{{\"requests\":[{{\"contentLength\":42,\"effect\":true,\"fault\":null,\"key\":\"collection-primary\",\
             \"keyActive\":true,\"method\":\"POST\",\"number\":1,\"operation\":\"create-user\",\
             \"path\":\"/v1_0/apiuser\",\"product\":null,\"status\":201,\"user\":\"{USER}\"}}]}}"
        )
    );
    assert_eq!(Call::new("DELETE", "/_gateway/log").send(&gateway).status, 200);
    assert_eq!(Call::get("/_gateway/log").send(&gateway).body, r#"{"requests":[]}"#);
}

#[test]
fn every_action_can_be_scripted() {
    let (gateway, _) = controlled();
    let lines = [
        r#"{"action":"pass","delayMs":5}"#,
        r#"{"operation":"create-key","action":"drop","stage":"after"}"#,
        r#"{"operation":"any","action":"silence","stage":"before"}"#,
        r#"{"action":"truncate","skip":2}"#,
        r#"{"action":"huge"}"#,
        r#"{"action":"huge","bytes":2147483648}"#,
        r#"{"action":"drip","intervalMs":1000}"#,
        r#"{"action":"key","length":31}"#,
        r#"{"action":"key","key":"with\nnewline"}"#,
        r#"{"action":"gateway-fault","times":"forever"}"#,
        r#"{"action":"service-unavailable","times":3}"#,
        r#"{"action":"rate-limited","retryAfter":"junk"}"#,
        r#"{"action":"bad-gateway"}"#,
        r#"{"action":"request-rejected"}"#,
        r#"{"action":"redirect","status":307,"location":"http://127.0.0.1:9/"}"#,
        r#"{"action":"login-failed","status":401}"#,
        r#"{"action":"answer","status":200,"contentType":"text/html","body":"x","headers":{"a":"b"}}"#,
    ];
    for (count, line) in lines.into_iter().enumerate() {
        let reply = post(&gateway, "script", line);
        assert_eq!((reply.status, reply.body), (200, format!(r#"{{"left":{}}}"#, count + 1)), "{line}");
    }
    assert_eq!(Call::new("DELETE", "/_gateway/script").send(&gateway).status, 200);
    let list = format!("[{},{}]", lines[0], lines[1]);
    assert_eq!(post(&gateway, "script", &list).body, r#"{"left":2}"#);
    assert_eq!(gateway.script_left(), 2);
}

#[test]
fn a_scripted_line_does_what_it_says() {
    let (gateway, key) = controlled();
    create_user(&key, USER).send(&gateway);
    let line = r#"{"operation":"create-key","action":"rate-limited","retryAfter":"9","stage":"after"}"#;
    assert_eq!(post(&gateway, "script", line).status, 200);
    let reply = create_key(&key, USER).send(&gateway);
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("9")));
    assert_eq!(gateway.key_requests(USER), 1);
}

#[test]
fn a_wrong_line_is_refused_and_names_its_field() {
    let (gateway, _) = controlled();
    for (line, message) in [
        ("", "a script line is one JSON object"),
        ("[1]", "a script line is one JSON object"),
        ("{}", "action is missing"),
        (r#"{"action":"explode"}"#, "action is not known"),
        (r#"{"action":"drop","operation":"withdraw"}"#, "operation is not known"),
        (r#"{"action":"drop","stage":"during"}"#, "stage is before or after"),
        (r#"{"action":"drop","time":1}"#, "time does not belong here"),
        (r#"{"action":"drop","times":-1}"#, "times is a number or \"forever\""),
        (r#"{"action":"pass","delayMs":86400001}"#, "delayMs is at most a day"),
        (r#"{"action":"answer","status":99}"#, "status is 200 to 599"),
        (r#"{"action":"redirect"}"#, "redirect needs location"),
        (r#"{"action":"key"}"#, "action key takes key, or length up to 1000000"),
        (r#"[{"action":"drop"},{"action":"explode"}]"#, "action is not known"),
    ] {
        let reply = post(&gateway, "script", line);
        let expected = format!("{{\"error\":\"{}\"}}", message.replace('"', "\\\""));
        assert_eq!((reply.status, reply.body), (400, expected), "{line}");
    }
    assert_eq!(gateway.script_left(), 0);
}

#[test]
fn users_pairs_and_keys_can_be_asked_for_and_changed() {
    let (gateway, key) = controlled();
    let api_key = provision(&gateway, &key, USER);
    assert_eq!(
        Call::get("/_gateway/users").send(&gateway).body,
        format!(
            "{{\"users\":[{{\"bound\":\"collection\",\"callbackHost\":\"pay.example.com\",\"id\":\"{USER}\",\
             \"keyRequests\":1,\"liveKeys\":1,\"liveTokens\":0}}]}}"
        )
    );
    let pair = |key: &str| format!(r#"{{"user":"{USER}","key":"{key}"}}"#);
    assert_eq!(post(&gateway, "authenticates", &pair(&api_key)).body, r#"{"authenticates":true}"#);
    assert_eq!(post(&gateway, "authenticates", &pair("x")).body, r#"{"authenticates":false}"#);
    assert_eq!(post(&gateway, "authenticates", "{}").status, 400);

    let change = |state: &str| format!(r#"{{"role":"collection-primary","state":"{state}"}}"#);
    assert_eq!(post(&gateway, "keys", &change("disabled")).status, 200);
    assert_eq!(get_user(&key, USER).send(&gateway).status, 401);
    assert_eq!(post(&gateway, "keys", &change("active")).status, 200);
    assert_eq!(get_user(&key, USER).send(&gateway).status, 200);
    let new = post(&gateway, "keys", &change("regenerated")).text("key");
    assert_eq!(get_user(&new, USER).send(&gateway).status, 200);
    assert_eq!(get_user(&key, USER).send(&gateway).status, 401);
    assert_eq!(post(&gateway, "keys", &change("gone")).status, 400);
    assert_eq!(post(&gateway, "keys", r#"{"role":"provisioning","state":"disabled"}"#).status, 400);
    assert_eq!(Call::get("/_gateway/nothing").send(&gateway).status, 404);
}
