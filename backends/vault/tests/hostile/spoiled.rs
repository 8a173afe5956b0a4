//! TLS that breaks in the middle: what was sent before may have been done.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use futures_util::future::join_all;
use momo_cred_backend_api::{Backend, Effect, ErrorKind, Expect};
use momo_cred_transport::{Deadline, Roots, TlsOptions};
use momo_live::{KvVersion, Tls, Vault, VaultOptions};

use crate::support::{IMPORT, ROTATE, config, is_found, name, one, read, store};

/// What becomes of a record of TLS that the server sends.
#[derive(Clone, Copy, Debug)]
enum Spoil {
    /// Its last byte is another one.
    Flipped,
    /// It is plain text, as a proxy says it that gives up.
    Plain,
}

/// A proxy that spoils some of the records that the server sends, counted over all connections from 1.
fn spoiler(server: SocketAddr, which: Range<usize>, how: Spoil) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(server) else { return };
            let (count, which) = (Arc::clone(&count), which.clone());
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || drop(io::copy(&mut from, &mut to)));
            thread::spawn(move || {
                let next = || which.contains(&(count.fetch_add(1, Ordering::Relaxed) + 1));
                // Either side may be gone at any time.
                let _ = pass(&server, &client, next, how);
                let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
            });
        }
    });
    address
}

/// Passes records on up to the one that is to be spoiled, which is the last.
fn pass(
    mut server: &TcpStream,
    mut client: &TcpStream,
    next: impl Fn() -> bool,
    how: Spoil,
) -> io::Result<()> {
    loop {
        let mut head = [0; 5];
        server.read_exact(&mut head)?;
        let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        server.read_exact(&mut body)?;
        let spoiled = next();
        match (spoiled, how) {
            (true, Spoil::Plain) => client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")?,
            (_, _) => {
                let last = body.len() - 1;
                body[last] ^= u8::from(spoiled);
                client.write_all(&[&head[..], &body].concat())?;
            }
        }
        if spoiled {
            // What is unread when a socket closes would take back what was just said.
            client.shutdown(Shutdown::Write)?;
            return client.read(&mut [0; 16 * 1024]).map(drop);
        }
    }
}

struct Stage {
    vault: Vault,
    token: String,
}

impl Stage {
    fn new() -> Option<Self> {
        let vault = Vault::start_with(VaultOptions { tls: Tls::Trusted, ..VaultOptions::default() })?;
        vault.mount("secret", KvVersion::V2);
        vault.policy("import", IMPORT);
        vault.policy("rotate", ROTATE);
        Some(Self { token: vault.token(&["import", "rotate"], "1h"), vault })
    }

    fn store(&self, which: Range<usize>, how: Spoil) -> momo_cred_backend_vault::VaultStore {
        let address = spoiler(SocketAddr::from(([127, 0, 0, 1], self.vault.port())), which, how);
        let mut config = config(&format!("https://{address}"), &self.token);
        config.tls = TlsOptions { roots: Roots::File(self.vault.ca_cert_path()), identity: None };
        config.deadline = Deadline::after(Duration::from_secs(4));
        store(config)
    }

    /// How many versions were ever written.
    fn versions(&self, record: &str) -> u64 {
        let path = record.replace("secret/", "secret/metadata/");
        let root = self.vault.root_token();
        let metadata = self.vault.request("GET", &path, root, &serde_json::Value::Null).1;
        metadata["data"]["current_version"].as_u64().unwrap_or_default()
    }
}

/// Enough to spoil each one in turn: of the handshake, of the engine, of the write, and of the label.
const RECORDS: Range<usize> = 1..16;

#[tokio::test]
async fn a_write_whose_answer_is_spoiled_once_is_settled() {
    let Some(stage) = Stage::new() else { return };
    for how in [Spoil::Flipped, Spoil::Plain] {
        let writes = join_all(RECORDS.map(|at| {
            let stage = &stage;
            async move {
                let record = format!("secret/momo/{how:?}-{at}");
                let store = stage.store(at..at + 1, how);
                let written = store.write(&name(&record), &one("1"), &Expect::Absent).await;
                let versions = stage.versions(&record);
                match &written {
                    Ok(revision) => assert_eq!((revision.as_str(), versions), ("1", 1), "{how:?} {at}"),
                    // Of the handshake: no request was ever sent.
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Misconfigured, "{how:?} {at}: {error:?}");
                        assert_eq!((error.effect(), versions), (Effect::NotApplied, 0), "{how:?} {at}");
                    }
                }
                written.is_ok()
            }
        }))
        .await;
        // What comes after the handshake, which has fewer records than these, is settled.
        assert!(!writes[5] && writes[8..].iter().all(|done| *done), "{how:?}: {writes:?}");
    }
}

#[tokio::test]
async fn a_write_that_cannot_be_settled_for_spoiled_answers_is_unknown() {
    let Some(stage) = Stage::new() else { return };
    for how in [Spoil::Flipped, Spoil::Plain] {
        let unknown = join_all(RECORDS.map(|from| {
            let stage = &stage;
            async move {
                let record = format!("secret/momo/ever-{how:?}-{from}");
                let store = stage.store(from..usize::MAX, how);
                let written = store.write(&name(&record), &one("1"), &Expect::Absent).await;
                let applied = stage.versions(&record) != 0;
                match written {
                    Ok(_) => assert!(applied, "{how:?} {from}"),
                    Err(error) if applied => {
                        assert_eq!(error.effect(), Effect::Unknown, "{how:?} {from}: {error:?}");
                        return true;
                    }
                    Err(_) => {}
                }
                false
            }
        }))
        .await;
        // One of the records was the answer of a write that was done.
        assert!(unknown.contains(&true), "{how:?}: {unknown:?}");
    }
}

#[tokio::test]
async fn a_read_whose_answer_is_spoiled_is_asked_for_again() {
    let Some(stage) = Stage::new() else { return };
    stage.vault.root("POST", "secret/data/momo/a", &serde_json::json!({"data": {"alpha": "1"}}));
    let reads = join_all(RECORDS.map(|at| {
        let stage = &stage;
        async move { read(&stage.store(at..at + 1, Spoil::Plain), &name("secret/momo/a")).await }
    }))
    .await;
    assert!(reads[5].is_err());
    for lookup in reads.into_iter().skip(8) {
        is_found(lookup);
    }
}
