//! Where credentials come from. What the SDK reads from the environment is read in a process of its own: this binary,
//! started again with nothing but the variables of the case.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod fake;
mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use fake::Fake;
use momo_cred_backend_api::{At, Backend};
use momo_cred_backend_aws::AwsStore;
use momo_cred_backend_testkit::{Canary, scan};
use serde_json::json;
use support::{config, name};
use tempfile::TempDir;

/// Where the process of a case is told to read, and that it is one.
const ENDPOINT: &str = "MOMO_TEST_ENDPOINT";

/// What runs in the process of a case: a read of the record `a`, told on stdout. No case of its own.
#[tokio::test]
async fn child() {
    #[expect(clippy::disallowed_methods, reason = "how a test tells its own process what to do")]
    let variable = |name: &str| std::env::var(name).ok();
    let Some(endpoint) = variable(ENDPOINT) else { return };
    let mut config = config(&endpoint);
    (config.given, config.region, config.profile) = (None, variable("AWS_REGION"), variable("AWS_PROFILE"));
    let (store, started) = (AwsStore::new(config), Instant::now());
    let read = store.read(&name("a"), &At::Current).await;
    let took = started.elapsed().as_millis();
    let answer = match read {
        Ok(_) => "read".to_owned(),
        Err(error) => {
            let reason = error.reason().unwrap();
            let next = reason.next().unwrap_or_default();
            format!("{:?} {error} {error:?} {error:#?} {reason} {reason:?} {next}", error.kind())
        }
    };
    let found = store.examine(&name("a")).await;
    let told = format!("[{took} ms] {answer}\n{found:?}\n");
    std::io::stdout().write_all(told.as_bytes()).unwrap();
}

/// A host that takes connections and says nothing, in the place of an instance's metadata: no test may ask the real one.
fn nobody() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let streams: Vec<_> = listener.incoming().collect();
        drop(streams);
    });
    format!("http://{address}")
}

/// A host that answers everything with this JSON.
fn answers(body: String) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let length = body.len();
            let _ = stream.write_all(format!("{head}Content-Length: {length}\r\n\r\n{body}").as_bytes());
        }
    });
    format!("http://{address}/")
}

/// An instance's metadata, version 2, with a role.
fn instance() -> String {
    let role = json!({
        "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "AKIA", "SecretAccessKey": "x", "Token": "t",
        "LastUpdated": "2026-01-01T00:00:00Z", "Expiration": "2999-01-01T00:00:00Z",
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut buffer = [0; 4096];
            let length = stream.read(&mut buffer).unwrap_or_default();
            let request = String::from_utf8_lossy(&buffer[..length]).to_ascii_lowercase();
            let known = request.contains("x-aws-ec2-metadata-token: a-token");
            let (status, header, body) = match request.split(' ').nth(1).unwrap_or_default() {
                "/latest/api/token" => {
                    (200, "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n", "a-token".to_owned())
                }
                _ if !known => (401, "", String::new()),
                path if path.ends_with("/security-credentials/") => (200, "", "a-role".to_owned()),
                path if path.ends_with("/a-role") => (200, "", role.to_string()),
                _ => (404, "", String::new()),
            };
            let head =
                format!("HTTP/1.1 {status} x\r\n{header}Content-Type: text/plain\r\nConnection: close\r\n");
            let _ =
                stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        }
    });
    format!("http://{address}")
}

struct Case {
    home: TempDir,
    fake: Fake,
    variables: Vec<(&'static str, String)>,
}

impl Case {
    fn new() -> Self {
        let fake = Fake::start();
        let token = "a".repeat(32);
        let input = json!({"Name": "a", "SecretString": r#"{"alpha":"1"}"#, "ClientRequestToken": token});
        fake.done("CreateSecret", &input);
        let home = tempfile::tempdir().unwrap();
        let variables = vec![
            ("HOME", home.path().to_str().unwrap().to_owned()),
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", nobody()),
            (ENDPOINT, fake.address()),
        ];
        Self { home, fake, variables }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.to_owned()));
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path: &Path = &self.home.path().join(".aws").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
        self
    }

    /// How long it took, in milliseconds, and what was told.
    fn run(&self) -> (u64, String) {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture", "--test-threads=1"])
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (*name, value.as_str())))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let (_, told) = text.split_once('[').unwrap_or_else(|| panic!("{text}"));
        let (time, told) = told.split_once(" ms] ").unwrap();
        (time.parse().unwrap(), told.to_owned())
    }
}

#[test]
fn without_any_it_says_where_it_looked_and_soon() {
    let (time, told) = Case::new().run();
    assert!(told.starts_with("Misconfigured"), "{told}");
    for place in ["AWS_ACCESS_KEY_ID", "~/.aws", "WEB_IDENTITY", "container", "instance"] {
        assert!(told.contains(place), "{place}: {told}");
    }
    // One attempt at the instance's metadata, of a second and a half.
    assert!(time < 2500, "took {time} ms");
}

#[test]
fn without_a_region_it_says_so() {
    let case =
        Case::new().file("credentials", "[default]\naws_access_key_id = AKIA\naws_secret_access_key = x\n");
    let mut case = case;
    case.variables.retain(|(name, _)| *name != "AWS_REGION");
    assert!(case.run().1.starts_with("Misconfigured"));
    assert!(case.run().1.contains("AWS_REGION"));
    let case = case.file("config", "[default]\nregion = eu-west-1\n");
    assert!(case.run().1.starts_with("read"), "{}", case.run().1);
}

#[test]
fn the_shared_files_are_read() {
    let keys = "aws_access_key_id = AKIA\naws_secret_access_key = x\n";
    let case = Case::new().file("credentials", &format!("[default]\n{keys}"));
    let (_, told) = case.run();
    assert!(told.starts_with("read") && told.contains("shared files"), "{told}");
    assert!(!case.fake.asked().is_empty());
    let case = Case::new().file("credentials", &format!("[other]\n{keys}"));
    assert!(case.run().1.starts_with("Misconfigured"), "another profile's are not taken");
    let case = case.with("AWS_PROFILE", "other");
    assert!(case.run().1.starts_with("read"));
    // A profile that was named and is not there is no reason to be somebody else.
    let case = case.with("AWS_PROFILE", "third").with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &instance());
    let (_, told) = case.run();
    assert!(told.starts_with("Misconfigured") && told.contains("profile is not there"), "{told}");
    // One without keys is: it may only name the region.
    let case = case.file("config", "[profile third]\nregion = eu-west-2\n");
    assert!(case.run().1.starts_with("read"));
}

#[test]
fn a_container_has_a_role() {
    let role = json!({
        "AccessKeyId": "AKIA", "SecretAccessKey": "x", "Token": "t", "Expiration": "2999-01-01T00:00:00Z",
    });
    let case = Case::new().with("AWS_CONTAINER_CREDENTIALS_FULL_URI", &answers(role.to_string()));
    let (_, told) = case.run();
    assert!(told.starts_with("read") && told.contains("container"), "{told}");
}

#[test]
fn an_instance_has_a_role() {
    let (_, told) = Case::new().with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &instance()).run();
    assert!(told.starts_with("read") && told.contains("instance"), "{told}");
}

/// moto gives the roles: its STS is asked in the place of AWS's.
#[test]
fn roles_are_assumed_over_sts() {
    let Some(moto) = support::moto() else { return };
    let keys = "aws_access_key_id = AKIA\naws_secret_access_key = x\n";
    let role = "arn:aws:iam::000000000999:role/tests";
    let files = format!("[base]\n{keys}[default]\nrole_arn = {role}\nsource_profile = base\n");
    let case = Case::new().file("credentials", &files).with("AWS_ENDPOINT_URL_STS", &moto.address());
    let (_, told) = case.run();
    assert!(told.starts_with("read") && told.contains("shared files"), "{told}");

    let case = Case::new().file("token", "a.b.c").with("AWS_ROLE_ARN", role);
    let token = case.home.path().join(".aws/token").to_str().unwrap().to_owned();
    let case = case.with("AWS_WEB_IDENTITY_TOKEN_FILE", &token).with("AWS_ENDPOINT_URL_STS", &moto.address());
    let (_, told) = case.run();
    assert!(told.starts_with("read") && told.contains("web identity"), "{told}");
}

#[test]
fn a_program_can_be_asked_and_what_it_says_is_not_repeated() {
    let good = r#"{"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "x"}"#;
    let case = Case::new().file("good.json", good);
    let program = format!("cat {}/.aws/good.json", case.home.path().display());
    let (_, told) = case.file("config", &format!("[default]\ncredential_process = {program}\n")).run();
    assert!(told.starts_with("read"), "{told}");

    let canary = Canary::new("credential-process");
    let bad = [
        format!("{{\"Version\": 1, \"AccessKeyId\": \"{}\"", canary.value()),
        format!("{{\"Version\": 9, \"AccessKeyId\": \"{}\"}}", canary.value()),
        canary.value().to_owned(),
    ];
    for output in bad {
        let case = Case::new().file("bad.json", &output);
        let program = format!("cat {}/.aws/bad.json", case.home.path().display());
        let (_, told) = case.file("config", &format!("[default]\ncredential_process = {program}\n")).run();
        assert!(told.starts_with("Misconfigured"), "{told}");
        assert!(scan(told.as_bytes(), std::slice::from_ref(&canary)).is_empty(), "{told}");
    }
}

#[test]
fn broken_files_are_not_repeated() {
    let canary = Canary::new("shared-file");
    for text in [
        format!("[default\naws_secret_access_key = {}\n", canary.value()),
        format!("[default]\naws_secret_access_key {}\n", canary.value()),
        format!("[default]\naws_access_key_id = AKIA\naws_secret_access = {}\n", canary.value()),
        format!("[default]\nrole_arn = {}\nsource_profile = nobody\n", canary.value()),
    ] {
        let (_, told) = Case::new().file("credentials", &text).run();
        assert!(told.starts_with("Misconfigured"), "{told}");
        assert!(scan(told.as_bytes(), std::slice::from_ref(&canary)).is_empty(), "{told}");
    }
}
