//! What a server is started with.

use crate::certificate::Flaw;

/// What a server is started with; the default is in memory and without TLS.
#[derive(Clone, Copy, Debug, Default)]
pub struct VaultOptions {
    /// Where its data is.
    pub storage: Storage,
    /// Whether there is a TLS listener, and what is wrong with its certificate.
    pub tls: Tls,
    /// Whether a client needs a certificate for the handshake.
    pub client_certificates: ClientCertificates,
}

/// Where the data of a server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// Gone with the process: such a server cannot be restarted.
    #[default]
    Memory,
    /// In a temporary folder, which outlives the process and goes when the value is dropped.
    Folder,
}

/// Whether a server has a TLS listener. Its plain listener stays, for the set-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// No TLS listener.
    #[default]
    Off,
    /// A certificate for `localhost` and `127.0.0.1` from the authority in `ca_cert_path`.
    Trusted,
    /// A certificate that a client must refuse.
    Flawed(Flaw),
}

/// Which clients a TLS listener lets through the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificates {
    /// All: a certificate is asked for, as with a Vault listener without further settings; the `cert` method judges it.
    #[default]
    Asked,
    /// Those with a certificate of the authority in `ca_cert_path`.
    Demanded,
}
