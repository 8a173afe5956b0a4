//! AWS as moto has it: Secrets Manager and STS, on a loopback port.

use crate::binary::{find_venv, say_once};
use crate::http;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once};

/// A moto server of its own for one test, or one for all tests of a binary with an [`Account`] for each.
pub struct Moto {
    child: Mutex<Child>,
    socket: SocketAddr,
    python: PathBuf,
    accounts: AtomicUsize,
}

/// Credentials of an account that nobody else uses. moto checks no signature: they say which account is meant.
#[derive(Clone)]
pub struct Account {
    /// The access key's id.
    pub access_key_id: String,
    /// The access key.
    pub secret_access_key: String,
    /// The token of the session.
    pub session_token: String,
}

/// The only region that the helper itself asks in.
const REGION: &str = "us-east-1";

impl Moto {
    /// Starts one. `None` without the Python environment that `tests/run live` makes; panics then if `CI` is `true`.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some(venv) = find_venv("live/moto") else {
            static ONCE: Once = Once::new();
            say_once(
                &ONCE,
                "no AWS to test with: `tests/run live` installs moto, for which it needs python3",
            );
            return None;
        };
        let python = venv.join("bin/python");
        let mut child = Command::new(&python)
            .args(["-c", include_str!("moto_server.py")])
            // A test that is killed, or that holds the server in a static, drops nothing; it ends with its stdin.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("moto does not start: {error}"));
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        let _ = BufReader::new(stdout).read_line(&mut line);
        let port = line.trim().parse().unwrap_or_else(|_| panic!("moto is not ready; it wrote {line:?}"));
        let socket = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Some(Self { child: Mutex::new(child), socket, python, accounts: AtomicUsize::new(1) })
    }

    /// The endpoint for all services: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://{}", self.socket)
    }

    /// The same, for a [`crate::Tap`] in front of it.
    #[must_use]
    pub fn socket(&self) -> SocketAddr {
        self.socket
    }

    /// A Python that has boto3.
    #[must_use]
    pub fn python(&self) -> &Path {
        &self.python
    }

    /// Another account, empty, through a role in it.
    ///
    /// # Panics
    ///
    /// If moto gives none.
    #[must_use]
    pub fn account(&self) -> Account {
        let number = self.accounts.fetch_add(1, Ordering::Relaxed);
        let body = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::{number:012}:role/tests&RoleSessionName=tests"
        );
        let signed = authorization("none", "sts");
        let headers =
            [("Authorization", signed.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let (status, answer) =
            http::send(self.socket, "POST", "/", &headers, body.as_bytes()).expect("an answer of moto");
        let answer = String::from_utf8_lossy(&answer);
        let text = |name: &str| {
            let text = between(&answer, &format!("<{name}>"), &format!("</{name}>"));
            text.unwrap_or_else(|| panic!("{status}: {answer}")).to_owned()
        };
        Account {
            access_key_id: text("AccessKeyId"),
            secret_access_key: text("SecretAccessKey"),
            session_token: text("SessionToken"),
        }
    }

    /// Asks Secrets Manager as another program would: an operation such as `PutSecretValue`, with its input.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    #[must_use]
    pub fn request(&self, account: &Account, operation: &str, input: &Value) -> (u16, Value) {
        let signed = authorization(&account.access_key_id, "secretsmanager");
        let target = format!("secretsmanager.{operation}");
        let headers = [
            ("Authorization", signed.as_str()),
            ("X-Amz-Security-Token", account.session_token.as_str()),
            ("X-Amz-Target", target.as_str()),
            ("Content-Type", "application/x-amz-json-1.1"),
        ];
        let (status, answer) = http::send(self.socket, "POST", "/", &headers, input.to_string().as_bytes())
            .unwrap_or_else(|error| panic!("no answer to {operation}: {error}"));
        (status, serde_json::from_slice(&answer).unwrap_or_default())
    }

    /// As [`Moto::request`], for what has to succeed.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn done(&self, account: &Account, operation: &str, input: &Value) -> Value {
        let (status, answer) = self.request(account, operation, input);
        assert_eq!(status, 200, "{operation} answered: {answer}");
        answer
    }
}

/// What moto reads of a signature: whose it is, and for which region and service.
fn authorization(access_key_id: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key_id}/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

/// What stands between two texts.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split_once(end).map(|(inside, _)| inside)
}

impl Drop for Moto {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}
