//! A proxy in front of a server that counts what passes and spoils it on demand.

use crate::loopback::{Loopback, lock};
use crate::message::Message;
use crate::rule::{Action, Rule, next};
use std::io::{self, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A proxy for plain HTTP/1.1 on a loopback port of its own. It remembers first lines and headers, never a body.
///
/// A rule is for a method and a part of the path with its query; for the services of AWS that name the operation in a
/// header, that name follows the path: `POST / PutSecretValue`. Of several that match, the oldest that is not used up
/// counts.
pub struct Tap {
    loopback: Loopback,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: SocketAddr,
    requests: Mutex<Vec<String>>,
    headers: Mutex<Vec<(String, String)>>,
    rules: Mutex<Vec<Rule>>,
}

impl Tap {
    /// Starts one in front of `upstream`, which need not be there yet.
    #[must_use]
    pub fn new(upstream: SocketAddr) -> Self {
        let shared = Arc::new(Shared {
            upstream,
            requests: Mutex::default(),
            headers: Mutex::default(),
            rules: Mutex::default(),
        });
        let serving = shared.clone();
        // A connection that breaks is what tests look at, not an error of the proxy.
        Self { loopback: Loopback::start(move |stream| _ = serving.serve(stream)), shared }
    }

    /// Where it listens, as `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://{}", self.socket())
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> SocketAddr {
        self.loopback.address()
    }

    /// Everything asked so far, also what was refused, like `GET /v1/secret/data/x?version=2`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        lock(&self.shared.requests).clone()
    }

    /// The number of connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.loopback.accepted()
    }

    /// All values of a request header so far, in order.
    #[must_use]
    pub fn saw_header(&self, name: &str) -> Vec<String> {
        let headers = lock(&self.shared.headers);
        headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone()).collect()
    }

    /// Forgets what it counted; rules stay.
    pub fn forget(&self) {
        lock(&self.shared.requests).clear();
        lock(&self.shared.headers).clear();
    }

    /// Closes all connections, idle ones included.
    pub fn close_connections(&self) {
        self.loopback.close_connections();
    }

    /// Loses the answer of the next matching request after the server has processed it.
    pub fn lose_answer_of(&self, method: &str, path_part: &str) {
        self.lose_nth_answer_of(method, path_part, 1);
    }

    /// Loses the answer of the `nth` matching request, counted from 1.
    pub fn lose_nth_answer_of(&self, method: &str, path_part: &str, nth: usize) {
        self.rule(method, path_part, (nth.saturating_sub(1), 1), Action::LoseAnswer);
    }

    /// Closes the connection of the next matching request before the server sees it.
    pub fn refuse(&self, method: &str, path_part: &str) {
        self.rule(method, path_part, (0, 1), Action::Refuse);
    }

    /// Answers the next `times` matching requests with these bytes and closes the connection; see [`response`].
    pub fn answer(&self, method: &str, path_part: &str, raw: &[u8], times: usize) {
        self.rule(method, path_part, (0, times), Action::Answer(raw.to_vec()));
    }

    /// Holds the next matching request back for this long.
    pub fn delay(&self, method: &str, path_part: &str, by: Duration) {
        self.rule(method, path_part, (0, 1), Action::Delay(by));
    }

    fn rule(&self, method: &str, part: &str, (skip, times): (usize, usize), action: Action) {
        let (method, part) = (method.to_owned(), part.to_owned());
        lock(&self.shared.rules).push(Rule { method, part, skip, times, action });
    }
}

impl Shared {
    fn serve(&self, client: &TcpStream) -> io::Result<()> {
        let mut writer = client;
        let mut reader = BufReader::new(client);
        while let Some(request) = Message::request(&mut reader)? {
            let (method, target) = request.method_and_target();
            let target = &told(&request, target);
            lock(&self.requests).push(format!("{method} {target}"));
            lock(&self.headers).extend(request.headers.iter().cloned());
            let action = next(&mut lock(&self.rules), method, target);
            match &action {
                Some(Action::Refuse) => return Ok(()),
                Some(Action::Answer(raw)) => return writer.write_all(raw),
                Some(Action::Delay(by)) => thread::sleep(*by),
                Some(Action::LoseAnswer) | None => {}
            }
            let answer = self.forward(&request, method)?;
            if matches!(action, Some(Action::LoseAnswer)) {
                return Ok(());
            }
            writer.write_all(&answer.wire)?;
            if answer.until_close || answer.values("connection").any(|v| v.eq_ignore_ascii_case("close")) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A connection per request: what the client keeps alive is its connection to the proxy.
    fn forward(&self, request: &Message, method: &str) -> io::Result<Message> {
        let mut server = TcpStream::connect(self.upstream)?;
        server.write_all(&request.wire)?;
        Message::response(&mut BufReader::new(server), method)
    }
}

/// What a request is for: its target, and the operation of a JSON service of AWS, which has one target for all.
fn told(request: &Message, target: &str) -> String {
    let operation = request.values("x-amz-target").next().and_then(|target| target.rsplit('.').next());
    operation.map_or_else(|| target.to_owned(), |operation| format!("{target} {operation}"))
}

/// A whole answer for [`Tap::answer`], which says that the connection ends.
#[must_use]
pub fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} scripted\r\nConnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
    text.into_bytes()
}
