//! Logins against peers that are no server, wrapped secret ids, and a revocation that hangs.

use std::io::{ErrorKind, Read};
use std::net::TcpListener;
use std::time::Duration;

use momo_cred_backend_testkit::{Canary, scan};
use momo_live::{Tap, Tls, VaultOptions};

use super::stage::{EXEC, Stage, old_key};
use crate::hostile::{LIMIT, Play, answer, endless, measured, peer, silence};
use crate::sandbox::{Momo, Sandbox};

fn secret_id() -> Canary {
    Canary::of("secret id", "3f6f2f0e-5a3c-4b1e-9a55-c0d6f1a4e7b2")
}

/// A run that logs in by AppRole with the secret id.
fn momo(sandbox: &Sandbox, address: &str, args: &[&str]) -> Momo {
    sandbox.write("momo.toml", "[vault]\nauth = { method = \"approle\", role-id = \"web\" }\n", 0o644);
    let (command, rest) = args.split_first().unwrap();
    sandbox
        .momo([&[*command, "--config", "momo.toml", "-vvv"], rest].concat())
        .env("VAULT_ADDR", address)
        .env("VAULT_SECRET_ID", secret_id().value())
        .env("MOMO_CRED_TIMEOUT", "2s")
        .env("MOMO_CRED_STORE", "vault:secret/momo/collection")
        .env("MOMO_CRED_LOG", "trace")
}

#[test]
fn a_secret_id_is_told_to_nobody_else_and_not_for_ever() {
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    second.set_nonblocking(true).unwrap();
    let location = format!("Location: http://{}/v1/auth/approle/login\r\n", second.local_addr().unwrap());
    let echo = format!(r#"{{"errors":["{}"]}}"#, secret_id().value());
    let huge =
        endless("HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n", vec![b' '; 0x10000], Duration::ZERO);
    let cases: Vec<(&str, Play, i32)> = vec![
        ("silence", silence(""), 69),
        ("2 GiB", huge, 76),
        ("html", answer(200, "", "<html>Sign in</html>"), 76),
        ("no token", answer(200, "", r#"{"auth":null}"#), 76),
        ("an empty token", answer(200, "", r#"{"auth":{"client_token":"","lease_duration":1}}"#), 76),
        ("a token of another type", answer(200, "", r#"{"auth":{"client_token":7}}"#), 76),
        ("307", answer(307, &location, ""), 76),
        ("308", answer(308, &location, ""), 76),
        ("the secret id said back", answer(400, "", &echo), 77),
        ("429", answer(429, "Retry-After: 99999999\r\n", ""), 69),
        ("503", answer(503, "", "no server behind me"), 69),
    ];
    std::thread::scope(|scope| {
        for (name, play, code) in cases {
            let address = format!("http://{}", peer(play));
            for (args, code) in [(&["exec", "--", "true"][..], 125), (&["status"], code)] {
                let address = address.clone();
                scope.spawn(move || {
                    let sandbox = Sandbox::new();
                    let cost = measured(momo(&sandbox, &address, args));
                    let said = String::from_utf8_lossy(&cost.err).into_owned();
                    assert_eq!(cost.code, Some(code), "{name}: {said}");
                    assert!(cost.took <= LIMIT && cost.peak < 64 * 1024, "{name} took {:?}", cost.took);
                    assert!(
                        scan(&[cost.out, cost.err].concat(), &[secret_id()]).is_empty(),
                        "{name}: {said}"
                    );
                });
            }
        }
    });
    assert_eq!(second.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "the second host was called");
}

#[test]
fn a_token_that_no_header_can_carry_is_refused() {
    for token in [r"a\r\nX-Evil: 1", r"a b", r"\u0000", r"\u00e9"] {
        let body = format!(r#"{{"auth":{{"client_token":"{token}","lease_duration":60}}}}"#);
        let sandbox = Sandbox::new();
        let address = format!("http://{}", peer(answer(200, "", &body)));
        let _ = momo(&sandbox, &address, &["status"]).run().code(78).says("cannot be used");
    }
}

#[test]
fn a_revocation_that_hangs_keeps_no_program_waiting() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let role = stage.vault().approle(&stage.mount, &[&stage.policy(EXEC)]);
    let tap = Tap::new(stage.vault().socket());
    tap.delay("POST", "revoke-self", Duration::from_secs(60));
    let run = momo(&stage.sandbox, &tap.address(), &["exec", "--", "printenv", "MOMO_API_KEY"])
        .env("VAULT_ROLE_ID", &role.role_id)
        .env("VAULT_SECRET_ID", &role.secret_id)
        .env("MOMO_CRED_STORE", stage.location("collection"));
    let config = "[vault]\nauth = { method = \"approle\" }\n";
    stage.sandbox.write("momo.toml", config, 0o644);
    let cost = measured(run);
    assert_eq!(cost.code, Some(0));
    assert_eq!(String::from_utf8_lossy(&cost.out).trim_end(), old_key().value());
    assert!(String::from_utf8_lossy(&cost.err).contains("could not be revoked"));
    // Two seconds are what a parting may take; nothing else takes long here.
    assert!(cost.took <= LIMIT, "{:?}", cost.took);
}

#[test]
fn a_wrapped_secret_id_opens_once_and_only_where_it_was_made() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let role = stage.vault().approle(&stage.mount, &[&stage.policy(EXEC)]);
    let path = format!("auth/approle/role/{}/secret-id", role.name);
    let run = |wrapper: &str, path: &str| {
        let auth = format!("role-id = {:?}, secret-id-wrapping-path = {path:?}", role.role_id);
        let file = format!("[vault]\nauth = {{ method = \"approle\", {auth} }}\n");
        stage.sandbox.write("momo.toml", file, 0o644);
        let args = ["exec", "--config", "momo.toml", "--", "printenv", "MOMO_API_KEY"];
        let ran = stage.without_login(&args).env("VAULT_SECRET_ID", wrapper).run();
        ran.no_leak(&[Canary::of("wrapper", wrapper)])
    };
    let wrapper = stage.vault().wrapped_secret_id(&role.name, "60s");
    let _ = run(&wrapper, "auth/approle/role/other/secret-id").code(125).says("was made in another path");
    // It was looked at, and not opened.
    assert_eq!(run(&wrapper, &path).code(0).out().trim_end(), old_key().value());
    let _ = run(&wrapper, &path)
        .code(125)
        .says("was opened before, or is too old")
        .says("treat the secret id as stolen");
}

#[test]
fn no_proxy_is_used_but_the_one_configured_which_sees_a_tunnel() {
    let options = VaultOptions { tls: Tls::Trusted, ..VaultOptions::default() };
    let Some(stage) = Stage::with_server(options).map(Stage::with_old) else { return };
    let (ca, plain) = (stage.vault().ca_cert_path(), stage.vault().plain_address());
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    for vault in [stage.vault().address(), plain.clone()] {
        let mut momo = stage.momo(&["verify"]).env("VAULT_ADDR", &vault).env("VAULT_CACERT", &ca);
        for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            momo = momo.env(name, &address);
        }
        let _ = momo.run().code(0);
    }
    // To this machine there is no way that a proxy would have to show, and in plain http it would read along.
    let momo = stage.momo(&["status"]).env("VAULT_ADDR", &plain).env("VAULT_PROXY_ADDR", &address);
    let _ = momo.run().code(0);
    assert_eq!(proxy.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "the proxy was called");

    proxy.set_nonblocking(false).unwrap();
    let heard = std::thread::spawn(move || {
        let (mut stream, mut head) = (proxy.accept().unwrap().0, vec![0; 4096]);
        let length = stream.read(&mut head).unwrap();
        head.truncate(length);
        head
    });
    let momo = stage.momo(&["status"]).env("VAULT_CACERT", &ca).env("VAULT_PROXY_ADDR", &address);
    let _ = momo.env("MOMO_CRED_TIMEOUT", "1s").run().code(69);
    let heard = heard.join().unwrap();
    assert!(heard.starts_with(format!("CONNECT 127.0.0.1:{} ", stage.vault().port()).as_bytes()));
    assert!(scan(&heard, &[Canary::of("token", stage.token.as_str())]).is_empty());
}

#[test]
fn a_file_that_was_found_sends_no_token_anywhere_before_it_is_trusted() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let tap = Tap::new(stage.vault().socket());
    stage.sandbox.write("momo-cred.toml", format!("[vault]\naddress = {:?}\n", tap.address()), 0o644);
    let run = |args: &[&str]| stage.momo(args).env("VAULT_ADDR", "").run();
    for command in ["status", "verify", "provision", "list"] {
        let _ = run(&[command]).code(78).says("momo-cred trust");
    }
    let _ = run(&["exec", "--", "true"]).code(125).says("momo-cred trust");
    assert_eq!(tap.connections(), 0);
    let _ = run(&["trust"]).code(0);
    let _ = run(&["exec", "--", "true"]).code(0);
    assert_eq!(tap.connections(), 1);
    stage.sandbox.write("momo-cred.toml", "[vault]\naddress = \"http://127.0.0.1:1\"\n", 0o644);
    let _ = run(&["status"]).code(78).says("momo-cred trust");
}
