//! What `auth` of `[vault]` may say: which keys there are depends on the method.

use std::path::Path;

use super::shape;
use crate::config::fault::Bad;
use crate::config::origin::Located;
use crate::config::table::Entry;
use crate::{Error, Result};

/// `auth = { .. }`.
#[derive(Clone, Debug)]
pub(super) struct AuthTable {
    pub(super) method: Located<Method>,
    pub(super) mount: Option<Located<String>>,
    pub(super) revoke: Option<Located<bool>>,
    keys: Vec<(Key, Located<String>)>,
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// A token that exists already.
    Token,
    /// AppRole.
    AppRole,
    /// A Kubernetes service account.
    Kubernetes,
    /// A JWT of any issuer.
    Jwt,
    /// User name and password.
    Userpass,
    /// The TLS client certificate.
    Cert,
}

/// A key of a method: its name and what its value is.
type Key = (&'static str, Shape);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A name that the server knows.
    Name,
    /// A path of the server's API.
    Segments,
    /// A file.
    File,
    /// A file in systemd's folder of credentials.
    Credential,
}

/// Keys of every method.
const COMMON: &[&str] = &["method", "mount", "revoke"];

/// What people write into the file, and where it belongs.
const SECRETS: &[(&str, &str, &str)] = &[
    ("token", "token-file", "VAULT_TOKEN"),
    ("secret-id", "secret-id-file", "VAULT_SECRET_ID"),
    ("jwt", "jwt-file", "VAULT_JWT"),
    ("password", "password-file", "VAULT_PASSWORD"),
];

impl Method {
    const ALL: [Self; 6] =
        [Self::Token, Self::AppRole, Self::Kubernetes, Self::Jwt, Self::Userpass, Self::Cert];

    /// The name, which is also where a server mounts the method unless told otherwise.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::AppRole => "approle",
            Self::Kubernetes => "kubernetes",
            Self::Jwt => "jwt",
            Self::Userpass => "userpass",
            Self::Cert => "cert",
        }
    }

    const fn keys(self) -> &'static [Key] {
        match self {
            Self::Token => &[("token-file", Shape::File)],
            Self::AppRole => &[
                ("role-id", Shape::Name),
                ("secret-id-file", Shape::File),
                ("secret-id-credential", Shape::Credential),
                ("secret-id-wrapping-path", Shape::Segments),
            ],
            Self::Kubernetes => &[("role", Shape::Name), ("token-file", Shape::File)],
            Self::Jwt => {
                &[("role", Shape::Name), ("jwt-file", Shape::File), ("jwt-credential", Shape::Credential)]
            }
            Self::Userpass => &[
                ("username", Shape::Name),
                ("password-file", Shape::File),
                ("password-credential", Shape::Credential),
            ],
            Self::Cert => &[("name", Shape::Name)],
        }
    }

    fn read(text: &str) -> std::result::Result<Self, Bad> {
        Self::ALL.into_iter().find(|method| method.name() == text).ok_or_else(|| {
            let why =
                "there is no such method here; for any other, log in by `vault login` and leave `auth` out";
            Bad::new(why, format!("use one of: {}", Self::names()))
        })
    }

    fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// Reads the table.
pub(super) fn read(entry: &Entry<'_>) -> Result<Located<AuthTable>> {
    let entries = entry.table()?;
    // First of all: a secret is one under every method, and under none.
    if let Some(error) = entries.iter().find_map(|entry| is_login_secret(entry.name, entry)) {
        return Err(error);
    }
    let Some(method) = entries.iter().find(|entry| entry.name == "method") else {
        let error = entry.error("has no `method`");
        return Err(error.next(format!("add method = \"NAME\", one of: {}", Method::names())));
    };
    let method = method.read(Method::read)?;
    let mut table = AuthTable { method, mount: None, revoke: None, keys: Vec::new() };
    for entry in &entries {
        match entry.name {
            "method" => {}
            "mount" => table.mount = Some(entry.read(shape::segments)?),
            "revoke" => table.revoke = Some(entry.boolean()?),
            _ => table.add(entry)?,
        }
    }
    Ok(entry.located(table))
}

/// The refusal of a key that would hold a secret for logging in.
pub(super) fn is_login_secret(name: &str, entry: &Entry<'_>) -> Option<Error> {
    let (_, file, variable) = SECRETS.iter().find(|(secret, ..)| *secret == name)?;
    let error = entry.error("is a secret, and a config file holds none");
    Some(
        error
            .next(format!("put it into a file and name that in `{file}` of `auth`, or set {variable}"))
            .next("if the file was shared or committed, replace the secret"),
    )
}

impl AuthTable {
    fn add(&mut self, entry: &Entry<'_>) -> Result<()> {
        let method = self.method.value;
        let Some(key) = method.keys().iter().find(|(name, _)| *name == entry.name) else {
            let known: Vec<_> =
                COMMON.iter().copied().chain(method.keys().iter().map(|(name, _)| *name)).collect();
            return Err(entry.unknown_of(&format!("the method {}", method.name()), &known));
        };
        let value = match key.1 {
            Shape::Name => entry.read(shape::name)?,
            Shape::Segments => entry.read(shape::segments)?,
            Shape::File => entry.string()?,
            Shape::Credential => entry.read(shape::credential_name)?,
        };
        let is_source = |shape| matches!(shape, Shape::File | Shape::Credential);
        if let Some(((other, _), _)) = self.keys.iter().find(|((_, shape), _)| is_source(*shape))
            && is_source(key.1)
        {
            let error = entry.error(&format!("stands beside `{other}`, and one of them is enough"));
            return Err(error.next("keep the one that holds what the server asks for"));
        }
        self.keys.push((*key, value));
        Ok(())
    }

    /// The value of a key of the method.
    pub(super) fn get(&self, name: &str) -> Option<&Located<String>> {
        self.keys.iter().find(|((known, _), _)| *known == name).map(|(_, value)| value)
    }

    /// All keys, each with its tables.
    pub(super) fn sensitive(&self, folder: &Path) -> Vec<(String, Located<String>)> {
        let located =
            |name: &str, value: String, line| (format!("vault.auth.{name}"), Located { value, line });
        let mut list = vec![located("method", self.method.value.name().to_owned(), self.method.line)];
        list.extend(self.mount.iter().map(|mount| located("mount", mount.value.clone(), mount.line)));
        list.extend(
            self.revoke.iter().map(|revoke| located("revoke", revoke.value.to_string(), revoke.line)),
        );
        list.extend(self.keys.iter().map(|((name, shape), value)| {
            let text = match shape {
                Shape::File => folder.join(&value.value).to_string_lossy().into_owned(),
                _ => value.value.clone(),
            };
            located(name, text, value.line)
        }));
        list
    }
}
