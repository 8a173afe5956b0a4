//! A peer of raw bytes, one reply for each connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::Duration;

/// What to do with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// Nothing, until the client goes.
    Silence,
    /// This head, then this again and again until the client goes.
    Endless(String, String),
    /// This head, then one byte now and then until the client goes.
    Drip(&'static str),
}

pub(crate) struct Peer {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// An answer with a body and further headers, each with its line end.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    Reply::Raw([head.as_bytes(), body.as_bytes()].concat())
}

pub(crate) fn json(status: &str, body: &str) -> Reply {
    answer(status, "Content-Type: application/json\r\n", body)
}

impl Peer {
    /// Gives every request the reply that `choose` makes of it.
    pub(crate) fn new(choose: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (seen, choose) = (Arc::clone(&requests), Arc::new(choose));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let (seen, choose) = (Arc::clone(&seen), Arc::clone(&choose));
                thread::spawn(move || {
                    let request = request(&mut stream);
                    let reply = choose(&request);
                    seen.lock().unwrap().push(request);
                    // The client may be gone at any time, and the test with it.
                    let _ = play(&mut stream, reply);
                });
            }
        });
        Self { address, requests }
    }

    /// Always the same.
    pub(crate) fn always(reply: Reply) -> Self {
        Self::new(move |_| reply.clone())
    }

    /// The requests so far, whole.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn request(stream: &mut TcpStream) -> String {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // A TLS greeting is no text, and waits for an answer.
        if bytes.first() == Some(&22) {
            return text;
        }
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                |line: &str| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok();
            if body.len() >= head.lines().find_map(length).unwrap_or(0_usize) {
                return text;
            }
        }
        match stream.read(&mut buffer) {
            Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
            _ => return text,
        }
    }
}

fn play(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    match reply {
        Reply::Raw(bytes) => stream.write_all(&bytes),
        Reply::Silence => stream.read(&mut [0]).map(drop),
        Reply::Endless(head, more) => {
            stream.write_all(head.as_bytes())?;
            loop {
                stream.write_all(more.as_bytes())?;
            }
        }
        Reply::Drip(head) => {
            stream.write_all(head.as_bytes())?;
            loop {
                stream.write_all(b" ")?;
                sleep(Duration::from_millis(100));
            }
        }
    }
}
