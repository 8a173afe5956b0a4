//! The wire: HTTP/1.1 with connections that stay.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::service::Fault;
use super::{Act, Shared, lock};

pub(super) fn start(shared: Arc<Shared>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            shared.connections.fetch_add(1, Ordering::Relaxed);
            let shared = Arc::clone(&shared);
            thread::spawn(move || while serve(&shared, &stream).is_some() {});
        }
    });
    address
}

struct Request {
    operation: String,
    signed: bool,
    body: Value,
}

fn request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length, mut operation, mut signed) = (String::new(), 0, String::new(), false);
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ").or(line.trim_end().split_once(':')) else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "x-amz-target" => operation = value.strip_prefix("secretsmanager.")?.to_owned(),
            "authorization" => signed = value.starts_with("AWS4-HMAC-SHA256 Credential="),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { operation, signed, body: serde_json::from_slice(&body).ok()? })
}

/// One request and its answer; `None` where the connection ends.
fn serve(shared: &Shared, mut stream: &TcpStream) -> Option<()> {
    let request = request(stream)?;
    lock(&shared.asked).push(request.operation.clone());
    let name = |key: &str| request.body[key].as_str().map(str::to_owned);
    let name = name("SecretId").or(name("Name")).unwrap_or_default();
    let act = shared.next(&request.operation);
    match &act {
        Some(Act::Refuse) => return None,
        Some(Act::Fail(code, status)) => {
            return answer(shared, stream, Err(Fault { code, status: *status }));
        }
        Some(Act::Answer(status, headers, body)) => return send(shared, stream, *status, headers, body),
        Some(Act::Stall) => {
            // Until the peer goes.
            let _ = stream.read(&mut [0]);
            return None;
        }
        Some(Act::Flood(bytes)) => return flood(stream, *bytes),
        Some(Act::WriteBefore(times)) => lock(&shared.service).others_write(&name, *times),
        Some(Act::LoseAnswer | Act::LoseAnswerAndWrite(_)) | None => {}
    }
    let result = if request.signed {
        lock(&shared.service).serve(&request.operation, &request.body)
    } else {
        Err(Fault { code: "MissingAuthenticationTokenException", status: 400 })
    };
    match act {
        Some(Act::LoseAnswer) => None,
        Some(Act::LoseAnswerAndWrite(times)) => {
            lock(&shared.service).others_write(&name, times);
            None
        }
        _ => answer(shared, stream, result),
    }
}

fn answer(shared: &Shared, stream: &TcpStream, result: Result<Value, Fault>) -> Option<()> {
    match result {
        Ok(output) => send(shared, stream, 200, &[], &output.to_string()),
        Err(Fault { code, status }) => {
            let kind = format!("com.amazonaws.secretsmanager#{code}");
            let body = json!({"__type": kind, "message": "foreign text of the service"});
            send(shared, stream, status, &[], &body.to_string())
        }
    }
}

fn send(
    shared: &Shared,
    mut stream: &TcpStream,
    status: u16,
    headers: &[(&'static str, String)],
    body: &str,
) -> Option<()> {
    let date = lock(&shared.service).date();
    let length = body.len();
    let mut head = format!(
        "HTTP/1.1 {status} fake\r\nDate: {date}\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {length}\r\n"
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).ok()
}

fn flood(mut stream: &TcpStream, bytes: u64) -> Option<()> {
    stream.set_write_timeout(Some(Duration::from_secs(5))).ok()?;
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).ok()?;
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
    for _ in 0..(bytes >> 20) {
        stream.write_all(&chunk).ok()?;
    }
    None
}
