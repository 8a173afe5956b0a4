//! What a call costs, and that boto3, the AWS CLI and the store read each other; on moto.

#![allow(clippy::unwrap_used, reason = "this is how a test fails")]

mod support;

use std::process::Command;

use momo_cred_backend_api::{At, Backend, Document, Expect, FieldName, Lookup, Removal, Secret, Work};
use support::{OnMoto, at, document, found, name};

#[tokio::test]
async fn calls_cost_what_they_have_to() {
    let Some(moto) = OnMoto::new() else { return };
    let (store, a) = (moto.store(), name("a"));
    let first = store.write(&a, &document("1"), &Expect::Absent).await.unwrap();
    assert_eq!(moto.asked(), ["CreateSecret"]);
    let second = store.write(&a, &document("2"), &at(&first)).await.unwrap();
    assert_eq!(moto.asked(), ["PutSecretValue", "UpdateSecretVersionStage"]);
    found(&store, &a).await;
    assert!(matches!(store.read(&a, &At::Revision(first)).await, Ok(Lookup::Found(_))));
    assert_eq!(moto.asked(), ["GetSecretValue", "GetSecretValue"]);
    assert!(matches!(store.read(&name("absent"), &At::Current).await, Ok(Lookup::Missing)));
    assert_eq!(moto.asked(), ["GetSecretValue"]);
    assert_eq!(store.revision(&a).await.unwrap(), Some(second.clone()));
    assert!(store.hold(&a, Work::Renewal).await.unwrap().is_none());
    assert_eq!(moto.asked(), ["DescribeSecret", "DescribeSecret"]);
    store.list("").await.unwrap();
    store.history(&a).await.unwrap();
    assert_eq!(moto.asked(), ["ListSecrets", "ListSecretVersionIds"]);
    store.remove(&a, &second, Removal::Recoverable).await.unwrap();
    assert_eq!(moto.asked(), ["DescribeSecret", "DeleteSecret"]);
}

#[tokio::test]
async fn three_records_are_one_request_and_two_are_two() {
    let Some(moto) = OnMoto::new() else { return };
    let (store, names) = (moto.store(), ["a", "b", "c"].map(name));
    for name in &names {
        store.write(name, &document(name.as_str()), &Expect::Absent).await.unwrap();
    }
    moto.asked();
    let answers = store.read_many(&names).await;
    for (name, answer) in names.iter().zip(answers) {
        let Ok(Lookup::Found(stored)) = answer else { unreachable!("{answer:?}") };
        assert!(stored.document.same_as(&document(name.as_str())));
        assert!(stored.age.is_some());
    }
    assert_eq!(moto.asked(), ["BatchGetSecretValue"]);
    assert!(store.read_many(&names[..2]).await.iter().all(Result::is_ok));
    assert_eq!(moto.asked(), ["GetSecretValue", "GetSecretValue"]);
}

const BOTO: &str = r#"
import json, sys
import boto3

address, key, secret, token = sys.argv[1:]
client = boto3.client(
    "secretsmanager",
    endpoint_url=address,
    region_name="us-east-1",
    aws_access_key_id=key,
    aws_secret_access_key=secret,
    aws_session_token=token,
)
ours = json.loads(client.get_secret_value(SecretId="ours")["SecretString"])
assert ours == {"alpha": "\u00e4 \"quoted\"\n", "beta": ""}, ours
tags = client.describe_secret(SecretId="ours")["Tags"]
assert {"Key": "managed-by", "Value": "momo-cred"} in tags, tags
client.create_secret(Name="theirs", SecretString=json.dumps({"alpha": "1", "n": 7}, indent=2))
client.put_secret_value(SecretId="theirs", SecretString=json.dumps({"alpha": "\u00e4", "n": [1, None]}))
client.create_secret(Name="binary", SecretBinary=b'{"alpha":"1"}')
client.create_secret(Name="text", SecretString="no record")
"#;

#[tokio::test]
async fn boto3_reads_what_we_write_and_we_read_what_it_writes() {
    let Some(moto) = OnMoto::new() else { return };
    let field = |name: &str, value: &str| (FieldName::new(name).unwrap(), Secret::from(value));
    let store = moto.store();
    let ours: Document = [field("alpha", "\u{e4} \"quoted\"\n"), field("beta", "")].into_iter().collect();
    // Replaced once, so that what boto3 sees was moved.
    let first = store.write(&name("ours"), &document("1"), &Expect::Absent).await.unwrap();
    store.write(&name("ours"), &ours, &at(&first)).await.unwrap();

    let account = &moto.account;
    let output = Command::new(moto.moto.python())
        .args(["-c", BOTO, &moto.moto.address(), &account.access_key_id])
        .args([&account.secret_access_key, &account.session_token])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let stored = found(&store, &name("theirs")).await;
    assert!(stored.document.get("alpha").unwrap().same_as(&Secret::from("\u{e4}")));
    assert_eq!(stored.document.json().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["n"]);
    // What they keep there stays, in a form that they read.
    let mut next = stored.document;
    next.insert(FieldName::new("beta").unwrap(), "2".into());
    store.write(&name("theirs"), &next, &at(&stored.revision)).await.unwrap();
    let answer = moto.moto.done(account, "GetSecretValue", &serde_json::json!({"SecretId": "theirs"}));
    let value: serde_json::Value = serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap();
    assert_eq!(value, serde_json::json!({"alpha": "\u{e4}", "beta": "2", "n": [1, null]}));
    for odd in ["binary", "text"] {
        let error = store.read(&name(odd), &At::Current).await.unwrap_err();
        assert_eq!(error.kind(), momo_cred_backend_api::ErrorKind::Corrupt, "{odd}");
    }
}

#[tokio::test]
async fn the_aws_cli_reads_what_we_write_and_we_read_what_it_writes() {
    let Some(moto) = OnMoto::new() else { return };
    let store = moto.store();
    let aws = |arguments: &[&str]| {
        let output = Command::new(moto.moto.python())
            .args(["-m", "awscli", "--region", "us-east-1", "--endpoint-url", &moto.moto.address()])
            .arg("secretsmanager")
            .args(arguments)
            .env_clear()
            .env("HOME", "/nonexistent")
            .env("AWS_ACCESS_KEY_ID", &moto.account.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &moto.account.secret_access_key)
            .env("AWS_SESSION_TOKEN", &moto.account.session_token)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let first = store.write(&name("ours"), &document("1"), &Expect::Absent).await.unwrap();
    let second = store.write(&name("ours"), &document("\u{e4}"), &at(&first)).await.unwrap();
    let read = aws(&["get-secret-value", "--secret-id", "ours"]);
    assert_eq!(read["VersionId"], second.as_str());
    let value: serde_json::Value = serde_json::from_str(read["SecretString"].as_str().unwrap()).unwrap();
    assert_eq!(value, serde_json::json!({"alpha": "\u{e4}"}));
    let read = aws(&["get-secret-value", "--secret-id", "ours", "--version-stage", "AWSPREVIOUS"]);
    assert_eq!(read["VersionId"], first.as_str());

    aws(&["create-secret", "--name", "theirs", "--secret-string", r#"{"alpha": "1"}"#]);
    assert!(found(&store, &name("theirs")).await.document.same_as(&document("1")));
    let put = aws(&["put-secret-value", "--secret-id", "theirs", "--secret-string", r#"{"alpha": "2"}"#]);
    let stored = found(&store, &name("theirs")).await;
    assert!(stored.document.same_as(&document("2")));
    assert_eq!(stored.revision.as_str(), put["VersionId"]);
}
