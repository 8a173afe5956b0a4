//! A peer of raw bytes: one scripted reply per connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, sleep};
use std::time::Duration;

use crate::momo::BaseUrl;

/// What to do with a request.
pub(super) enum Reply {
    /// These bytes, then the end of the connection.
    Raw(String),
    /// Nothing, until the client goes.
    Silence,
    /// This head, then this again and again until the client goes.
    Endless(&'static str, &'static str),
    /// This head, then one byte now and then until the client goes.
    Drip(&'static str),
}

pub(super) struct Peer {
    pub(super) base: BaseUrl,
    requests: Receiver<String>,
}

/// An answer with a JSON body.
pub(super) fn json(status: &str, body: &str) -> Reply {
    answer(status, "Content-Type: application/json\r\n", body)
}

pub(super) fn answer(status: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Raw(format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    ))
}

impl Peer {
    /// Listens and gives these replies, one connection each; later connections are closed unanswered.
    pub(super) fn new(script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let script: Vec<_> = script.into_iter().collect();
        let (sender, requests) = channel();
        thread::spawn(move || {
            for reply in script {
                let Ok((mut stream, _)) = listener.accept() else { return };
                // The client may be gone at any time, and the test with it.
                let _ = sender.send(request(&mut stream));
                let _ = play(&mut stream, reply);
            }
        });
        Self { base, requests }
    }

    /// The requests so far.
    pub(super) fn seen(&self) -> Vec<String> {
        self.requests.try_iter().collect()
    }
}

fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        // A TLS record, which has its length at its head. What is left unread would reset the connection.
        if let [22, _, _, high, low, record @ ..] = bytes.as_slice()
            && record.len() >= usize::from(u16::from_be_bytes([*high, *low]))
        {
            return String::new();
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
                })
                .unwrap_or(0_usize);
            if body.len() >= length {
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
        Reply::Raw(text) => stream.write_all(text.as_bytes()),
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
                sleep(Duration::from_millis(20));
            }
        }
    }
}
