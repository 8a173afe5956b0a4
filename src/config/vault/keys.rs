//! What `[vault]` may say.

use std::path::{Path, PathBuf};

use momo_cred_transport::{HttpAddress, ProxyUrl};

use super::auth_table::{self, AuthTable, is_login_secret};
use super::{VaultKvVersion, shape};
use crate::Result;
use crate::config::origin::Located;
use crate::config::table::Entry;

/// `[vault]`, or the table of that name in a profile.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct Keys {
    pub(super) address: Option<Located<HttpAddress>>,
    pub(super) namespace: Option<Located<String>>,
    pub(super) mount: Option<Located<String>>,
    pub(super) kv_version: Option<Located<VaultKvVersion>>,
    pub(super) allow_no_cas: Option<Located<bool>>,
    pub(super) ca_cert: Option<Located<PathBuf>>,
    pub(super) ca_path: Option<Located<PathBuf>>,
    pub(super) client_cert: Option<Located<PathBuf>>,
    pub(super) client_key: Option<Located<PathBuf>>,
    pub(super) tls_server_name: Option<Located<String>>,
    pub(super) proxy: Option<Located<ProxyUrl>>,
    pub(super) auth: Option<Located<AuthTable>>,
}

const KEYS: &[&str] = &[
    "address",
    "namespace",
    "mount",
    "kv-version",
    "allow-no-cas",
    "ca-cert",
    "ca-path",
    "client-cert",
    "client-key",
    "tls-server-name",
    "proxy",
    "auth",
];

/// Reads the table.
pub(in crate::config) fn read(entry: &Entry<'_>) -> Result<Keys> {
    let mut keys = Keys::default();
    for entry in entry.table()? {
        match entry.name {
            "address" => keys.address = Some(entry.read(shape::address)?),
            "namespace" => keys.namespace = Some(entry.read(shape::segments)?),
            "mount" => keys.mount = Some(entry.read(shape::segments)?),
            "kv-version" => keys.kv_version = Some(entry.number(shape::kv_version)?),
            "allow-no-cas" => keys.allow_no_cas = Some(entry.boolean()?),
            "ca-cert" => keys.ca_cert = Some(entry.path()?),
            "ca-path" => keys.ca_path = Some(entry.path()?),
            "client-cert" => keys.client_cert = Some(entry.path()?),
            "client-key" => keys.client_key = Some(entry.path()?),
            "tls-server-name" => keys.tls_server_name = Some(entry.read(shape::server_name)?),
            "proxy" => keys.proxy = Some(entry.parsed()?),
            "auth" => keys.auth = Some(auth_table::read(&entry)?),
            name => return Err(is_login_secret(name, &entry).unwrap_or_else(|| entry.unknown(KEYS))),
        }
        if keys.ca_cert.is_some() && keys.ca_path.is_some() {
            let error = entry.error("is the second of `ca-cert` and `ca-path`, of which one counts");
            return Err(error.next("keep the one that holds the issuer of the server's certificate"));
        }
    }
    Ok(keys)
}

impl Keys {
    /// What can send a secret elsewhere or log in as somebody else, each with its table: `vault.address`. Paths start from
    /// the folder of the file: the same relative path in two files is two paths.
    pub(in crate::config) fn sensitive(&self, folder: &Path) -> Vec<(String, Located<String>)> {
        let at = |line: usize, value: String| Some(Located { value, line });
        let text =
            |key: &Option<Located<String>>| key.as_ref().and_then(|key| at(key.line, key.value.clone()));
        let path = |key: &Option<Located<PathBuf>>| {
            key.as_ref().and_then(|key| at(key.line, folder.join(&key.value).to_string_lossy().into_owned()))
        };
        let keys = [
            ("vault.address", self.address.as_ref().and_then(|key| at(key.line, key.value.to_string()))),
            ("vault.namespace", text(&self.namespace)),
            ("vault.ca-cert", path(&self.ca_cert)),
            ("vault.ca-path", path(&self.ca_path)),
            ("vault.client-cert", path(&self.client_cert)),
            ("vault.client-key", path(&self.client_key)),
            ("vault.tls-server-name", text(&self.tls_server_name)),
            ("vault.proxy", self.proxy.as_ref().and_then(|key| at(key.line, key.value.to_string()))),
        ];
        let auth = self.auth.iter().flat_map(|auth| auth.value.sensitive(folder));
        keys.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).chain(auth).collect()
    }
}
