//! The process of a server: started, made ready, killed. None outlives the process of the tests.

use crate::binary::Binary;
use crate::http;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take until it answers; the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a server is started, the first time and again.
pub(crate) struct Launch {
    pub(crate) binary: Binary,
    /// Holds the log, the configuration, and the files named below.
    pub(crate) folder: PathBuf,
    pub(crate) storage: Option<PathBuf>,
    /// `server.pem` and `server.key` are in the folder.
    pub(crate) tls: bool,
    /// Only clients of `ca.pem`, in the folder, get through the handshake.
    pub(crate) client_ca: bool,
    /// Where it was before.
    pub(crate) again: Option<Listeners>,
}

/// Where a server listens.
#[derive(Clone, Copy)]
pub(crate) struct Listeners {
    pub(crate) plain: SocketAddr,
    pub(crate) tls: Option<SocketAddr>,
}

/// What opens a server that was just initialised.
pub(crate) struct Keys {
    pub(crate) root_token: String,
    pub(crate) unseal_key: String,
}

/// A running server.
pub(crate) struct Process {
    child: Child,
    binary: Binary,
}

impl Launch {
    /// Starts it and waits until it listens; with keys if its storage was new.
    pub(crate) fn start(&self) -> (Process, Listeners, Option<Keys>) {
        match &self.binary {
            Binary::Ours(program) => self.start_ours(program),
            Binary::Packaged(program) => self.start_packaged(program),
        }
    }

    fn start_ours(&self, program: &Path) -> (Process, Listeners, Option<Keys>) {
        let mut command = Command::new(program);
        // A test that is killed, or that holds the server in a static, drops nothing.
        command.arg("-exit-on-stdin-eof").arg("-remove").arg(&self.folder);
        if let Some(again) = self.again {
            command.args(["-addr", &again.plain.to_string()]);
            command.args(again.tls.map(|tls| format!("-tls-addr={tls}")));
        }
        if let Some(storage) = &self.storage {
            command.arg("-storage").arg(storage);
        }
        if self.tls {
            command.arg("-tls-cert").arg(self.folder.join("server.pem"));
            command.arg("-tls-key").arg(self.folder.join("server.key"));
        }
        if self.client_ca {
            command.arg("-tls-client-ca").arg(self.folder.join("ca.pem"));
        }
        let mut process = self.spawn(&mut command);
        let mut line = String::new();
        let stdout = process.child.stdout.take().expect("a pipe");
        let _ = BufReader::new(stdout).read_line(&mut line);
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| self.failed("is not ready"));
        let text = |name: &str| ready.get(name).and_then(Value::as_str).map(str::to_owned);
        let socket = |name: &str| text(name)?.split("//").nth(1)?.parse().ok();
        let plain = socket("address").unwrap_or_else(|| self.failed("gave no address"));
        let keys = text("root_token")
            .zip(text("unseal_key"))
            .map(|(root_token, unseal_key)| Keys { root_token, unseal_key });
        (process, Listeners { plain, tls: socket("tls_address") }, keys)
    }

    fn start_packaged(&self, program: &Path) -> (Process, Listeners, Option<Keys>) {
        let at = self.again.unwrap_or_else(|| Listeners { plain: free(), tls: self.tls.then(free) });
        let config = self.folder.join("config.json");
        write(&config, &self.configuration(at).to_string());
        // These know no end of stdin, so that a shell waits for it in their place.
        let mut command = Command::new("sh");
        command.args(["-c", r#""$0" server -config="$1" & cat >/dev/null; kill -9 $!; wait"#]);
        command.arg(program).arg(config);
        let mut process = self.spawn(&mut command);
        drop(process.child.stdout.take());

        let deadline = Instant::now() + PATIENCE;
        let initialised = loop {
            match http::send(at.plain, "GET", "/v1/sys/init", &[], b"") {
                Ok((200, body)) => break String::from_utf8_lossy(&body).contains("true"),
                _ if Instant::now() > deadline => self.failed("does not answer"),
                _ => thread::sleep(Duration::from_millis(50)),
            }
        };
        let keys = (!initialised).then(|| {
            let one = json!({"secret_shares": 1, "secret_threshold": 1}).to_string();
            let answer = http::send(at.plain, "PUT", "/v1/sys/init", &[], one.as_bytes());
            let (_, body) = answer.unwrap_or_else(|_| self.failed("does not initialise"));
            let made: Value = serde_json::from_slice(&body).unwrap_or_default();
            let text = |at: &str| made.pointer(at).and_then(Value::as_str).map(str::to_owned);
            let both = text("/root_token").zip(text("/keys_base64/0"));
            let (root_token, unseal_key) = both.unwrap_or_else(|| self.failed("gave no keys"));
            Keys { root_token, unseal_key }
        });
        (process, at, keys)
    }

    fn configuration(&self, at: Listeners) -> Value {
        let mut listeners = vec![json!({"tcp": {"address": at.plain.to_string(), "tls_disable": true}})];
        if let Some(tls) = at.tls {
            let mut settings = json!({
                "address": tls.to_string(),
                "tls_cert_file": self.folder.join("server.pem"),
                "tls_key_file": self.folder.join("server.key"),
            });
            if self.client_ca {
                settings["tls_client_ca_file"] = json!(self.folder.join("ca.pem"));
                settings["tls_require_and_verify_client_cert"] = json!(true);
            }
            listeners.push(json!({ "tcp": settings }));
        }
        let storage = match &self.storage {
            None => json!({"inmem": {}}),
            Some(path) => json!({"file": {"path": path}}),
        };
        json!({
            "storage": storage,
            "listener": listeners,
            "api_addr": format!("http://{}", at.plain),
            "disable_mlock": true,
            "log_level": "warn",
        })
    }

    fn spawn(&self, command: &mut Command) -> Process {
        let log = File::create(self.folder.join("server.log")).expect("a log in our own folder");
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("the Vault server does not start: {error}"));
        Process { child, binary: self.binary.clone() }
    }

    fn failed(&self, how: &str) -> ! {
        let log = fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
        panic!("the Vault server {how}; it wrote:\n{log}");
    }
}

impl Process {
    /// Ends it at once, as a crash does, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        match self.binary {
            Binary::Ours(_) => _ = self.child.kill(),
            Binary::Packaged(_) => drop(self.child.stdin.take()),
        }
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that was free a moment ago.
fn free() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
    listener.local_addr().expect("a bound socket has an address")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file in our own temporary folder, with keys that open nothing real"
)]
pub(crate) fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("a file in our own folder");
}
