//! The TLS listener: which certificates a client accepts, and which clients the server does.

use momo_live::{ClientCertificates, Flaw, Tls, Vault, VaultOptions};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;

fn tls(tls: Tls) -> VaultOptions {
    VaultOptions { tls, ..VaultOptions::default() }
}

/// The status line of an answer over TLS, by a client that trusts the authority of the server.
fn ask(vault: &Vault, request: &str, client: Option<(PathBuf, PathBuf)>) -> io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(vault.ca_cert_path()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots);
    let config = match client {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => config
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_file(certificate).unwrap()],
                PrivateKeyDer::from_pem_file(key).unwrap(),
            )
            .unwrap(),
    };
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(("127.0.0.1", vault.port()))?);
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    // Go ends the connection without the alert that rustls asks for.
    match stream.read_to_string(&mut answer) {
        Err(error) if answer.is_empty() => Err(error),
        _ => Ok(answer),
    }
}

const HEALTH: &str = "GET /v1/sys/health HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n";

#[test]
fn a_trusted_certificate_is_accepted() {
    let Some(vault) = Vault::start_with(tls(Tls::Trusted)) else { return };
    assert_eq!(vault.address(), format!("https://127.0.0.1:{}", vault.port()));
    assert_ne!(vault.port(), vault.socket().port());
    assert!(ask(&vault, HEALTH, None).unwrap().starts_with("HTTP/1.1 200"));
}

#[test]
fn a_flawed_certificate_is_refused_for_its_flaw() {
    for (flaw, reason) in [
        (Flaw::Expired, "certificate expired"),
        (Flaw::NotYetValid, "not valid yet"),
        (Flaw::OtherHost, "not valid for name"),
        (Flaw::SelfSigned, "UnknownIssuer"),
        (Flaw::OtherAuthority, "BadSignature"),
    ] {
        let Some(vault) = Vault::start_with(tls(Tls::Flawed(flaw))) else { return };
        let error = ask(&vault, HEALTH, None).unwrap_err().to_string();
        assert!(error.contains(reason), "{flaw:?}: {error}");
    }
}

#[test]
fn a_client_certificate_logs_in() {
    let Some(vault) = Vault::start_with(tls(Tls::Trusted)) else { return };
    vault.cert("web", "web.example.test", &["reader"]);
    let login =
        "POST /v1/auth/cert/login HTTP/1.1\r\nHost: vault\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let with = |name: &str| ask(&vault, login, Some(vault.client_files(name))).unwrap();
    assert!(with("web.example.test").contains(r#""token_policies":["default","reader"]"#));
    assert!(with("other.example.test").starts_with("HTTP/1.1 400"));
    assert!(ask(&vault, login, None).unwrap().starts_with("HTTP/1.1 400"));
}

#[test]
fn a_demanded_client_certificate_must_be_ours() {
    let options = VaultOptions { client_certificates: ClientCertificates::Demanded, ..tls(Tls::Trusted) };
    let (Some(vault), Some(other)) = (Vault::start_with(options), Vault::start()) else { return };
    assert!(ask(&vault, HEALTH, Some(vault.client_files("ours"))).is_ok());
    assert!(ask(&vault, HEALTH, None).is_err());
    assert!(ask(&vault, HEALTH, Some(other.client_files("theirs"))).is_err());
}
