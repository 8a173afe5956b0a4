//! A client that sends exactly what a test says and hands back exactly what came.

use momo_gateway::{Config, Gateway, Product};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub(crate) const USER: &str = "5a1d4c2e-7b36-4f80-9c1a-3e2f60718293";
pub(crate) const OTHER_USER: &str = "0e9d8c7b-6a59-4847-b635-241302f1e0dc";

/// A sandbox with the first seed.
pub(crate) fn sandbox() -> Gateway {
    Gateway::start(Config::sandbox(1)).unwrap()
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status_line: String,
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {text:?}"));
        let mut lines = head.lines();
        let status_line = lines.next().unwrap().to_owned();
        let status = status_line.split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { status_line, status, headers, body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The text between the quotes after `"field":"`.
    pub(crate) fn text(&self, field: &str) -> String {
        let start = format!("\"{field}\":\"");
        let at = self.body.find(&start).unwrap_or_else(|| panic!("no {field} in {:?}", self.body));
        self.body[at + start.len()..].split('"').next().unwrap().to_owned()
    }
}

/// One request to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    head: String,
    body: String,
    length: bool,
}

impl Call {
    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// With `Content-Length: 0` until there is a body.
    pub(crate) fn post(path: &str) -> Self {
        Self { length: true, ..Self::new("POST", path) }
    }

    pub(crate) fn new(method: &str, path: &str) -> Self {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        Self { head, body: String::new(), length: false }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub(crate) fn key(self, value: &str) -> Self {
        self.header("Ocp-Apim-Subscription-Key", value)
    }

    pub(crate) fn body(mut self, body: &str) -> Self {
        self.body = body.to_owned();
        self.length = true;
        self
    }

    pub(crate) fn without_length(mut self) -> Self {
        self.length = false;
        self
    }

    fn bytes(mut self) -> Vec<u8> {
        if self.length {
            self.head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        format!("{}\r\n{}", self.head, self.body).into_bytes()
    }

    pub(crate) fn send(self, gateway: &Gateway) -> Reply {
        Reply::parse(&self.raw(gateway.address()).unwrap())
    }

    pub(crate) fn send_to(self, address: SocketAddr) -> Reply {
        Reply::parse(&self.raw(address).unwrap())
    }

    /// Everything that came until the other side closed.
    pub(crate) fn raw(self, address: SocketAddr) -> io::Result<Vec<u8>> {
        let mut stream = self.open(address)?;
        let mut bytes = Vec::new();
        match stream.read_to_end(&mut bytes) {
            // A dropped connection may end with a reset as well as with an end.
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
            _ => Ok(bytes),
        }
    }

    /// The connection after the request was written.
    pub(crate) fn open(self, address: SocketAddr) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(&self.bytes())?;
        Ok(stream)
    }
}

pub(crate) fn create_user(key: &str, id: &str) -> Call {
    Call::post("/v1_0/apiuser")
        .key(key)
        .header("X-Reference-Id", id)
        .header("Content-Type", "application/json")
        .body(r#"{"providerCallbackHost":"pay.example.com"}"#)
}

pub(crate) fn get_user(key: &str, id: &str) -> Call {
    Call::get(&format!("/v1_0/apiuser/{id}")).key(key)
}

pub(crate) fn create_key(key: &str, id: &str) -> Call {
    Call::post(&format!("/v1_0/apiuser/{id}/apikey")).key(key)
}

pub(crate) fn token(product: Product, key: &str, id: &str, api_key: &str) -> Call {
    let basic = base64(format!("{id}:{api_key}").as_bytes());
    Call::post(&format!("/{product}/token/")).key(key).header("Authorization", &format!("Basic {basic}"))
}

pub(crate) fn active(product: Product, key: &str, token: &str) -> Call {
    read(&format!("/{product}/v1_0/accountholder/msisdn/46733123450/active"), key, token)
}

pub(crate) fn balance(product: Product, key: &str, token: &str) -> Call {
    read(&format!("/{product}/v1_0/account/balance"), key, token)
}

fn read(path: &str, key: &str, token: &str) -> Call {
    Call::get(path)
        .key(key)
        .header("Authorization", &format!("Bearer {token}"))
        .header("X-Target-Environment", "sandbox")
}

/// Makes `USER` with this subscription key and gives its API key.
pub(crate) fn provision(gateway: &Gateway, key: &str, id: &str) -> String {
    assert_eq!(create_user(key, id).send(gateway).status, 201);
    let reply = create_key(key, id).send(gateway);
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.text("apiKey")
}

pub(crate) fn access_token(gateway: &Gateway, product: Product, id: &str, api_key: &str) -> String {
    let reply = token(product, &gateway.subscription_key(product), id, api_key).send(gateway);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.text("access_token")
}

/// Waits for something that another thread does, and fails when it takes too long.
pub(crate) fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "it did not happen");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place) & 0x3f) as usize;
            text.push(if place <= chunk.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    text
}
