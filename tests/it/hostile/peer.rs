//! Servers that are not what they are taken for.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// What a peer does once it has read the head of a request. The connection ends with it.
pub(crate) type Play = Arc<dyn Fn(&mut TcpStream) + Send + Sync>;

/// A listener that plays the same to every connection, until the test's process ends.
pub(crate) fn peer(play: Play) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let play = Arc::clone(&play);
            std::thread::spawn(move || {
                if heard(&mut stream) {
                    perform(&play, &mut stream);
                }
            });
        }
    });
    address
}

/// Plays, and ends the connection so that the other side gets all of it.
pub(crate) fn perform(play: &Play, stream: &mut TcpStream) {
    play(stream);
    let _ = stream.shutdown(Shutdown::Write);
    // What is unread when a socket closes would take back what was just said.
    let _ = stream.read(&mut [0; 64 * 1024]);
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
pub(crate) fn says(text: impl Into<String>) -> Play {
    let text = text.into();
    Arc::new(move |stream| drop(stream.write_all(text.as_bytes())))
}

/// A whole answer.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Play {
    says(format!(
        "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    ))
}

/// Says this, then nothing until the other side leaves.
pub(crate) fn silence(text: &'static str) -> Play {
    Arc::new(move |stream| {
        let _ = stream.write_all(text.as_bytes());
        while stream.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {}
    })
}

/// Says this, then the rest again and again with pauses, until the other side leaves.
pub(crate) fn endless(
    head: impl AsRef<[u8]> + Send + Sync + 'static,
    rest: Vec<u8>,
    pause: Duration,
) -> Play {
    Arc::new(move |stream| {
        let mut going = stream.write_all(head.as_ref());
        while going.is_ok() {
            going = stream.write_all(&rest);
            std::thread::sleep(pause);
        }
    })
}
