//! Certificates: an authority of our own, servers with and without flaws, and clients.

use crate::jwt::pem;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 60 * 60;

/// What is wrong with the certificate of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It ended yesterday.
    Expired,
    /// It begins in thirty days.
    NotYetValid,
    /// It is for another host, `vault.example.invalid`.
    OtherHost,
    /// No authority signed it.
    SelfSigned,
    /// Another authority, of the same name, signed it.
    OtherAuthority,
}

/// A certificate and its private key, both as PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate_pem: String,
    /// Its key, PKCS#8.
    pub key_pem: String,
}

/// A certificate authority that nothing but a test trusts.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    /// Makes a new one.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each is different, which a default would not say")]
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = params("momo-live test authority", &[], days(-1..300));
        // A purpose here would limit what it signs.
        params.extended_key_usages.clear();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).expect("an authority");
        Self { pem: pem("CERTIFICATE", certificate.der()), issuer: Issuer::new(params, key) }
    }

    /// The certificate that a client trusts, as PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.pem
    }

    /// A server certificate for `localhost` and `127.0.0.1`.
    #[must_use]
    pub fn server(&self) -> Identity {
        self.sign(&server_params(days(-1..300)))
    }

    /// A server certificate that a client which trusts this authority must refuse.
    #[must_use]
    pub fn flawed_server(&self, flaw: Flaw) -> Identity {
        match flaw {
            Flaw::Expired => self.sign(&server_params(days(-30..-1))),
            Flaw::NotYetValid => self.sign(&server_params(days(30..60))),
            Flaw::OtherHost => self.sign(&params(
                "vault.example.invalid",
                &["vault.example.invalid", "192.0.2.1"],
                days(-1..300),
            )),
            Flaw::SelfSigned => {
                let key = KeyPair::generate().expect("a key");
                let made = server_params(days(-1..300)).self_signed(&key).expect("a certificate");
                identity(made.der(), &key)
            }
            Flaw::OtherAuthority => Self::new().server(),
        }
    }

    /// A client certificate with this common name.
    #[must_use]
    pub fn client(&self, name: &str) -> Identity {
        let mut params = params(name, &[], days(-1..300));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let made = params.signed_by(&key, &self.issuer).expect("a certificate");
        identity(made.der(), &key)
    }
}

fn identity(certificate: &[u8], key: &KeyPair) -> Identity {
    Identity {
        certificate_pem: pem("CERTIFICATE", certificate),
        key_pem: pem("PRIVATE KEY", &key.serialize_der()),
    }
}

fn server_params(valid: Range<SystemTime>) -> CertificateParams {
    params("localhost", &["localhost", "127.0.0.1"], valid)
}

fn params(name: &str, hosts: &[&str], valid: Range<SystemTime>) -> CertificateParams {
    let mut params = CertificateParams::new(hosts.iter().map(ToString::to_string).collect::<Vec<_>>())
        .expect("host names");
    params.distinguished_name.push(DnType::CommonName, name);
    // Short, since some verifiers refuse a server certificate that lives for years.
    (params.not_before, params.not_after) = (valid.start.into(), valid.end.into());
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

/// Days from now; whole seconds, as certificates have.
fn days(range: Range<i64>) -> Range<SystemTime> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let at = |day: i64| {
        let distance = day.unsigned_abs() * DAY;
        UNIX_EPOCH + Duration::from_secs(if day < 0 { now - distance } else { now + distance })
    };
    at(range.start)..at(range.end)
}
