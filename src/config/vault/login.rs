//! How to log in.

use std::path::Path;

use momo_cred_transport::{HttpAddress, Identity};

use super::auth_table::{AuthTable, Method};
use super::names::variables_of;
use super::resolve::Resolver;
use super::{VaultAuth, VaultSecret, VaultTokenSource, shape};
use crate::config::origin::Located;
use crate::config::secrets::shown_path;
use crate::config::{Origin, variables};
use crate::{Error, Kind, Result};

/// Where Kubernetes puts the token of a pod's service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

impl Resolver<'_> {
    /// A token of the environment over what is configured over what Vault's own client left.
    pub(super) fn auth(&mut self, address: &HttpAddress, identity: Option<&Identity>) -> Result<VaultAuth> {
        let mut looked = Vec::new();
        for variable in variables::VAULT_TOKEN {
            let Some(value) = self.env.secret(variable)? else {
                looked.push(VaultTokenSource::Unset(variable));
                continue;
            };
            let origin = Origin::Environment(variable);
            self.note("auth.method", Method::Token.name().to_owned(), origin.clone());
            self.note("auth.token", "set".to_owned(), origin.clone());
            looked.push(VaultTokenSource::Given(VaultSecret::Given { value, origin }));
            return Ok(VaultAuth::Token(looked));
        }
        let Some(auth) = &self.table.keys.auth else {
            self.note("auth.method", Method::Token.name().to_owned(), Origin::BuiltIn);
            looked.extend(self.clients_token(address)?);
            return Ok(VaultAuth::Token(looked));
        };
        let method = &auth.value.method;
        self.note("auth.method", method.value.name().to_owned(), self.table.origin(method.line));
        self.configured(auth, address, identity, looked)
    }

    fn configured(
        &mut self,
        auth: &Located<AuthTable>,
        address: &HttpAddress,
        identity: Option<&Identity>,
        mut looked: Vec<VaultTokenSource>,
    ) -> Result<VaultAuth> {
        let table = &auth.value;
        let mount = self.of_file("auth.mount", table.mount.as_ref(), String::clone);
        let mount = mount.unwrap_or_else(|| table.method.value.name().to_owned());
        Ok(match table.method.value {
            Method::Token => {
                looked.extend(match self.file_in(table, "token", "auth.token")? {
                    Some(secret) => Some(VaultTokenSource::Given(secret)),
                    None => self.clients_token(address)?,
                });
                VaultAuth::Token(looked)
            }
            Method::AppRole => {
                let role_id = self.needed(auth, "role-id", "auth.role-id")?;
                let secret_id = self.secret(table, "secret-id", "auth.secret-id")?;
                let wrapped = table.get("secret-id-wrapping-path");
                if let (Some(wrapped), None) = (wrapped, &secret_id) {
                    let what = "`vault.auth.secret-id-wrapping-path` is set, and no secret id is";
                    return Err(self.lacking(wrapped.line, what).next(how_to_give("secret-id")));
                }
                let wrapped = self.of_file("auth.secret-id-wrapping-path", wrapped, String::clone);
                VaultAuth::AppRole { mount, role_id, secret_id, wrapped }
            }
            Method::Kubernetes => {
                let role = self.needed(auth, "role", "auth.role")?;
                let jwt = match self.file_in(table, "token", "auth.token")? {
                    Some(jwt) => jwt,
                    None => self.file(SERVICE_ACCOUNT.as_ref(), "auth.token", Origin::BuiltIn),
                };
                VaultAuth::Kubernetes { mount, role, jwt }
            }
            Method::Jwt => {
                let role = self.of_file("auth.role", table.get("role"), String::clone);
                let jwt = self.needed_secret(auth, "jwt", "auth.jwt")?;
                VaultAuth::Jwt { mount, role, jwt }
            }
            Method::Userpass => {
                let username = self.needed(auth, "username", "auth.username")?;
                let password = self.needed_secret(auth, "password", "auth.password")?;
                VaultAuth::Userpass { mount, username, password }
            }
            Method::Cert => {
                if identity.is_none() {
                    let what = "the method `cert` needs a client certificate, and there is none";
                    let next = "set `client-cert` and `client-key` in [vault], or VAULT_CLIENT_CERT and VAULT_CLIENT_KEY";
                    return Err(self.lacking(table.method.line, what).next(next));
                }
                let name = self.of_file("auth.name", table.get("name"), String::clone);
                VaultAuth::Cert { mount, name }
            }
        })
    }

    /// A name that the method cannot do without.
    fn needed(&mut self, auth: &Located<AuthTable>, name: &str, key: &'static str) -> Result<String> {
        if let Some(value) = self.pick(key, auth.value.get(name), shape::name)? {
            return Ok(value);
        }
        let next = match variables_of(key).first() {
            Some(variable) => format!("add `{name}` to it, or set {variable}"),
            None => format!("add `{name}` to it"),
        };
        Err(self.lacking(auth.line, &format!("`vault.auth` has no `{name}`")).next(next))
    }

    fn needed_secret(
        &mut self,
        auth: &Located<AuthTable>,
        name: &str,
        key: &'static str,
    ) -> Result<VaultSecret> {
        let secret = self.secret(&auth.value, name, key)?;
        let what = format!("`vault.auth` has no {name}");
        secret.ok_or_else(|| self.lacking(auth.line, &what).next(how_to_give(name)))
    }

    fn lacking(&self, line: usize, what: &str) -> Error {
        Error::new(Kind::Misconfigured, format!("{}: {what}", self.table.origin(line)))
    }

    /// A secret: the variable over `NAME-file` over `NAME-credential`.
    fn secret(&mut self, table: &AuthTable, name: &str, key: &'static str) -> Result<Option<VaultSecret>> {
        for variable in variables_of(key) {
            let Some(value) = self.env.secret(variable)? else { continue };
            let origin = Origin::Environment(variable);
            self.note(key, "set".to_owned(), origin.clone());
            return Ok(Some(VaultSecret::Given { value, origin }));
        }
        self.file_in(table, name, key)
    }

    /// The file that `NAME-file` or `NAME-credential` names.
    fn file_in(&mut self, table: &AuthTable, name: &str, key: &'static str) -> Result<Option<VaultSecret>> {
        if let Some(file) = table.get(&format!("{name}-file")) {
            let path = self.table.path(&file.value);
            return Ok(Some(self.file(&path, key, self.table.origin(file.line))));
        }
        let Some(credential) = table.get(&format!("{name}-credential")) else { return Ok(None) };
        let folder = self.env.get(variables::CREDENTIALS_DIRECTORY).map(Path::new);
        let Some(folder) = folder.filter(|folder| folder.is_absolute()) else {
            let what = format!(
                "`vault.auth.{name}-credential` names a credential, and {} is not set to a folder",
                variables::CREDENTIALS_DIRECTORY
            );
            return Err(self.lacking(credential.line, &what).next(format!(
                "start it as a systemd service with LoadCredential=, or name a file in `{name}-file`"
            )));
        };
        Ok(Some(self.file(&folder.join(&credential.value), key, self.table.origin(credential.line))))
    }

    fn file(&mut self, path: &Path, key: &'static str, origin: Origin) -> VaultSecret {
        self.note(key, format!("in {}", shown_path(path)), origin.clone());
        VaultSecret::File { path: path.to_path_buf(), origin }
    }
}

fn how_to_give(name: &str) -> String {
    let variable = name.to_ascii_uppercase().replace('-', "_");
    format!(
        "name the file or systemd credential that holds it in `{name}-file` or `{name}-credential`, or set \
         VAULT_{variable}"
    )
}
