//! Peers that are silent, endless, wrong or somebody else: each run ends in time, in little memory, with the right code,
//! and tells nobody its token.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use momo_cred_backend_testkit::Canary;
use momo_gateway::Gateway;
use momo_live::{Flaw, Tls, VaultOptions};

use super::stage::Stage;
use crate::hostile::{
    Case, TIMEOUT, answer, breaks_off, busy, endless, measured, never_ends, peer, says, sends_too_much,
};
use crate::sandbox::{Momo, Sandbox, gateway, key};

fn token() -> Canary {
    Canary::new("vault token of the hostile tests")
}

fn momo(sandbox: &Sandbox, gateway: &Gateway, address: SocketAddr, args: &[&str]) -> Momo {
    sandbox
        .momo(args)
        .env("VAULT_ADDR", format!("http://{address}"))
        .env("VAULT_TOKEN", token().value())
        .env("MOMO_CRED_TIMEOUT", TIMEOUT)
        .env("MOMO_CRED_STORE", "vault:secret/momo/collection")
        .env("MOMO_CRED_SUBSCRIPTION_KEY", key(gateway))
        .env("MOMO_CRED_BASE_URL", gateway.base_url())
        .env("MOMO_CRED_CALLBACK_HOST", "localhost")
        .env("MOMO_CRED_LOG", "trace")
}

/// Runs `exec`, `status` and `provision` against each peer, all at once.
fn assert_ends(cases: Vec<Case>) {
    let highest = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for (name, play, code) in cases {
            let address = peer(play);
            for (args, code) in
                [(&["exec", "--", "true"][..], 125), (&["status"], code), (&["provision"], code)]
            {
                let highest = &highest;
                scope.spawn(move || {
                    let (sandbox, gateway) = (Sandbox::new(), gateway());
                    let what = format!("{} against {name}", args[0]);
                    let cost = measured(momo(&sandbox, &gateway, address, args));
                    cost.assert_bounded(&what, &[token()]);
                    highest.fetch_max(cost.peak, Ordering::Relaxed);
                    assert_eq!(cost.code, Some(code), "{what}: {}", String::from_utf8_lossy(&cost.err));
                    assert_eq!(gateway.requests().len(), 0, "{what}: the gateway was asked");
                });
            }
        }
    });
    // A single run may end before anybody looks at its memory; not all of them do.
    assert_ne!(highest.into_inner(), 0, "no memory was measured");
}

#[test]
fn a_peer_that_never_ends_an_answer() {
    assert_ends(never_ends());
}

#[test]
fn a_peer_that_sends_too_much() {
    let error = endless("HTTP/1.1 403 X\r\n\r\n", vec![b' '; 0x10000], Duration::ZERO);
    assert_ends([sends_too_much(), vec![("a large error", error, 76)]].concat());
}

#[test]
fn a_peer_that_breaks_off() {
    assert_ends(breaks_off());
}

#[test]
fn a_peer_that_is_no_vault() {
    let deep = "[".repeat(200_000);
    let of = |data: &str, metadata: &str| {
        answer(200, "", &format!(r#"{{"data":{{"data":{data},"metadata":{metadata}}}}}"#))
    };
    let good = r#"{"version":1,"created_time":"2026-11-21T13:00:00Z","deletion_time":"","destroyed":false}"#;
    assert_ends(vec![
        ("html", answer(200, "Content-Type: text/html\r\n", "<html>Sign in</html>"), 76),
        ("nothing", answer(200, "", ""), 76),
        ("no content", says("HTTP/1.1 204 No Content\r\n\r\n"), 76),
        ("null", answer(200, "", "null"), 76),
        ("a list", answer(200, "", "[]"), 76),
        ("data that is a list", answer(200, "", r#"{"data":[1]}"#), 76),
        ("deep nesting", answer(200, "", &deep), 76),
        ("deep nesting of data", answer(200, "", &format!(r#"{{"data":{{"data":{deep}"#)), 76),
        ("a version that is a text", of(r#"{"api_key":"x"}"#, &good.replace("1,", "\"1\",")), 76),
        ("a version 0", of(r#"{"api_key":"x"}"#, &good.replace("1,", "0,")), 76),
        ("a negative version", of(r#"{"api_key":"x"}"#, &good.replace("1,", "-1,")), 76),
        ("a lone surrogate", of(r#"{"api_key":"\ud800"}"#, good), 65),
        ("a record that is a list", of(r#"["x"]"#, good), 65),
        ("a record that is a text", of(r#""x""#, good), 65),
        ("a name with a control character", of(r#"{"a\u001b[31mb":"x"}"#, good), 65),
        ("a gzip bomb", answer(200, "Content-Encoding: gzip\r\n", "\u{1f}\u{8b}\u{8}"), 76),
        ("a proxy's 404", answer(404, "", "<html>not here"), 76),
        ("a proxy's 403", answer(403, "", "<html>not for you"), 76),
        ("a teapot", answer(418, "", "tea"), 76),
    ]);
}

#[test]
fn a_peer_that_is_busy() {
    let own = vec![
        ("sealed", answer(503, "", r#"{"errors":["Vault is sealed"]}"#), 69),
        ("500", answer(500, "", r#"{"errors":["internal error"]}"#), 69),
        ("a standby", answer(473, "", ""), 69),
    ];
    assert_ends([busy(), own].concat());
}

/// Text of a server enters no message: not even the token that it was just told.
#[test]
fn a_peer_that_says_the_token_back() {
    let body = format!(r#"{{"errors":["{0}"],"data":"{0}"}}"#, token().value());
    assert_ends(vec![
        ("400", answer(400, "", &body), 78),
        ("403", answer(403, "", &body), 77),
        ("404", answer(404, "", &format!(r#"{{"data":{{"{0}":"{0}"}}}}"#, token().value())), 76),
        ("200", answer(200, "", &body), 76),
        ("500", answer(500, "", &body), 69),
        (
            "a header",
            answer(302, &format!("Location: http://127.0.0.1:1/{}\r\n", token().value()), &body),
            76,
        ),
    ]);
}

#[test]
fn a_redirect_leads_nowhere() {
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    second.set_nonblocking(true).unwrap();
    let address = second.local_addr().unwrap();
    let mut cases = Vec::new();
    for (status, name) in [(301, "301"), (302, "302"), (303, "303"), (307, "307"), (308, "308")] {
        let location = format!("Location: http://{address}/v1/secret/data/momo/collection\r\n");
        cases.push((name, answer(status, &location, ""), 76));
    }
    cases.push(("another scheme", answer(307, "Location: file:///etc/passwd\r\n", ""), 76));
    cases.push(("no place", answer(307, "", ""), 76));
    assert_ends(cases);
    assert_eq!(second.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "the second host was called");
}

#[test]
fn a_certificate_that_is_not_the_servers() {
    for (flaw, hint) in [
        (Flaw::SelfSigned, "VAULT_CACERT"),
        (Flaw::Expired, "clock"),
        (Flaw::OtherHost, "VAULT_TLS_SERVER_NAME"),
    ] {
        let options = VaultOptions { tls: Tls::Flawed(flaw), ..VaultOptions::default() };
        let Some(stage) = Stage::with_server(options).map(Stage::with_old) else { return };
        assert_tls(&stage, 78, hint);
    }
    let options = VaultOptions { tls: Tls::Trusted, ..VaultOptions::default() };
    let Some(stage) = Stage::with_server(options).map(Stage::with_old) else { return };
    let ca = stage.vault().ca_cert_path();
    let _ = stage.momo(&["exec", "--", "true"]).env("VAULT_CACERT", &ca).run().code(0);
    // Plain http is for this machine, and this is no answer of a TLS server to it.
    let plain = stage.vault().address().replace("https:", "http:");
    let _ = stage.momo(&["status"]).env("VAULT_ADDR", plain).run().code(76);
    let other = momo_live::Authority::new();
    stage.sandbox.write("other.pem", other.ca_pem(), 0o644);
    let with = |ca: &str| stage.momo(&["status"]).env("VAULT_CACERT", ca).run().code(78);
    let _ = with("other.pem").says("the Vault server's certificate");
    // What this machine trusts does not count a test's authority in.
    let _ = with("").says("name the file with the issuer of the server's certificate: VAULT_CACERT");
    let _ = with("missing.pem").says("error[misconfigured]");
}

#[track_caller]
fn assert_tls(stage: &Stage, code: i32, hint: &str) {
    let ca = stage.vault().ca_cert_path();
    for (args, code) in [(&["exec", "--", "true"][..], 125), (&["status"], code), (&["provision"], code)] {
        let momo = stage.momo(args).env("VAULT_CACERT", &ca).env("VAULT_TOKEN", token().value());
        let cost = measured(momo.env("MOMO_CRED_TIMEOUT", TIMEOUT).env("MOMO_CRED_LOG", "trace"));
        let said = String::from_utf8_lossy(&cost.err).into_owned();
        cost.assert_bounded(args[0], &[token()]);
        assert_eq!(cost.code, Some(code), "{said}");
        assert!(said.contains("error[misconfigured]") && said.contains(hint), "{hint}: {said}");
    }
    assert_eq!(stage.gateway.requests().len(), 0);
}
