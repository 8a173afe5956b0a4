//! Certificates, and what is no TLS.

use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use momo_cred_backend_api::ErrorKind;
use momo_cred_backend_vault::VaultConfig;
use momo_cred_transport::{Deadline, Roots, TlsOptions};
use momo_live::{Flaw, KvVersion, Tls, Vault, VaultOptions};
use serde_json::json;

use crate::peer::{Peer, Reply};
use crate::support::{EXEC, config, is_found, read, store};
use crate::{against, is_clean, record};

fn server(tls: Tls) -> Option<Vault> {
    let vault = Vault::start_with(VaultOptions { tls, ..VaultOptions::default() })?;
    vault.mount("secret", KvVersion::V2);
    vault.policy("exec", EXEC);
    vault.root("POST", "secret/data/momo/a", &json!({"data": {"alpha": "1"}}));
    Some(vault)
}

fn trusting(vault: &Vault, address: &str) -> VaultConfig {
    let mut config = config(address, &vault.token(&["exec"], "1h"));
    config.tls = TlsOptions { roots: Roots::File(vault.ca_cert_path()), identity: None };
    config
}

#[tokio::test]
async fn a_certificate_with_a_flaw_is_refused_by_its_flaw() {
    for (flaw, why) in [
        (Flaw::Expired, "expired or not valid yet"),
        (Flaw::NotYetValid, "expired or not valid yet"),
        (Flaw::OtherHost, "for another host"),
        (Flaw::SelfSigned, "not trusted here"),
        (Flaw::OtherAuthority, "certificate"),
    ] {
        let Some(vault) = server(Tls::Flawed(flaw)) else { return };
        let begun = Instant::now();
        let error = read(&store(trusting(&vault, &vault.address())), &record()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misconfigured, "{flaw:?}: {error:?}");
        let reason = error.reason().unwrap();
        assert!(reason.to_string().contains(why) && reason.next().is_some(), "{flaw:?}: {reason}");
        is_clean("TLS", begun, &error);
    }
}

#[tokio::test]
async fn a_good_certificate_needs_its_authority() {
    let Some(vault) = server(Tls::Trusted) else { return };
    is_found(read(&store(trusting(&vault, &vault.address())), &record()).await);
    let by_name = format!("https://localhost:{}", vault.port());
    is_found(read(&store(trusting(&vault, &by_name)), &record()).await);
    let mut system = trusting(&vault, &vault.address());
    system.tls = TlsOptions::default();
    let error = match momo_cred_backend_vault::VaultStore::new(system) {
        // A machine without any certificates of its own.
        Err(problem) => problem.to_string(),
        Ok(store) => read(&store, &record()).await.unwrap_err().reason().unwrap().to_string(),
    };
    assert!(error.contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_certificate_for_another_host_passes_under_its_name() {
    let Some(vault) = server(Tls::Flawed(Flaw::OtherHost)) else { return };
    let mut named = trusting(&vault, &vault.address());
    named.tls_server_name = Some("vault.example.invalid".to_owned());
    is_found(read(&store(named), &record()).await);

    let mut wrong = trusting(&vault, &vault.address());
    wrong.tls_server_name = Some("vault.example.test".to_owned());
    let error = read(&store(wrong), &record()).await.unwrap_err();
    assert!(error.reason().unwrap().to_string().contains("for another host"), "{error:?}");

    let mut odd = trusting(&vault, &vault.address());
    odd.tls_server_name = Some("a b/c@d".to_owned());
    assert!(momo_cred_backend_vault::VaultStore::new(odd).is_err());
}

/// What a store says to this name, with a proxy or without. Nothing is asked of anybody.
fn refusal(name: &str, proxied: bool) -> String {
    let peer = Peer::always(Reply::Silence);
    let mut roots = tempfile::NamedTempFile::new().unwrap();
    roots.write_all(momo_live::Authority::new().ca_pem().as_bytes()).unwrap();
    let mut config = against(&peer.address.replace("http:", "https:"));
    config.tls.roots = Roots::File(roots.path().to_owned());
    config.tls_server_name = Some(name.to_owned());
    config.proxy = proxied.then(|| peer.address.parse().unwrap());
    let Err(problem) = momo_cred_backend_vault::VaultStore::new(config) else { panic!("{name} is taken") };
    assert_eq!(peer.seen().len(), 0);
    problem.to_string()
}

/// It would be connected to: only names are led to the configured host.
#[test]
fn an_address_in_the_place_of_a_name_is_refused() {
    for name in ["127.0.0.1", "127.0.0.9", "203.0.113.7"] {
        let told = refusal(name, false);
        assert!(told.contains("tls-server-name") && told.contains("it is no host name"), "{told}");
    }
}

/// Whoever reads URLs takes these for addresses, too: `1.2` is 1.0.0.2.
#[test]
fn a_name_that_a_url_makes_an_address_of_is_refused() {
    for name in ["1.2", "127.1", "2130706433", "0x7f.1", "0x7f000001", "127.0.0.1."] {
        let told = refusal(name, false);
        assert!(told.contains("tls-server-name") && told.contains("it is no host name"), "{told}");
    }
}

#[test]
fn a_name_beside_a_proxy_is_refused() {
    let told = refusal("vault.example.test", true);
    assert!(told.contains("tls-server-name") && told.contains("a proxy would be asked"), "{told}");
}

/// Also where the name has an address of its own: somebody else's.
#[tokio::test]
async fn a_name_is_asked_for_at_the_configured_host_only() {
    let Some(vault) = server(Tls::Trusted) else { return };
    // `localhost` is in the certificate, and 127.0.0.2 is not where that leads.
    let peer = TcpListener::bind("127.0.0.2:0").unwrap();
    let address = format!("https://{}", peer.local_addr().unwrap());
    let mut config = trusting(&vault, &address);
    config.tls_server_name = Some("localhost".to_owned());
    config.deadline = Deadline::after(Duration::from_secs(2));
    let knocked = std::thread::spawn(move || peer.accept().is_ok());
    read(&store(config), &record()).await.unwrap_err();
    assert!(knocked.is_finished() && knocked.join().unwrap(), "it went to the other host");
}

#[tokio::test]
async fn what_is_no_tls_gets_no_request() {
    let Some(vault) = server(Tls::Trusted) else { return };
    for (reply, kind) in [
        (
            Reply::Raw(b"HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request\r\n".to_vec()),
            ErrorKind::Misconfigured,
        ),
        (Reply::Silence, ErrorKind::Unavailable),
        (Reply::Raw(Vec::new()), ErrorKind::Unavailable),
    ] {
        let peer = Peer::always(reply);
        let begun = Instant::now();
        let mut config = against(&peer.address.replace("http:", "https:"));
        config.tls.roots = Roots::File(vault.ca_cert_path());
        let error = read(&store(config), &record()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        is_clean("no TLS", begun, &error);
        assert!(peer.seen().iter().all(|seen| !seen.contains("X-Vault") && !seen.contains("x-vault")));
    }
}
