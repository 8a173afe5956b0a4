//! Services that give credentials, and do not: an outage is no refusal, a refusal is no mistake in the settings, each is
//! asked once, and nothing of what they say is repeated.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod fake;
mod login;
mod support;

use std::net::{Ipv4Addr, TcpListener};

use login::{Case, KEYS, Peer, answers, assumed, instance, nobody};
use momo_cred_backend_testkit::{Canary, scan};
use serde_json::json;

/// What runs in the process of a case. No case of its own.
#[tokio::test]
async fn child() {
    login::child().await;
}

const ROLE: &str = "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n";
const SSO: &str = "[profile team]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n\
                   sso_account_id = 123456789012\nsso_role_name = r\n";
/// As the AWS CLI names the file of that login: a hash of its URL.
const LOGIN: &str = "sso/cache/3947de8b16688092197fa616c34e01335f21d256.json";

/// Each kind of service, asked at this address.
fn asking(address: &str) -> [(&'static str, Case); 4] {
    let token = json!({"accessToken": "a-token", "expiresAt": "2999-01-01T00:00:00Z"}).to_string();
    let web = Case::new().file("token", "a.b.c").with("AWS_ROLE_ARN", "arn:aws:iam::1:role/r");
    let path = web.home.path().join(".aws/token").to_str().unwrap().to_owned();
    [
        (
            "role",
            Case::new()
                .file("credentials", format!("[base]\n{KEYS}"))
                .file("config", ROLE)
                .with("AWS_ENDPOINT_URL_STS", address),
        ),
        ("web", web.with("AWS_WEB_IDENTITY_TOKEN_FILE", &path).with("AWS_ENDPOINT_URL_STS", address)),
        (
            "sso",
            Case::new()
                .file("config", SSO)
                .file(LOGIN, token)
                .with("AWS_PROFILE", "team")
                .with("AWS_ENDPOINT_URL_SSO", address),
        ),
        ("container", Case::new().with("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("{address}/"))),
    ]
}

/// An answer that says no, in the shape of STS, and in that of the others.
fn says_no(status: u16, code: &str, text: &str) -> Peer {
    let xml =
        format!("<ErrorResponse><Error><Code>{code}</Code><Message>{text}</Message></Error></ErrorResponse>");
    let json = json!({"code": code, "__type": code, "message": text}).to_string();
    Peer::new(move |request| {
        let sts = request.contains("action=assumerole");
        (status, "", if sts { xml.clone() } else { json.clone() })
    })
}

#[test]
fn an_outage_is_none_of_ours_and_a_refusal_is_one() {
    let canary = Canary::new("a source of credentials");
    for (status, code, kind, word) in [
        (503, "ServiceUnavailable", "Unavailable", "cannot answer now (status 503)"),
        (400, "ThrottlingException", "Unavailable", "limits requests"),
        (429, "x", "Unavailable", "limits requests"),
        (403, "AccessDenied", "Denied", "are refused (AccessDenied)"),
        (403, canary.value(), "Denied", "are refused (status 403)"),
        (400, "ExpiredToken", "Denied", "have expired"),
    ] {
        let peer = says_no(status, code, canary.value());
        for (name, case) in asking(&peer.address) {
            let (_, told) = case.within(8000).run();
            assert!(told.starts_with(kind) && told.contains(word), "{name} {status} {code}: {told}");
            assert!(scan(told.as_bytes(), std::slice::from_ref(&canary)).is_empty(), "{told}");
            // Its own attempts, and not once more for each call of ours.
            let asked = peer.asked().len();
            assert!((1..=4).contains(&asked), "{name} {status} {code}: asked {asked} times");
        }
    }
}

#[test]
fn silence_and_refused_connections_are_outages() {
    for (name, case) in asking(&nobody()) {
        let (time, told) = case.within(1000).run();
        assert!(told.starts_with("Unavailable") && told.contains("did not come in time"), "{name}: {told}");
        assert!(!told.contains("AWS Secrets Manager"), "{name}: {told}");
        assert!(time < 1800, "{name} took {time} ms");
    }
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    for (name, case) in asking(&format!("http://{free}")) {
        let told = case.within(8000).tells("Unavailable");
        assert!(told.contains(&format!("no connection to their source ({free})")), "{name}: {told}");
    }
}

#[test]
fn nothing_is_asked_over_plain_http() {
    let [role, web, sso, _] = asking("http://sts.example.com");
    for (name, case) in [role, web, sso] {
        let told = case.tells("Misconfigured");
        assert!(told.contains("plain http is for this machine only"), "{name}: {told}");
    }
}

#[test]
fn a_role_is_assumed_once() {
    let sts = Peer::new(|_| (200, "Content-Type: text/xml\r\n", assumed()));
    let [(_, case), ..] = asking(&sts.address);
    assert!(case.tells("read").contains("the profile default in the shared files"));
    assert_eq!(sts.asked().len(), 1);
}

#[test]
fn a_login_that_is_cached_counts_and_one_that_has_expired_says_where_to_log_in() {
    let role = json!({"accessKeyId": "A", "secretAccessKey": "x", "sessionToken": "t", "expiration": 32503680000000_u64});
    let portal = answers(json!({"roleCredentials": role}).to_string());
    let [_, _, (_, case), _] = asking(&portal.address);
    assert!(case.tells("read").contains("the profile team in the shared files"));
    let asked = portal.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].contains("x-amz-sso_bearer_token: a-token"), "{asked:?}");

    let logged_out = says_no(401, "UnauthorizedException", "Session token not found or invalid");
    let [_, _, (_, refused), _] = asking(&logged_out.address);
    let none = Case::new().file("config", SSO).with("AWS_PROFILE", "team");
    // A session of its own, whose token says by itself that it is over.
    let session = "[profile team]\nsso_session = dev\nsso_account_id = 123456789012\nsso_role_name = r\n\
                   [sso-session dev]\nsso_region = eu-west-1\nsso_start_url = https://x.awsapps.com/start\n";
    let over = json!({"accessToken": "a-token", "expiresAt": "2020-01-01T00:00:00Z"}).to_string();
    let expired = Case::new()
        .file("config", session)
        .file("sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json", over)
        .with("AWS_PROFILE", "team");
    for (name, case) in [("refused", refused), ("none", none), ("expired", expired)] {
        let told = case.tells("Denied");
        assert!(told.contains("aws sso login --profile team"), "{name}: {told}");
    }
}

#[test]
fn half_a_web_identity_says_what_is_missing() {
    let case = Case::new().with("AWS_WEB_IDENTITY_TOKEN_FILE", "/none");
    let told = case.tells("Misconfigured");
    assert!(told.contains("AWS_ROLE_ARN is not set"), "{told}");
    let told = case.with("AWS_ROLE_ARN", "arn:aws:iam::1:role/r").tells("Misconfigured");
    assert!(told.contains("a file that they need cannot be read"), "{told}");
}

#[test]
fn an_instance_that_fails_is_no_machine_without_a_role() {
    let canary = Canary::new("metadata");
    let host = instance(500, canary.value().to_owned());
    let told = Case::new().with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &host.address).tells("Unavailable");
    assert!(told.contains("the instance's role"), "{told}");
    assert!(scan(told.as_bytes(), std::slice::from_ref(&canary)).is_empty(), "{told}");
    let host = instance(200, canary.value().to_owned());
    let told = Case::new().with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &host.address).run().1;
    assert!(!told.starts_with("read"), "{told}");
    assert!(scan(told.as_bytes(), std::slice::from_ref(&canary)).is_empty(), "{told}");
}

#[test]
fn what_they_answer_is_not_repeated() {
    let canary = Canary::new("an answer with credentials");
    let text = canary.value().to_owned();
    let peer = Peer::new(move |_| (200, "", format!("{text}<a>{{\"roleCredentials\":\"{text}\"")));
    for (name, case) in asking(&peer.address) {
        let (_, told) = case.within(5000).run();
        assert!(!told.starts_with("read"), "{name}: {told}");
        assert!(scan(told.as_bytes(), std::slice::from_ref(&canary)).is_empty(), "{name}: {told}");
    }
}

/// Endpoints of the profile count as they do for every AWS SDK, and go over https or to this machine.
#[test]
fn the_endpoint_of_a_profile_counts() {
    let keys = |case: Case| case.file("credentials", format!("[default]\n{KEYS}")).without_endpoint();
    for section in
        ["endpoint_url = AT\n", "services = mine\n[services mine]\nsecrets_manager =\n  endpoint_url = AT\n"]
    {
        let case = keys(Case::new());
        let section = section.replace("AT", &case.fake.address());
        let case = case.file("config", format!("[default]\n{section}"));
        assert!(case.tells("read").contains(&case.fake.address()), "doctor says where");
        assert!(!case.fake.asked().is_empty());
    }
    let case = keys(Case::new()).file("config", "[default]\nendpoint_url = http://secrets.example.com\n");
    let told = case.tells("Misconfigured");
    assert!(told.contains("secrets.example.com is refused"), "{told}");
    let case = case.with("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true").with("AWS_REGION", "eu-nowhere-1");
    let told = case.with("AWS_USE_FIPS_ENDPOINT", "true").within(3000).run().1;
    assert!(told.contains("secretsmanager-fips.eu-nowhere-1."), "{told}");
}

#[test]
fn a_bundle_of_certificates_that_is_not_there_is_named() {
    let case = Case::new().file("credentials", format!("[default]\n{KEYS}")).without_endpoint();
    let case = case.with("AWS_ENDPOINT_URL", "https://127.0.0.1:1");
    let told = case.with("AWS_CA_BUNDLE", "/none/bundle.pem").tells("Misconfigured");
    assert!(told.contains("/none/bundle.pem cannot be read"), "{told}");
}

#[test]
fn a_system_without_certificates_is_told_as_such() {
    let case = Case::new().file("credentials", format!("[default]\n{KEYS}")).without_endpoint();
    let case =
        case.with("AWS_ENDPOINT_URL", "https://127.0.0.1:1").with("SSL_CERT_FILE", "/none/certificates.pem");
    let told = case.without("SSL_CERT_DIR").tells("Misconfigured");
    assert!(told.contains("certificate store") && !told.contains("plain http"), "{told}");
}
