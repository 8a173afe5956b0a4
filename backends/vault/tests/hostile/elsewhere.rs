//! Nothing goes to another host than the one that was configured.

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Instant;

use momo_cred_backend_api::{Backend, ErrorKind, Expect};

use crate::peer::{Peer, answer, json};
use crate::support::{is_found, one, read, store};
use crate::{against, canaries, is_clean, record};

const RECORD: &str = r#"{"data":{"data":{"alpha":"1"},"metadata":{"created_time":"","deletion_time":"","destroyed":false,"custom_metadata":null,"version":1}}}"#;

#[tokio::test]
async fn redirects_are_not_followed() {
    let other = Peer::always(json("200 OK", RECORD));
    let to = other.address.clone();
    for status in ["301 X", "302 X", "303 X", "307 X", "308 X"] {
        for location in [
            format!("{to}/v1/secret/data/momo/a"),
            to.replace("http:", "https:"),
            "file:///etc/passwd".to_owned(),
            "//".to_owned(),
        ] {
            let peer = Peer::always(answer(status, &format!("Location: {location}\r\n"), ""));
            let (begun, store) = (Instant::now(), store(against(&peer.address)));
            let error = read(&store, &record()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{status} {location}: {error:?}");
            is_clean(status, begun, &error);
            assert_eq!(peer.seen().len(), 1);
            let value = one(canaries()[1].value());
            let error = store.write(&record(), &value, &Expect::Absent).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            is_clean(status, begun, &error);
        }
    }
    assert_eq!(other.seen().len(), 0);
}

/// Also run by the next test, in an environment that would lead other programs elsewhere.
#[tokio::test]
async fn a_read_goes_to_the_server_that_is_configured() {
    let peer = Peer::always(json("200 OK", RECORD));
    is_found(read(&store(against(&peer.address)), &record()).await);
    let seen = peer.seen().concat();
    assert!(seen.contains(canaries()[0].value()), "{seen}");
    assert!(!seen.contains("of-the-environment") && !seen.contains("amespace"), "{seen}");
}

/// In a process of its own: the environment of this one is that of all tests.
#[test]
fn the_environment_leads_nowhere_else() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "elsewhere::a_read_goes_to_the_server_that_is_configured"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        command.env(name, format!("http://{address}"));
    }
    for name in ["VAULT_ADDR", "VAULT_AGENT_ADDR", "VAULT_PROXY_ADDR", "VAULT_HTTP_PROXY"] {
        command.env(name, format!("http://{address}"));
    }
    command.env("VAULT_TOKEN", "of-the-environment").env("VAULT_NAMESPACE", "of-the-environment");
    command.env_remove("NO_PROXY").env_remove("no_proxy");
    let knocked = thread::spawn(move || proxy.accept().is_ok_and(|(_, from)| from.port() != 0));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert!(!knocked.is_finished(), "something went to the proxy");
    // Lets the thread end.
    let _ = TcpStream::connect(address);
    assert!(knocked.join().unwrap());
}
