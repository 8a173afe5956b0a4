//! Where credentials come from, in a process of its own: what the SDK reads from the environment is that of this binary,
//! started again with nothing but the variables of the case. And the hosts that give credentials.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, not all used by each binary"
)]

use std::ffi::OsString;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use momo_cred_backend_api::{At, Backend};
use momo_cred_backend_aws::AwsStore;
use momo_cred_transport::Deadline;
use serde_json::json;
use tempfile::TempDir;

use crate::fake::Fake;
use crate::support::{config, name};

/// Where the process of a case is told to read.
const ENDPOINT: &str = "MOMO_TEST_ENDPOINT";
/// That it is one.
const CHILD: &str = "MOMO_TEST_CHILD";
/// In milliseconds.
const TIME: &str = "MOMO_TEST_TIME";

/// Static keys of a shared file.
pub(crate) const KEYS: &str = "aws_access_key_id = AKIA\naws_secret_access_key = x\n";

/// What runs in the process of a case: one read, several at once and a look at everything, told on stdout.
pub(crate) async fn child() {
    #[expect(clippy::disallowed_methods, reason = "how a test tells its own process what to do")]
    let variable = |name: &str| std::env::var(name).ok();
    if variable(CHILD).is_none() {
        return;
    }
    let mut config = config("http://127.0.0.1:1");
    config.endpoint = variable(ENDPOINT).map(|endpoint| endpoint.parse().unwrap());
    (config.given, config.region, config.profile) = (None, variable("AWS_REGION"), variable("AWS_PROFILE"));
    let passed = |name: &&str| Some((OsString::from(name), OsString::from(variable(name)?)));
    config.program_environment = ["PATH", "HOME"].iter().filter_map(passed).collect();
    let time = variable(TIME).map_or(30_000, |time| time.parse().unwrap());
    config.deadline = Deadline::after(Duration::from_millis(time));
    let (store, started) = (AwsStore::new(config), Instant::now());
    let read = store.read(&name("a"), &At::Current).await;
    let more = store.read_many(&["b", "c", "d"].map(name)).await;
    let found = store.examine(&name("a")).await;
    let took = started.elapsed().as_millis();
    let answer = match read {
        Ok(_) => "read".to_owned(),
        Err(error) => {
            let reason = error.reason().unwrap();
            let next = reason.next().unwrap_or_default();
            format!("{:?} {error} {error:?} {error:#?} {reason} {reason:?} {next}", error.kind())
        }
    };
    let told = format!("[{took} ms] {answer}\n{more:?}\n{found:?}\n");
    std::io::stdout().write_all(told.as_bytes()).unwrap();
}

/// A host that takes connections and says nothing, in the place of an instance's metadata: no test may ask the real one.
pub(crate) fn nobody() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let streams: Vec<_> = listener.incoming().collect();
        drop(streams);
    });
    format!("http://{address}")
}

/// A host that gives credentials, or not.
pub(crate) struct Peer {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

/// Status, further headers and body of an answer.
pub(crate) type Answer = (u16, &'static str, String);

impl Peer {
    /// Answers each request, given in lower case, with what the function says.
    pub(crate) fn new(answer: impl Fn(&str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut buffer = [0; 8192];
                let length = stream.read(&mut buffer).unwrap_or_default();
                let request = String::from_utf8_lossy(&buffer[..length]).to_ascii_lowercase();
                let (status, header, body) = answer(&request);
                log.lock().unwrap().push(request);
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} x\r\n{header}Connection: close\r\nContent-Length: {length}");
                let _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes());
            }
        });
        Self { address, asked }
    }

    /// The requests since the last call.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// A host that answers everything with this JSON.
pub(crate) fn answers(body: String) -> Peer {
    Peer::new(move |_| (200, "Content-Type: application/json\r\n", body.clone()))
}

/// What a container's host and an instance say of a role.
pub(crate) fn role() -> String {
    json!({
        "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "AKIA", "SecretAccessKey": "x", "Token": "t",
        "LastUpdated": "2026-01-01T00:00:00Z", "Expiration": "2999-01-01T00:00:00Z",
    })
    .to_string()
}

/// An instance's metadata, version 2, with a role: its status, and what it says of it.
pub(crate) fn instance(status: u16, role: String) -> Peer {
    Peer::new(move |request| {
        let known = request.contains("x-aws-ec2-metadata-token: a-token");
        match request.split(' ').nth(1).unwrap_or_default() {
            "/latest/api/token" => {
                (200, "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n", "a-token".to_owned())
            }
            _ if !known => (401, "", String::new()),
            path if path.ends_with("/security-credentials/") => (200, "", "a-role".to_owned()),
            path if path.ends_with("/a-role") => (status, "", role.clone()),
            "/latest/meta-data/placement/region" => (200, "", "eu-west-3".to_owned()),
            _ => (404, "", String::new()),
        }
    })
}

/// What STS says to whoever may assume a role.
pub(crate) fn assumed() -> String {
    let keys = "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>t</SessionToken>";
    let user = "<AssumedRoleId>A:b</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/r/s</Arn>";
    format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials>{keys}<Expiration>2999-01-01T00:00:00Z</Expiration>\
         </Credentials><AssumedRoleUser>{user}</AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"
    )
}

pub(crate) struct Case {
    pub(crate) home: TempDir,
    pub(crate) fake: Fake,
    variables: Vec<(&'static str, String)>,
}

impl Case {
    pub(crate) fn new() -> Self {
        let fake = Fake::start();
        for name in ["a", "b", "c", "d"] {
            let token = name.repeat(32);
            let input =
                json!({"Name": name, "SecretString": r#"{"alpha":"1"}"#, "ClientRequestToken": token});
            fake.done("CreateSecret", &input);
        }
        fake.asked();
        let home = tempfile::tempdir().unwrap();
        let variables = vec![
            ("HOME", home.path().to_str().unwrap().to_owned()),
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", nobody()),
            (ENDPOINT, fake.address()),
            (CHILD, "1".to_owned()),
        ];
        Self { home, fake, variables }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self = self.without(name);
        self.variables.push((name, value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.variables.retain(|(known, _)| *known != name);
        self
    }

    /// The endpoint has to come from somewhere else.
    pub(crate) fn without_endpoint(self) -> Self {
        self.without(ENDPOINT)
    }

    pub(crate) fn within(self, milliseconds: u64) -> Self {
        self.with(TIME, &milliseconds.to_string())
    }

    pub(crate) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path: &Path = &self.home.path().join(".aws").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(path).unwrap().write_all(text.as_ref()).unwrap();
        self
    }

    /// A shared file with a profile that asks this program.
    pub(crate) fn program(self, script: &str) -> Self {
        let case = self.file("program", script);
        let path = case.home.path().join(".aws/program");
        case.file("config", format!("[default]\ncredential_process = sh {}\n", path.display()))
    }

    /// What a file below the home folder holds.
    pub(crate) fn holds(&self, name: &str) -> String {
        fs::read_to_string(self.home.path().join(name)).unwrap_or_default()
    }

    /// How long it took, in milliseconds, and what was told.
    pub(crate) fn run(&self) -> (u64, String) {
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

    /// What was told, which has to begin so.
    pub(crate) fn tells(&self, kind: &str) -> String {
        let (_, told) = self.run();
        assert!(told.starts_with(kind), "not {kind}: {told}");
        told
    }
}
