//! A gate on the way to the gateway: holds the first request that it is told of, and lets it go when the test says so.
//! And a way on which somebody else answers.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use momo_live::Loopback;

use crate::hostile::{Play, perform};
use crate::sandbox::until;

/// A proxy for plain HTTP/1.1 with `Content-Length`, which is all that the gateway speaks when no fault is scripted.
pub(crate) struct Gate {
    latch: Arc<Latch>,
    proxy: Loopback,
}

#[derive(Default)]
struct Latch {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    path: &'static str,
    arrived: bool,
    open: bool,
}

impl Gate {
    /// A gate before `upstream` that holds the first request whose path ends like this.
    pub(crate) fn holding(path: &'static str, upstream: SocketAddr) -> Self {
        let latch =
            Arc::new(Latch { state: Mutex::new(State { path, ..State::default() }), ..Latch::default() });
        let shared = Arc::clone(&latch);
        Self { latch, proxy: proxy(upstream, move |line| shared.pass(line)) }
    }

    pub(crate) fn base_url(&self) -> String {
        base_url(&self.proxy)
    }

    /// Waits until the request stands before the gate.
    pub(crate) fn wait(&self) {
        until("the request to come to the gate", || self.latch.state.lock().unwrap().arrived);
    }

    /// Lets it and all others pass.
    pub(crate) fn open(&self) {
        self.latch.state.lock().unwrap().open = true;
        self.latch.changed.notify_all();
    }
}

impl Latch {
    fn pass(&self, line: &str) {
        let mut state = self.state.lock().unwrap();
        let path = line.split(' ').nth(1).unwrap_or_default();
        if state.open || !path.ends_with(state.path) {
            return;
        }
        state.arrived = true;
        while !state.open {
            state = self.changed.wait(state).unwrap();
        }
    }
}

/// A proxy before `upstream`. The first line of each request passes a gate, which may wait.
pub(crate) fn proxy(upstream: SocketAddr, pass: impl Fn(&str) + Send + Sync + 'static) -> Loopback {
    detour(upstream, move |line| {
        pass(line);
        Fate::Passes
    })
}

/// What is made of an answer.
pub(crate) type Rewrite = Arc<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>;

/// What becomes of a request.
pub(crate) enum Fate {
    /// It gets the answer of the gateway.
    Passes,
    /// It gets the answer of the gateway, and that is noted.
    Noted(Arc<AtomicBool>),
    /// Somebody else answers, and the gateway never hears of it.
    #[cfg_attr(not(feature = "faults"), expect(dead_code, reason = "for the tests of hostile gateways"))]
    Hijacked(Play),
    /// The gateway does what is asked, and somebody else answers.
    #[cfg_attr(not(feature = "faults"), expect(dead_code, reason = "for the tests of hostile gateways"))]
    Spoiled(Play),
    /// It gets what this makes of the answer of the gateway, and the connection ends.
    #[cfg_attr(not(feature = "faults"), expect(dead_code, reason = "for the tests of hostile gateways"))]
    Rewritten(Rewrite),
}

/// A proxy before `upstream` that decides by the first line of each request what becomes of it.
pub(crate) fn detour(
    upstream: SocketAddr,
    decide: impl Fn(&str) -> Fate + Send + Sync + 'static,
) -> Loopback {
    Loopback::start(move |client| drop(relay(client, upstream, &decide)))
}

/// What a client is told of a proxy.
pub(crate) fn base_url(proxy: &Loopback) -> String {
    format!("http://{}", proxy.address())
}

/// Request by request, until one side leaves.
fn relay(client: &TcpStream, upstream: SocketAddr, decide: &impl Fn(&str) -> Fate) -> io::Result<()> {
    let server = TcpStream::connect(upstream)?;
    let (mut to_client, mut to_server) = (client, &server);
    let (mut from_client, mut from_server) = (BufReader::new(client), BufReader::new(&server));
    loop {
        let (line, request) = message(&mut from_client)?;
        let fate = decide(&line);
        if let Fate::Hijacked(play) = fate {
            perform(&play, &mut client.try_clone()?);
            return Ok(());
        }
        to_server.write_all(&request)?;
        let (_, answer) = message(&mut from_server)?;
        match fate {
            Fate::Passes => to_client.write_all(&answer)?,
            Fate::Noted(flag) => {
                to_client.write_all(&answer)?;
                flag.store(true, Ordering::Release);
            }
            Fate::Hijacked(play) | Fate::Spoiled(play) => {
                perform(&play, &mut client.try_clone()?);
                return Ok(());
            }
            Fate::Rewritten(change) => return to_client.write_all(&change(answer)),
        }
    }
}

/// One message: its first line, and all of it.
fn message(from: &mut impl BufRead) -> io::Result<(String, Vec<u8>)> {
    let (mut first, mut bytes, mut length) = (String::new(), Vec::new(), 0);
    loop {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(line.as_bytes());
        if first.is_empty() {
            first = line;
            continue;
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let head = bytes.len();
    bytes.resize(head + length, 0);
    from.read_exact(&mut bytes[head..])?;
    Ok((first, bytes))
}
