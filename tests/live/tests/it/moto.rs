//! AWS as moto has it: accounts apart, the tap in front of it, nothing left.

use momo_live::{Account, Moto, Tap};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

#[test]
fn accounts_are_apart() {
    let Some(moto) = Moto::start() else { return };
    let (one, other) = (moto.account(), moto.account());
    moto.done(&one, "CreateSecret", &json!({"Name": "a", "SecretString": "1"}));
    assert_eq!(moto.done(&one, "GetSecretValue", &json!({"SecretId": "a"}))["SecretString"], "1");
    let (status, answer) = moto.request(&other, "GetSecretValue", &json!({"SecretId": "a"}));
    // AWS gives 400 here, moto 404.
    assert_eq!((status, &answer["__type"]), (404, &json!("ResourceNotFoundException")));
}

/// One request on a connection of its own; what comes back.
fn ask(tap: &Tap, account: &Account, operation: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(tap.socket()).unwrap();
    let key = &account.access_key_id;
    let length = body.len();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: secretsmanager.{operation}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/secretsmanager/aws4_request\r\n\
         Content-Type: application/x-amz-json-1.1\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn the_tap_tells_operations_apart() {
    let Some(moto) = Moto::start() else { return };
    let (tap, account) = (Tap::new(moto.socket()), moto.account());
    tap.lose_answer_of("POST", "CreateSecret");
    tap.refuse("POST", "PutSecretValue");
    assert_eq!(ask(&tap, &account, "CreateSecret", r#"{"Name":"a","SecretString":"1"}"#), "");
    assert_eq!(ask(&tap, &account, "PutSecretValue", r#"{"SecretId":"a","SecretString":"2"}"#), "");
    let answer = ask(&tap, &account, "GetSecretValue", r#"{"SecretId":"a"}"#);
    assert!(answer.contains(r#""SecretString": "1""#), "{answer}");
    assert_eq!(tap.requests(), ["POST / CreateSecret", "POST / PutSecretValue", "POST / GetSecretValue"]);
}

#[test]
fn its_python_has_boto3_and_it_ends_when_dropped() {
    let Some(moto) = Moto::start() else { return };
    assert!(Command::new(moto.python()).args(["-c", "import boto3"]).status().unwrap().success());
    let socket = moto.socket();
    drop(moto);
    assert!(TcpStream::connect(socket).is_err());
}
