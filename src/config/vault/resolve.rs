//! A variable over the file over what is built in.

use std::path::PathBuf;

use momo_cred_transport::{HttpAddress, Identity, ProxyUrl, Roots};

use super::names::variables_of;
use super::settings::{Row, shown};
use super::{VaultKvVersion, VaultSettings, VaultTable, shape};
use crate::config::fault::{Bad, Fault, because};
use crate::config::origin::Located;
use crate::config::resolve::refusal;
use crate::config::secrets::{looks_like_secret, shown_path};
use crate::config::{Environment, Origin, Setting, Settings, variables};
use crate::{Error, Kind, Result};

/// Where `vault server -dev` and Vault's own client are without settings.
const DEFAULT_ADDRESS: &str = "https://127.0.0.1:8200";

impl VaultSettings {
    /// What is in force for a profile: `VAULT_*` over `BAO_*` over the file over what is built in.
    ///
    /// Reads the settings file of Vault's own client where no other way to log in is configured, and no other file.
    ///
    /// # Errors
    /// Misconfigured: naming the variable, or file and line; never a value.
    pub fn resolve(settings: &Settings, env: &Environment) -> Result<Self> {
        let mut resolver = Resolver { table: &settings.vault, env, rows: Vec::new() };
        let mut resolved = resolver.all()?;
        resolved.rows = resolver.rows;
        Ok(resolved)
    }
}

/// Collects the rows while it decides.
pub(super) struct Resolver<'a> {
    pub(super) table: &'a VaultTable,
    pub(super) env: &'a Environment,
    rows: Vec<Row>,
}

impl Resolver<'_> {
    fn all(&mut self) -> Result<VaultSettings> {
        self.refuse_skipped_checks()?;
        let keys = &self.table.keys;
        let address = match self.pick("address", keys.address.as_ref(), shape::address)? {
            Some(address) => address,
            None => self.default_address()?,
        };
        let namespace = self.pick("namespace", keys.namespace.as_ref(), shape::segments)?;
        let mount = self.of_file("mount", keys.mount.as_ref(), String::clone);
        let kv_version = self.of_file("kv-version", keys.kv_version.as_ref(), |version| {
            String::from(if *version == VaultKvVersion::V1 { "1" } else { "2" })
        });
        let allow_no_cas = self.of_file("allow-no-cas", keys.allow_no_cas.as_ref(), bool::to_string);
        let roots = self.roots()?;
        let identity = self.identity()?;
        let tls_server_name =
            self.pick("tls-server-name", keys.tls_server_name.as_ref(), shape::server_name)?;
        let proxy = self.pick("proxy", keys.proxy.as_ref(), str::parse::<ProxyUrl>)?;
        let auth = self.auth(&address, identity.as_ref())?;
        let revoke = keys.auth.as_ref().and_then(|auth| auth.value.revoke.as_ref());
        let revoke = self.of_file("auth.revoke", revoke, bool::to_string);
        Ok(VaultSettings {
            address,
            namespace,
            mount,
            kv_version,
            allow_no_cas: allow_no_cas.unwrap_or_default(),
            roots,
            identity,
            tls_server_name,
            proxy,
            auth,
            revoke: revoke.unwrap_or(true),
            rows: Vec::new(),
        })
    }

    /// The first variable that is set, else the file.
    pub(super) fn pick<T: Clone + ToString, E: Fault>(
        &mut self,
        key: &'static str,
        file: Option<&Located<T>>,
        read: impl Fn(&str) -> std::result::Result<T, E>,
    ) -> Result<Option<T>> {
        for variable in variables_of(key) {
            let Some(text) = self.env.text(variable)? else { continue };
            let origin = Origin::Environment(variable);
            // A role id is whatever its maker chose, and says nothing by itself.
            if looks_like_secret(text) && key != "auth.role-id" {
                return Err(because(refusal(&origin), &secret_in_place()));
            }
            let value = read(text).map_err(|fault| because(refusal(&origin), &fault))?;
            self.note(key, shown(&value.to_string()), origin);
            return Ok(Some(value));
        }
        Ok(self.of_file(key, file, T::to_string))
    }

    /// What the file says.
    pub(super) fn of_file<T: Clone>(
        &mut self,
        key: &'static str,
        file: Option<&Located<T>>,
        show: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        let Setting { value, origin } = self.table.setting(file?);
        self.note(key, shown(&show(&value)), origin);
        Some(value)
    }

    /// Keeps a setting for people.
    pub(super) fn note(&mut self, key: &'static str, value: String, origin: Origin) {
        self.rows.push((key, Setting::new(value, origin)));
    }

    /// A path given by a variable, which starts from the working directory.
    fn path_of(&self, variable: &'static str) -> Result<Option<PathBuf>> {
        let Some(path) = self.env.get(variable) else { return Ok(None) };
        // Paths of build machines have such names in them; a secret put here has no folder before it.
        let text = path.to_string_lossy();
        if looks_like_secret(&text) && !text.contains('/') {
            return Err(because(refusal(&Origin::Environment(variable)), &secret_in_place()));
        }
        Ok(Some(self.env.cwd().join(path)))
    }

    fn path(&mut self, key: &'static str, file: Option<&Located<PathBuf>>) -> Result<Option<PathBuf>> {
        let mut given = None;
        for variable in variables_of(key) {
            if let Some(path) = self.path_of(variable)? {
                given = Some((path, Origin::Environment(variable)));
                break;
            }
        }
        let file = || file.map(|file| (self.table.path(&file.value), self.table.origin(file.line)));
        let Some((path, origin)) = given.or_else(file) else { return Ok(None) };
        self.note(key, shown_path(&path), origin);
        Ok(Some(path))
    }

    fn roots(&mut self) -> Result<Roots> {
        for variable in variables::VAULT_CA {
            let Some(path) = self.path_of(variable)? else { continue };
            let origin = Origin::Environment(variable);
            return Ok(if variable.ends_with("CAPATH") {
                self.note("ca-path", shown_path(&path), origin);
                Roots::Folder(path)
            } else {
                self.note("ca-cert", shown_path(&path), origin);
                Roots::File(path)
            });
        }
        // None of the variables is set now, and the file has one of the two.
        let keys = &self.table.keys;
        if let Some(path) = self.path("ca-cert", keys.ca_cert.as_ref())? {
            return Ok(Roots::File(path));
        }
        Ok(self.path("ca-path", keys.ca_path.as_ref())?.map_or(Roots::System, Roots::Folder))
    }

    fn identity(&mut self) -> Result<Option<Identity>> {
        let keys = &self.table.keys;
        let certificate = self.path("client-cert", keys.client_cert.as_ref())?;
        let key = self.path("client-key", keys.client_key.as_ref())?;
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Some(Identity { certificate, key })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(self.alone("client-cert", "client-key", "VAULT_CLIENT_KEY")),
            (None, Some(_)) => Err(self.alone("client-key", "client-cert", "VAULT_CLIENT_CERT")),
        }
    }

    fn alone(&self, there: &str, missing: &str, variable: &str) -> Error {
        let origin = self.rows.iter().find(|(key, _)| *key == there).map(|(_, row)| &row.origin);
        let origin = origin.unwrap_or(&Origin::BuiltIn);
        Error::new(Kind::Misconfigured, format!("{origin} names `{there}`, and nothing names `{missing}`"))
            .next(format!("set `{missing}` in [vault] or {variable} too: one is of no use without the other"))
    }

    fn default_address(&mut self) -> Result<HttpAddress> {
        let address = DEFAULT_ADDRESS.parse().map_err(|fault| {
            let error = Error::new(Kind::Internal, "the built-in address of Vault is refused").because(fault);
            error.next("report this as a bug, and set VAULT_ADDR")
        })?;
        self.note("address", DEFAULT_ADDRESS.to_owned(), Origin::BuiltIn);
        Ok(address)
    }

    /// This program does not switch the check of certificates off: what it would talk to gets a token that opens payments.
    fn refuse_skipped_checks(&self) -> Result<()> {
        for variable in variables::VAULT_SKIP_VERIFY {
            let Some(text) = self.env.text(variable)? else { continue };
            // The words of Go's strconv.ParseBool, which Vault's own client asks.
            return match text {
                "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(()),
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Err(refusal(&Origin::Environment(variable))
                    .because("this program always checks the server's certificate")
                    .next(format!(
                        "unset {variable}, and name the issuer's certificate in VAULT_CACERT or `ca-cert`"
                    ))),
                _ => Err(refusal(&Origin::Environment(variable))
                    .because("it is neither true nor false")
                    .next(format!("unset {variable}: the server's certificate is always checked"))),
            };
        }
        Ok(())
    }
}

fn secret_in_place() -> Bad {
    Bad::new(
        "it looks like a secret, and this setting takes none",
        "give a token in VAULT_TOKEN, a secret id in VAULT_SECRET_ID; replace it if it was shown somewhere",
    )
}
