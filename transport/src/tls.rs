//! TLS settings.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, WantsVerifier};
use rustls_platform_verifier::Verifier;

use crate::HttpAddress;

/// Whom to trust, and who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// Which issuers count.
    pub roots: Roots,
    /// A certificate of our own.
    pub identity: Option<Identity>,
}

/// Which issuers count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Roots {
    /// Those of the system.
    #[default]
    System,
    /// Those of one PEM file, and no others.
    File(PathBuf),
    /// Those of every file of a folder, and no others.
    Folder(PathBuf),
}

/// A certificate of our own and its key, each a PEM file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and those that lead to its issuer.
    pub certificate: PathBuf,
    /// Its key: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// Why the TLS settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The system has no certificates.
    #[error("the system's certificate store is empty or cannot be read")]
    NoSystemRoots,
    /// A file or folder that cannot be read.
    #[error("{} cannot be read", shown(path))]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// A file without what belongs there.
    #[error("{} holds no {what} in PEM form", shown(path))]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// A certificate that does not go with its key, or of a kind that is not known.
    #[error("the client certificate and its key cannot be used together")]
    Identity,
    /// Anything else.
    #[error("the TLS settings were refused")]
    Refused,
}

fn shown(path: &Path) -> impl std::fmt::Display {
    path.to_string_lossy().escape_debug().to_string()
}

/// TLS 1.2 or 1.3 with `ring`, without a process-wide default provider.
///
/// Plain http to this machine gets an empty root store: reading the system's takes 7 to 11 ms and is for nothing, and a
/// client that trusts no certificate cannot be talked into https elsewhere.
pub(crate) fn config(address: &HttpAddress, options: &TlsOptions) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let verified = if address.is_plain() {
        builder(&provider)?.with_root_certificates(RootCertStore::empty())
    } else {
        match &options.roots {
            Roots::System => {
                let verifier = system(&provider)?;
                builder(&provider)?.dangerous().with_custom_certificate_verifier(verifier)
            }
            Roots::File(path) => builder(&provider)?.with_root_certificates(of_files([path.as_path()])?),
            Roots::Folder(path) => {
                let files = files_of(path)?;
                let roots = of_files(files.iter().map(PathBuf::as_path))?;
                builder(&provider)?.with_root_certificates(roots)
            }
        }
    };
    let mut config = match &options.identity {
        None => verified.with_no_client_auth(),
        Some(identity) => {
            let chain = certificates(&identity.certificate)?;
            let key = PrivateKeyDer::from_pem_file(&identity.key)
                .map_err(|error| unread(&error, &identity.key, "private key"))?;
            verified.with_client_auth_cert(chain, key).map_err(|_| TlsError::Identity)?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The system's store, read once for all clients of a process.
fn system(provider: &Arc<CryptoProvider>) -> Result<Arc<Verifier>, TlsError> {
    static SYSTEM: OnceLock<Arc<Verifier>> = OnceLock::new();
    if let Some(verifier) = SYSTEM.get() {
        return Ok(Arc::clone(verifier));
    }
    let verifier = Verifier::new(Arc::clone(provider)).map_err(|_| TlsError::NoSystemRoots)?;
    Ok(Arc::clone(SYSTEM.get_or_init(|| Arc::new(verifier))))
}

fn builder(
    provider: &Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, WantsVerifier>, TlsError> {
    // rustls speaks nothing below 1.2.
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsError::Refused)
}

fn of_files<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for path in paths {
        for certificate in certificates(path)? {
            let unusable = |_| TlsError::NotPem { path: path.to_owned(), what: "usable certificate" };
            roots.add(certificate).map_err(unusable)?;
        }
    }
    Ok(roots)
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, TlsError> {
    let unreadable = |_| TlsError::Unreadable { path: folder.to_owned() };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        // Links too: `c_rehash` makes one beside each file.
        if path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(TlsError::NotPem { path: folder.to_owned(), what: "certificate" });
    }
    files.sort();
    Ok(files)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fail = |error: pem::Error| unread(&error, path, "certificate");
    let list =
        CertificateDer::pem_file_iter(path).map_err(fail)?.collect::<Result<Vec<_>, _>>().map_err(fail)?;
    if list.is_empty() {
        return Err(TlsError::NotPem { path: path.to_owned(), what: "certificate" });
    }
    Ok(list)
}

fn unread(error: &pem::Error, path: &Path, what: &'static str) -> TlsError {
    match error {
        pem::Error::Io(_) => TlsError::Unreadable { path: path.to_owned() },
        _ => TlsError::NotPem { path: path.to_owned(), what },
    }
}
