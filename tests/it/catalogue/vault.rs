//! A Vault that says what a case has written down, in the order in which it is asked. It knows nothing of secrets
//! engines: what a real one says is held by the tests of the store.
//!
//! Keys of an answer, all optional but one of `status` and `fate`:
//! - `to`: what is asked, such as `GET /v1/secret/data/momo`; the answer waits until that is
//! - `status`, `headers`: a table, `body`; `repeat`: how many times the body is said
//! - `fate`, in the place of an answer: `"dropped"`, `"silence"`, or `"cut"` after its first byte
//! - `forever = true`: it answers every further request
//!
//! A case fails that asks for what is not written down, or does not ask for all that is.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use toml::Value;

use super::Keys;
use super::values::Values;

/// A place where the server will be. Placeholders of its answers may name it.
pub(super) struct Place(TcpListener);

/// The server at work.
pub(super) struct Server {
    port: u16,
    stop: Arc<AtomicBool>,
    /// What went another way than written.
    thread: JoinHandle<Vec<String>>,
}

struct Answer {
    to: Option<String>,
    fate: Fate,
    forever: bool,
    head: String,
    body: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Answered,
    Dropped,
    Silence,
    Cut,
}

impl Place {
    pub(super) fn new() -> Self {
        Self(TcpListener::bind(("127.0.0.1", 0)).unwrap())
    }

    pub(super) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    pub(super) fn serve(self, answers: &[Value], values: &Values) -> Server {
        let answers = answers.iter().map(|answer| Answer::of(answer, values)).collect();
        let (port, stop) = (self.port(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || answer(&self.0, answers, &stopped));
        Server { port, stop, thread }
    }
}

impl Server {
    /// Ends it.
    pub(super) fn end(self) -> Result<(), String> {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        let odd = self.thread.join().unwrap();
        if odd.is_empty() { Ok(()) } else { Err(format!("Vault: {}", odd.join("; "))) }
    }
}

impl Answer {
    fn of(answer: &Value, values: &Values) -> Self {
        let mut keys = Keys(answer.as_table().unwrap().clone());
        let fate = match keys.text("fate").as_deref() {
            None => Fate::Answered,
            Some("dropped") => Fate::Dropped,
            Some("silence") => Fate::Silence,
            Some("cut") => Fate::Cut,
            Some(fate) => panic!("there is no such fate: {fate}"),
        };
        let mut number = |key: &str| keys.take(key).map(|number| number.as_integer().unwrap());
        let (status, times) = (number("status").unwrap_or(200), number("repeat").unwrap_or(1));
        let body = values.fill(&keys.text("body").unwrap_or_default());
        let body = body.repeat(usize::try_from(times).unwrap()).into_bytes();
        let mut head =
            format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in keys.take("headers").map(|h| h.as_table().unwrap().clone()).unwrap_or_default() {
            let _ = write!(head, "{name}: {}\r\n", values.fill(value.as_str().unwrap()));
        }
        let (to, forever) = (keys.text("to"), keys.flag("forever", false));
        keys.end();
        Self { to, fate, forever, head, body }
    }

    /// The first one that this request is for.
    fn take(answers: &mut Vec<Self>, asked: &str) -> Option<Self> {
        let at = answers.iter().position(|answer| answer.to.as_deref().is_none_or(|to| to == asked))?;
        let answer = &answers[at];
        if answer.forever {
            let (to, head, body) = (answer.to.clone(), answer.head.clone(), answer.body.clone());
            return Some(Self { to, head, body, ..*answer });
        }
        Some(answers.remove(at))
    }
}

fn answer(listener: &TcpListener, mut answers: Vec<Answer>, stop: &AtomicBool) -> Vec<String> {
    let (mut odd, mut silent) = (Vec::new(), Vec::new());
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let Some(asked) = asked(&stream) else { continue };
        let Some(answer) = Answer::take(&mut answers, &asked) else {
            odd.push(format!("{asked} is not written down"));
            continue;
        };
        // Whoever asked may have gone.
        let _ = match answer.fate {
            Fate::Dropped => Ok(()),
            Fate::Silence => {
                silent.push(stream);
                continue;
            }
            Fate::Cut => stream.write_all(format!("{}\r\n{{", answer.head).as_bytes()),
            Fate::Answered => {
                stream.write_all(&[answer.head.as_bytes(), b"\r\n", &answer.body].concat()).map(|()| {
                    // All of it is there before the connection ends.
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                    let _ = stream.read(&mut [0]);
                })
            }
        };
    }
    let left = answers.iter().filter(|answer| !answer.forever);
    odd.extend(left.map(|answer| format!("nobody asked {}", answer.to.as_deref().unwrap_or("again"))));
    odd
}

/// Reads a request: its method and path.
fn asked(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    if !reader.fill_buf().ok()?.first()?.is_ascii_uppercase() {
        // What Go's server says to whoever begins with TLS.
        let _ = (&mut &*stream).write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        return None;
    }
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).ok()?;
    let asked = line.rsplit_once(" HTTP/1.1")?.0.to_owned();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    Some(asked)
}
