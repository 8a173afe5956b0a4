//! Servers that are no Vault, and what a run of the binary costs in time and memory.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sandbox::Momo;

/// What a peer does once it has read the head of a request. The connection ends with it.
pub(super) type Play = Arc<dyn Fn(&mut TcpStream) + Send + Sync>;

/// A listener that plays the same to every connection, until the test's process ends.
pub(super) fn peer(play: Play) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let play = Arc::clone(&play);
            std::thread::spawn(move || {
                if heard(&mut stream) {
                    play(&mut stream);
                    let _ = stream.shutdown(Shutdown::Write);
                    // What is unread when a socket closes would take back what was just said.
                    let _ = stream.read(&mut [0; 64 * 1024]);
                }
            });
        }
    });
    address
}

/// Reads to the end of the head.
fn heard(stream: &mut TcpStream) -> bool {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return false;
        }
        head.push(byte[0]);
    }
    true
}

/// Says this and leaves.
pub(super) fn says(text: impl Into<String>) -> Play {
    let text = text.into();
    Arc::new(move |stream| drop(stream.write_all(text.as_bytes())))
}

/// A whole answer.
pub(super) fn answer(status: u16, headers: &str, body: &str) -> Play {
    says(format!(
        "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    ))
}

/// Says this, then nothing until the other side leaves.
pub(super) fn silence(text: &'static str) -> Play {
    Arc::new(move |stream| {
        let _ = stream.write_all(text.as_bytes());
        while stream.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {}
    })
}

/// Says this, then the rest again and again with pauses, until the other side leaves.
pub(super) fn endless(text: &'static str, rest: Vec<u8>, pause: Duration) -> Play {
    Arc::new(move |stream| {
        let mut going = stream.write_all(text.as_bytes());
        while going.is_ok() {
            going = stream.write_all(&rest);
            std::thread::sleep(pause);
        }
    })
}

/// A run that is over.
pub(super) struct Cost {
    pub(super) code: Option<i32>,
    pub(super) out: Vec<u8>,
    pub(super) err: Vec<u8>,
    pub(super) took: Duration,
    /// The largest resident set, in KiB; 0 where it ended before anybody looked.
    pub(super) peak: u64,
}

/// Runs it and looks at its memory all the time. The rusage of a child is no measure: it has that of its parent, too.
pub(super) fn measured(momo: Momo) -> Cost {
    let mut command = momo.into_command();
    crate::pty::without_terminal(&mut command);
    let start = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    // The peak of a process never falls, and one that has ended has none any more.
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = number.unwrap_or(0).max(peak);
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = start.elapsed();
    let output = child.wait_with_output().unwrap();
    Cost { code: output.status.code(), out: output.stdout, err: output.stderr, took, peak }
}
