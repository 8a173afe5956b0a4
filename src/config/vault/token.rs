//! The token that Vault's own client left on this machine.

use std::ffi::OsString;
use std::path::Path;

use momo_cred_transport::HttpAddress;

use super::VaultTokenSource;
use super::client_file::{self, Named};
use super::resolve::Resolver;
use crate::Result;
use crate::config::secrets::shown_path;
use crate::config::{Origin, variables};

/// What a helper gets of our environment, besides the address: nothing in it opens anything.
const HELPERS: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

impl Resolver<'_> {
    /// The token helper where one is configured, else `~/.vault-token`.
    pub(super) fn clients_token(&mut self, address: &HttpAddress) -> Result<Option<VaultTokenSource>> {
        if let Some(named) = self.token_helper()? {
            let Named { program, origin } = named;
            self.note("auth.token", format!("from {}", shown_path(&program)), origin.clone());
            let environment = self.environment(address);
            return Ok(Some(VaultTokenSource::Helper { program, environment, origin }));
        }
        let Some(home) = self.env.home() else { return Ok(None) };
        let path = home.join(".vault-token");
        self.note("auth.token", format!("in {}", shown_path(&path)), Origin::BuiltIn);
        Ok(Some(VaultTokenSource::File(path)))
    }

    fn token_helper(&self) -> Result<Option<Named>> {
        for variable in variables::VAULT_CONFIG_PATH {
            if let Some(path) = self.env.get(variable) {
                return client_file::token_helper(&self.env.cwd().join(Path::new(path)), self.env);
            }
        }
        let Some(home) = self.env.home() else { return Ok(None) };
        let path = home.join(".vault");
        // Some keep a folder of that name.
        if path.is_dir() { Ok(None) } else { client_file::token_helper(&path, self.env) }
    }

    fn environment(&self, address: &HttpAddress) -> Vec<(OsString, OsString)> {
        let ours =
            HELPERS.iter().filter_map(|name| Some((OsString::from(name), self.env.get(name)?.to_owned())));
        // The one in force: a helper that keeps tokens by address must not give that of another server.
        ours.chain([("VAULT_ADDR".into(), address.as_str().into())]).collect()
    }
}
