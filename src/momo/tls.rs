//! TLS settings.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::BaseUrl;
use crate::error::{Error, Kind, Result};

/// TLS 1.2 or 1.3 with `ring`, without a process-wide default provider.
///
/// Plain http to this machine gets an empty root store: reading the system's takes 7 to 11 ms and is for nothing, and a
/// client that trusts no certificate cannot be talked into https elsewhere.
pub(super) fn config(base: &BaseUrl) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let mut config = if base.is_plain() {
        builder(&provider)?.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
    } else {
        let verifier = Verifier::new(Arc::clone(&provider)).map_err(|_| no_certificates())?;
        let verified = builder(&provider)?.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        verified.with_no_client_auth()
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn builder(
    provider: &Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    // rustls speaks nothing below 1.2.
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::new(Kind::Internal, "the TLS settings were refused"))
}

fn no_certificates() -> Error {
    Error::new(Kind::Misconfigured, "no certificates to check the gateway with")
        .because("the system's certificate store is empty or cannot be read")
        .next(
            "install the system's CA certificates (package ca-certificates), or name a file in SSL_CERT_FILE",
        )
}
