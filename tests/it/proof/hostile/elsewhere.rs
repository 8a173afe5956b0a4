//! Redirects, outages, proxies, and somebody else's certificate.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use momo_live::{Flaw, Loopback, Tls, Vault, VaultOptions};

use super::{Step, count, each, json, meets, published, rotation, spoilt};
use crate::gate::{Fate, Rewrite, base_url};
use crate::hostile::{Case, Play, TIMEOUT, answer, busy, measured};
use crate::proof::bench::{Bench, Store};
use crate::proof::case::Case as Command;

#[test]
fn a_redirect_leads_nowhere() {
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    second.set_nonblocking(true).unwrap();
    let address = second.local_addr().unwrap();
    let to = |status, place: String| answer(status, &format!("Location: {place}\r\n"), "");
    let mut cases: Vec<Case> = [301, 302, 303, 307, 308]
        .map(|status| ("a redirect", to(status, format!("http://{address}/v1_0/apiuser")), 76))
        .into();
    cases.push(("a redirect to another host", to(307, format!("http://localhost:{}/", address.port())), 76));
    cases.push(("a redirect to another scheme", to(308, format!("https://{address}/")), 76));
    cases.push(("a redirect to a file", to(307, "file:///etc/passwd".to_owned()), 76));
    cases.push(("a redirect to no place", answer(307, "", ""), 76));
    each(&Step::ALL, cases);
    assert_eq!(second.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "the second host was called");
}

/// An outage is nobody's fault: nothing is rotated for it, and no credential is called bad.
#[test]
fn an_outage_says_nothing_of_the_credential() {
    let activity = r#"{"statusCode":500,"message":"Internal server error","activityId":"d5a1b9c0-7a0a-4d61-9b0d-0a1b2c3d4e5f"}"#;
    let own = vec![
        ("500 with an id", json(500, activity), 69),
        ("502 in HTML", answer(502, "", "<html>bad gateway"), 69),
        ("503 in HTML", answer(503, "Content-Type: text/html\r\n", "<html>soon"), 69),
        ("504", answer(504, "", ""), 69),
        ("a firewall", answer(403, "", "<html>blocked"), 69),
    ];
    let cases = [busy(), own].concat();
    for (name, play, code) in &cases {
        for step in [Step::Preflight, Step::Token, Step::Read] {
            let copy = Play::clone(play);
            let (bench, way) = spoilt(step, move || Fate::Hijacked(Play::clone(&copy)));
            let file = bench.sandbox().read(".env");
            let verify = bench.momo(&["verify", "--json"]).env("MOMO_CRED_BASE_URL", base_url(&way));
            let cost = measured(verify.env("MOMO_CRED_TIMEOUT", TIMEOUT));
            count(&cost, TIMEOUT);
            let what = format!("verify in {name} at {step:?}");
            cost.assert_bounded(&what, &[]);
            // The look-up only tells why the rest fails, and never keeps it from being tried.
            let code = if step == Step::Preflight { 0 } else { *code };
            assert_eq!(cost.code, Some(code), "{what}: {}", String::from_utf8_lossy(&cost.err));
            assert!(!String::from_utf8_lossy(&cost.out).contains("\"bad\""), "{what}");
            assert_eq!(bench.sandbox().read(".env"), file, "{what}");
            assert_eq!(bench.gateway().user_count(), 1, "{what}");
        }
    }
    each(&Step::ALL, cases);
}

/// Nor is a rotation that is under way given up for it.
#[test]
fn an_outage_lets_a_resume_wait() {
    for step in [Step::User, Step::Key, Step::Token, Step::Read] {
        let fails = json(500, r#"{"statusCode":500,"message":"Internal server error"}"#);
        let (bench, way) = spoilt(step, move || Fate::Hijacked(Play::clone(&fails)));
        let before = published(&bench);
        for command in ["rotate", "resume", "resume"] {
            let momo = bench.momo(&[command, "--timeout", TIMEOUT]).env("MOMO_CRED_BASE_URL", base_url(&way));
            let cost = measured(momo);
            count(&cost, TIMEOUT);
            cost.assert_bounded(command, &[]);
            assert_eq!(cost.code, Some(69), "{command} at {step:?}: {}", String::from_utf8_lossy(&cost.err));
            assert_eq!(published(&bench), before, "{command} at {step:?}");
            assert_eq!(bench.status()["claim"]["kind"], "new-user", "{command} at {step:?}");
        }
        // Each of the three may have made a user.
        let _ = bench.run(Command::Rotate.resume()).code(0);
        bench.assert_settled_but_for(Command::Rotate, 3);
    }
}

/// An old server, one that says more than it is asked, and proxies that nobody configured: all of them do no harm.
#[test]
fn odd_and_harmless() {
    let old = |answer: Vec<u8>| {
        let text = String::from_utf8(answer).unwrap().replacen("HTTP/1.1", "HTTP/1.0", 1);
        let lines = text
            .split_inclusive("\r\n")
            .filter(|line| !line.to_ascii_lowercase().starts_with("content-length"));
        lines.collect::<String>().into_bytes()
    };
    // An answer too many, which the next request is not to be given.
    let more = |mut answer: Vec<u8>| {
        let forged = r#"{"apiKey":"0123456789abcdef0123456789abcdef","access_token":"a.b.c"}"#;
        let head = format!("HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n", forged.len());
        answer.extend([head.as_bytes(), forged.as_bytes()].concat());
        answer
    };
    for step in Step::ALL {
        for (name, change) in [("HTTP/1.0", Arc::new(old) as Rewrite), ("an answer too many", Arc::new(more))]
        {
            let (bench, way) = spoilt(step, move || Fate::Rewritten(Rewrite::clone(&change)));
            meets(&format!("{name} at {step:?}"), &bench, rotation(&bench, &base_url(&way), 0), 0);
        }
    }
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    second.set_nonblocking(true).unwrap();
    let proxy = format!("http://{}", second.local_addr().unwrap());
    let (bench, way) = spoilt(Step::Key, || Fate::Passes);
    let variables = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let momo =
        variables.into_iter().fold(rotation(&bench, &base_url(&way), 0), |momo, name| momo.env(name, &proxy));
    meets("proxies of the environment", &bench, momo, 0);
    assert_eq!(second.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "the proxy was called");
}

#[test]
fn a_certificate_that_is_not_the_gateways() {
    for flaw in [Flaw::SelfSigned, Flaw::Expired, Flaw::NotYetValid, Flaw::OtherHost, Flaw::OtherAuthority] {
        // Whose server it is does not matter: it is never asked for anything.
        let options = VaultOptions { tls: Tls::Flawed(flaw), ..VaultOptions::default() };
        let Some(server) = Vault::start_with(options) else { return };
        let bench = Bench::new(Store::Dotenv, Command::Rotate).unwrap();
        let momo = rotation(&bench, &server.address(), 78).env("SSL_CERT_FILE", server.ca_cert_path());
        meets(&format!("{flaw:?}"), &bench, momo, 78);
    }
    // A server that knows no protocol of this century, as its alert says.
    let old = Loopback::start(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(&[0x15, 3, 1, 0, 2, 2, 70]);
    });
    let bench = Bench::new(Store::Dotenv, Command::Rotate).unwrap();
    let momo = rotation(&bench, &base_url(&old).replace("http:", "https:"), 78);
    meets("TLS 1.0", &bench, momo, 78);
}
