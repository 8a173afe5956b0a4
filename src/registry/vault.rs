//! The row of HashiCorp Vault and OpenBao.

use momo_cred_backend_api::Reason as _;
use momo_cred_backend_vault::{
    Auth, Helper, KvVersion, MountPath, Namespace, Problem, SecretSource, TokenSource, VaultConfig,
    VaultStore,
};
use momo_cred_transport::TlsOptions;

use super::{
    Arc, Environment, Login, RecordName, Result, Runtime, Settings, Shown, Store, Stores, VaultSettings,
    misconfigured,
};
use crate::config::{VaultAuth, VaultKvVersion, VaultSecret, VaultTokenSource};

pub(super) fn name(settings: &Settings) -> Result<RecordName> {
    let location = &settings.store.value;
    let next = if location.address().contains("://") {
        "name the server in VAULT_ADDR or `address` in [vault], and the record like vault:secret/momo/sandbox/collection"
    } else {
        "name the record like vault:secret/momo/sandbox/collection"
    };
    RecordName::new(location.address()).map_err(|error| misconfigured(&error, next, location))
}

pub(super) fn open(stores: &Stores, settings: &Settings, environment: &Environment) -> Result<Store> {
    let location = &settings.store.value;
    let vault = VaultSettings::resolve(settings, environment)?;
    let known =
        stores.vaults.borrow().iter().find(|(known, _)| *known == vault).map(|(_, store)| Arc::clone(store));
    let backend = match known {
        Some(store) => store,
        None => {
            let unusable =
                |problem: Problem| misconfigured(&problem, &problem.next().unwrap_or_default(), location);
            let config = config(&vault, stores).map_err(unusable)?;
            let store = Arc::new(VaultStore::new(config).map_err(unusable)?);
            stores.vaults.borrow_mut().push((vault, Arc::clone(&store)));
            store
        }
    };
    Ok((backend, Runtime::Tokio))
}

pub(super) fn settings(settings: &Settings, environment: &Environment) -> Result<Vec<Shown>> {
    let vault = VaultSettings::resolve(settings, environment)?;
    let row = |(key, value, origin): (&str, &str, &_)| {
        (format!("vault.{key}"), value.to_owned(), crate::config::Origin::clone(origin))
    };
    Ok(vault.rows().map(row).collect())
}

/// A token or a certificate by itself; every other method by the role or user that it logs in as, whose secrets change.
pub(super) fn login(settings: &Settings, environment: &Environment) -> Result<Login> {
    let vault = VaultSettings::resolve(settings, environment)?;
    let login = Login::of(momo_cred_backend_vault::SCHEME)
        .with("address", &vault.address.to_string())
        .with_some("namespace", vault.namespace.as_deref());
    Ok(match &vault.auth {
        VaultAuth::Token(sources) => token_of(login, sources),
        VaultAuth::AppRole { mount, role_id, .. } => login.with("approle", mount).with("role-id", role_id),
        VaultAuth::Kubernetes { mount, role, .. } => login.with("kubernetes", mount).with("role", role),
        VaultAuth::Jwt { mount, role, .. } => login.with("jwt", mount).with_some("role", role.as_deref()),
        VaultAuth::Userpass { mount, username, .. } => {
            login.with("userpass", mount).with("username", username)
        }
        VaultAuth::Cert { mount, name } => {
            let login = login.with("cert", mount).with_some("name", name.as_deref());
            let certificate = vault.identity.as_ref().map(|identity| &identity.certificate);
            certificate.into_iter().fold(login, |login, path| login.with_file("certificate", path))
        }
    })
}

/// The sources up to the first that surely has a token.
fn token_of(mut login: Login, sources: &[VaultTokenSource]) -> Login {
    for source in sources {
        match source {
            VaultTokenSource::Unset(_) => {}
            VaultTokenSource::Given(VaultSecret::Given { value, .. }) => {
                return login.with_secret("token", value);
            }
            VaultTokenSource::Given(VaultSecret::File { path, .. }) => {
                return login.with_file("token", path);
            }
            VaultTokenSource::File(path) => login = login.with_file("token", path),
            VaultTokenSource::Helper { .. } => {
                return login.decided_by("a token helper tells who logs in");
            }
        }
    }
    login
}

fn config(vault: &VaultSettings, stores: &Stores) -> std::result::Result<VaultConfig, Problem> {
    Ok(VaultConfig {
        address: vault.address.clone(),
        namespace: vault.namespace.as_deref().map(Namespace::new).transpose()?,
        mount: vault.mount.as_deref().map(MountPath::new).transpose()?,
        kv_version: vault.kv_version.map(|version| match version {
            VaultKvVersion::V1 => KvVersion::V1,
            VaultKvVersion::V2 => KvVersion::V2,
        }),
        allow_no_cas: vault.allow_no_cas,
        tls: TlsOptions { roots: vault.roots.clone(), identity: vault.identity.clone() },
        tls_server_name: vault.tls_server_name.clone(),
        proxy: vault.proxy.clone(),
        auth: auth(&vault.auth)?,
        revoke: vault.revoke,
        deadline: stores.deadline.clone(),
    })
}

fn auth(auth: &VaultAuth) -> std::result::Result<Auth, Problem> {
    let at = |mount: &str| MountPath::new(mount);
    Ok(match auth {
        VaultAuth::Token(sources) => Auth::Token(sources.iter().map(token).collect()),
        VaultAuth::AppRole { mount, role_id, secret_id, wrapped } => Auth::AppRole {
            mount: at(mount)?,
            role_id: role_id.clone(),
            secret_id: secret_id.as_ref().map(secret),
            wrapped: wrapped.as_deref().map(MountPath::new).transpose()?,
        },
        VaultAuth::Kubernetes { mount, role, jwt } => {
            Auth::Kubernetes { mount: at(mount)?, role: role.clone(), jwt: secret(jwt) }
        }
        VaultAuth::Jwt { mount, role, jwt } => {
            Auth::Jwt { mount: at(mount)?, role: role.clone(), jwt: secret(jwt) }
        }
        VaultAuth::Userpass { mount, username, password } => {
            Auth::Userpass { mount: at(mount)?, username: username.clone(), password: secret(password) }
        }
        VaultAuth::Cert { mount, name } => Auth::Cert { mount: at(mount)?, name: name.clone() },
    })
}

fn token(source: &VaultTokenSource) -> TokenSource {
    match source {
        VaultTokenSource::Unset(name) => TokenSource::Unset(name),
        VaultTokenSource::Given(given) => TokenSource::Given(secret(given)),
        VaultTokenSource::Helper { program, environment, origin } => TokenSource::Helper(Helper {
            program: program.clone(),
            environment: environment.clone(),
            origin: origin.to_string(),
        }),
        VaultTokenSource::File(path) => TokenSource::File(path.clone()),
    }
}

fn secret(secret: &VaultSecret) -> SecretSource {
    match secret {
        VaultSecret::Given { value, origin } => {
            SecretSource::Given { value: value.clone(), origin: origin.to_string() }
        }
        VaultSecret::File { path, origin } => {
            SecretSource::File { path: path.clone(), origin: origin.to_string() }
        }
    }
}
