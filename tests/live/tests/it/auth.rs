//! Every way to log in, and that a wrong proof does not.

use momo_live::{SigningKey, Vault};
use serde_json::{Value, json};

const POLICIES: &[&str] = &["reader"];

/// Logs in and gives the policies of the token; else the status.
fn login(vault: &Vault, path: &str, body: &Value) -> Result<Value, u16> {
    let (status, answer) = vault.request("POST", path, "", body);
    if status == 200 { Ok(answer["auth"]["token_policies"].clone()) } else { Err(status) }
}

fn reader() -> Result<Value, u16> {
    Ok(json!(["default", "reader"]))
}

#[test]
fn approle() {
    let Some(vault) = Vault::start() else { return };
    let app = vault.approle("app", POLICIES);
    let wrapper = vault.wrapped_secret_id("app", "60s");
    let unwrapped = vault.request("POST", "sys/wrapping/unwrap", &wrapper, &Value::Null).1;
    let with = |secret: &Value| {
        login(&vault, "auth/approle/login", &json!({"role_id": app.role_id, "secret_id": secret}))
    };
    assert_eq!(with(&json!(app.secret_id)), reader());
    assert_eq!(with(&unwrapped["data"]["secret_id"]), reader());
    assert_eq!(with(&json!("wrong")), Err(400));

    let once = vault.approle_with("once", &json!({"secret_id_num_uses": 1}));
    let body = json!({"role_id": once.role_id, "secret_id": once.secret_id});
    assert!(login(&vault, "auth/approle/login", &body).is_ok());
    assert_eq!(login(&vault, "auth/approle/login", &body), Err(400));
}

#[test]
fn userpass() {
    let Some(vault) = Vault::start() else { return };
    vault.userpass("ama", "right", POLICIES);
    let with = |password: &str| login(&vault, "auth/userpass/login/ama", &json!({"password": password}));
    assert_eq!(with("right"), reader());
    assert_eq!(with("wrong"), Err(400));
}

#[test]
fn jwt() {
    let Some(vault) = Vault::start() else { return };
    let role = vault.jwt("deploy", POLICIES);
    let with = |token: String| login(&vault, "auth/jwt/login", &json!({"role": "deploy", "jwt": token}));
    assert_eq!(with(role.token()), reader());
    let mut expired = role.claims();
    expired["exp"] = json!(1_000_000);
    assert_eq!(with(role.sign(&expired)), Err(400));
    assert_eq!(with(SigningKey::new().sign(&role.claims())), Err(400));
}

#[test]
fn kubernetes() {
    let Some(vault) = Vault::start() else { return };
    let cluster = vault.kubernetes("pod", POLICIES);
    let with = |token: &str| login(&vault, "auth/kubernetes/login", &json!({"role": "pod", "jwt": token}));
    assert_eq!(with(cluster.service_account_token()), reader());
    assert_eq!(cluster.reviews(), 1);
    let (claims, _) = cluster.service_account_token().rsplit_once('.').unwrap();
    assert_eq!(with(&format!("{claims}.AAAA")), Err(403));
    assert_eq!(cluster.reviews(), 2);
}

#[test]
fn aws() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let Some(vault) = Vault::start() else { return };
    let cloud = vault.aws("node", "vault.example.test", POLICIES);
    let request = "Action=GetCallerIdentity&Version=2011-06-15";
    let with = |server_id: &str| {
        let scope = "AKIA/20260101/us-east-1/sts/aws4_request";
        let signed = "host;x-amz-date;x-vault-aws-iam-server-id";
        let headers = json!({
            "Host": "sts.amazonaws.com",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "X-Amz-Date": "20260101T000000Z",
            "X-Vault-AWS-IAM-Server-ID": server_id,
            "Authorization": format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={signed}, Signature=00"),
        });
        let body = json!({
            "role": "node",
            "iam_http_request_method": "POST",
            "iam_request_url": STANDARD.encode("https://sts.amazonaws.com/"),
            "iam_request_body": STANDARD.encode(request),
            "iam_request_headers": STANDARD.encode(headers.to_string()),
        });
        login(&vault, "auth/aws/login", &body)
    };
    assert_eq!(with("other.example.test"), Err(400));
    assert_eq!(cloud.bodies().len(), 0, "refused before the cloud is asked");
    assert_eq!(with("vault.example.test"), reader());
    assert!(cloud.bodies().iter().all(|body| body == request) && !cloud.bodies().is_empty());
    assert!(cloud.header("Authorization")[0].starts_with("AWS4-HMAC-SHA256 "));
}
