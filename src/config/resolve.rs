//! Settings of one profile: a flag over a variable over the file over what is built in.

use std::path::{Path, PathBuf};
use std::time::Duration;

use momo_cred_backend_api::Location;

use super::aws::AwsTable;
use super::fault::{Bad, Fault, because};
use super::origin::{Located, Origin, Setting};
use super::profile::effective;
use super::schema::{EnvTable, Schema, callback_host, hook_line, preset_name, variable_prefix};
use super::secrets::looks_like_secret;
use super::steering::BadVariableName;
use super::vault::VaultTable;
use super::{DEFAULT_PREFIX, Environment, Found, HookCommand, duration, steering, variables};
use crate::credential::{Field, Layout, Product, TargetEnvironment};
use crate::momo::{BaseUrl, CallbackHost, ProxyUrl};
use crate::{Error, Kind, Result};

/// What the command line gave, as typed: it is read here, where a refused value is not repeated.
#[derive(Clone, Default)]
pub struct Overrides {
    /// `--profile`, each possibly a comma list.
    pub profiles: Vec<String>,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--store`.
    pub store: Option<String>,
    /// `--product`.
    pub product: Option<String>,
    /// `--target-environment`.
    pub target_environment: Option<String>,
    /// `--base-url`.
    pub base_url: Option<String>,
    /// `--callback-host`.
    pub callback_host: Option<String>,
    /// `--timeout`.
    pub timeout: Option<String>,
    /// `--preset` of `exec`.
    pub preset: Option<String>,
    /// `--prefix` of `exec`.
    pub prefix: Option<String>,
    /// `--hook-post` of what publishes.
    pub hook_post: Option<String>,
}

/// Settings of one profile. What is `None` was set nowhere: the record decides, then what is built in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of the profile.
    pub profile: String,
    /// What chose the profile.
    pub chosen_by: Origin,
    /// The product.
    pub product: Option<Setting<Product>>,
    /// The target environment.
    pub target_environment: Option<Setting<TargetEnvironment>>,
    /// The gateway.
    pub base_url: Option<Setting<BaseUrl>>,
    /// The callback host.
    pub callback_host: Option<Setting<CallbackHost>>,
    /// Where the record is. A dotenv path is relative to the working directory or absolute, and has a prefix.
    pub store: Setting<Location>,
    /// Under which names a program gets the values.
    pub env: EnvSettings,
    /// Under which names the store keeps the fields.
    pub layout: Layout,
    /// Deadline of all network work.
    pub timeout: Option<Setting<Duration>>,
    /// How long a claim's owner may work.
    pub lease: Option<Setting<Duration>>,
    /// How long the kernel may keep the credential for a start while the store is down.
    pub cache: Option<Setting<Duration>>,
    /// Proxy of the gateway client.
    pub proxy: Option<Setting<ProxyUrl>>,
    /// Whether a dotenv file may lie on a file system that is shared between machines.
    pub dotenv_allow_shared_fs: Option<Setting<bool>>,
    /// What the file says on Vault. [`VaultSettings`](super::VaultSettings) adds the environment to it.
    pub vault: VaultTable,
    /// What the file says on AWS. [`AwsSettings`](super::AwsSettings) adds the environment to it.
    pub aws: AwsTable,
    /// Filter of the log, unchecked.
    pub log: Option<Setting<String>>,
    /// The audit trail: absolute, or relative to the working directory.
    pub audit: Option<Setting<PathBuf>>,
    /// What runs after a publish.
    pub hook_post: Option<Setting<HookCommand>>,
    /// How long that may take.
    pub hook_timeout: Option<Setting<Duration>>,
}

/// Under which names a program gets the values of a record.
#[derive(Clone, Debug, Default)]
pub struct EnvSettings {
    /// Preset: which names an SDK reads.
    pub preset: Option<Setting<String>>,
    /// Prefix of the preset's names.
    pub prefix: Option<Setting<String>>,
    /// Single variables and their fields.
    pub names: Vec<(String, Field)>,
}

impl EnvSettings {
    /// Whether the names of a preset belong to it: not where there are single variables and nothing else.
    pub fn uses_preset(&self) -> bool {
        self.names.is_empty() || self.preset.is_some() || self.prefix.is_some()
    }
}

/// The refusal of a value from the command line or environment. The value itself is never repeated.
pub(super) fn refused(value: &str, origin: &Origin, fault: &impl Fault) -> Error {
    if looks_like_secret(value) { refused_secret(origin) } else { because(refusal(origin), fault) }
}

pub(super) fn refusal(origin: &Origin) -> Error {
    Error::new(kind(origin), format!("the value of {origin} is refused"))
}

fn refused_secret(origin: &Origin) -> Error {
    Error::new(kind(origin), format!("the value of {origin} looks like a secret"))
        .because("no setting takes one")
        .next(format!(
            "give a key with --subscription-key-file, {} or at the prompt",
            variables::SUBSCRIPTION_KEY
        ))
        .next("the shell's history and the list of processes may hold it now: replace it")
}

fn kind(origin: &Origin) -> Kind {
    if matches!(origin, Origin::Flag(_)) { Kind::Usage } else { Kind::Misconfigured }
}

/// Resolves one profile, without regard to trust.
pub(super) struct Resolver<'a> {
    pub(super) schema: &'a Schema,
    pub(super) found: Option<&'a Found>,
    pub(super) overrides: &'a Overrides,
    pub(super) env: &'a Environment,
}

impl Resolver<'_> {
    pub(super) fn settings(&self, name: String, chosen_by: Origin) -> Result<Settings> {
        let profile = effective(self.schema, &name);
        let flags = self.overrides;
        let (layout, fields_line) =
            profile.fields.map_or((Layout::default(), None), |fields| (fields.value, Some(fields.line)));
        let given = self.given("--store", &flags.store, Some(variables::STORE), |text| {
            let location =
                text.parse::<Location>().map_err(|fault| Bad::new(fault.to_string(), fault.next()))?;
            place(location, None, &layout)
        })?;
        let store = match (given, profile.store) {
            (Some(given), _) => given,
            (None, Some(located)) => {
                let Setting { value, origin } = self.in_file(located);
                let placed = place(value, self.folder(), &layout)
                    .map_err(|fault| misplaced(&origin, "store", &fault))?;
                Setting::new(placed, origin)
            }
            (None, None) => {
                // Of a location that is built in, only the stored names of fields can be wrong.
                let origin = fields_line
                    .map_or(Origin::BuiltIn, |line| self.in_file(Located { value: (), line }).origin);
                let placed = place(default_store()?, None, &layout)
                    .map_err(|fault| misplaced(&origin, "fields", &fault))?;
                Setting::new(placed, Origin::BuiltIn)
            }
        };
        let after = profile.after.or(self.schema.after.clone());
        let hook = self.given("--hook-post", &flags.hook_post, None, hook_line)?;
        let timeout = |text: &str| duration::parse_within(text, duration::TIMEOUT);
        Ok(Settings {
            product: self.pick(
                "--product",
                &flags.product,
                variables::PRODUCT,
                profile.product,
                str::parse,
            )?,
            target_environment: self.pick(
                "--target-environment",
                &flags.target_environment,
                variables::TARGET_ENVIRONMENT,
                profile.target_environment,
                str::parse,
            )?,
            base_url: self.pick(
                "--base-url",
                &flags.base_url,
                variables::BASE_URL,
                profile.base_url,
                str::parse,
            )?,
            callback_host: self.pick(
                "--callback-host",
                &flags.callback_host,
                variables::CALLBACK_HOST,
                profile.callback_host,
                callback_host,
            )?,
            store,
            env: self.env(profile.env.unwrap_or_default())?,
            layout,
            timeout: self.pick(
                "--timeout",
                &flags.timeout,
                variables::TIMEOUT,
                profile.timeout.or_else(|| self.schema.timeout.clone()),
                timeout,
            )?,
            lease: profile.lease.or_else(|| self.schema.lease.clone()).map(|lease| self.in_file(lease)),
            cache: profile.cache.or_else(|| self.schema.cache.clone()).map(|cache| self.in_file(cache)),
            proxy: self.schema.proxy.clone().map(|proxy| self.in_file(proxy)),
            dotenv_allow_shared_fs: self
                .schema
                .dotenv_allow_shared_fs
                .clone()
                .map(|allow| self.in_file(allow)),
            vault: VaultTable::new(profile.vault.or_else(|| self.schema.vault.clone()), self.found),
            aws: AwsTable::new(profile.aws.or_else(|| self.schema.aws.clone()), self.found),
            audit: after.audit.map(|path| self.in_file(path).map(|path| self.below_folder(path))),
            hook_post: hook.or_else(|| after.hook_post.map(|hook| self.in_file(hook))),
            hook_timeout: after.hook_timeout.map(|limit| self.in_file(limit)),
            log: self.pick("", &None, variables::LOG, self.schema.log.clone(), plain)?,
            profile: name,
            chosen_by,
        })
    }

    fn env(&self, table: EnvTable) -> Result<EnvSettings> {
        let preset = self.given("--preset", &self.overrides.preset, None, preset_name)?;
        let prefix = self.given("--prefix", &self.overrides.prefix, None, variable_prefix)?;
        Ok(EnvSettings {
            preset: preset.or_else(|| table.preset.map(|preset| self.in_file(preset))),
            prefix: prefix.or_else(|| table.prefix.map(|prefix| self.in_file(prefix))),
            names: table.names,
        })
    }

    /// The flag, else the variable, else the file.
    fn pick<T, E: Fault>(
        &self,
        flag: &'static str,
        value: &Option<String>,
        variable: &'static str,
        file: Option<Located<T>>,
        read: impl Fn(&str) -> std::result::Result<T, E>,
    ) -> Result<Option<Setting<T>>> {
        let given = self.given(flag, value, Some(variable), read)?;
        Ok(given.or_else(|| file.map(|located| self.in_file(located))))
    }

    /// The flag, else the variable.
    fn given<T, E: Fault>(
        &self,
        flag: &'static str,
        value: &Option<String>,
        variable: Option<&'static str>,
        read: impl Fn(&str) -> std::result::Result<T, E>,
    ) -> Result<Option<Setting<T>>> {
        let (text, origin) = match (value, variable) {
            (Some(text), _) => (text.as_str(), Origin::Flag(flag)),
            (None, Some(variable)) => match self.env.text(variable)? {
                Some(text) => (text, Origin::Environment(variable)),
                None => return Ok(None),
            },
            (None, None) => return Ok(None),
        };
        // A path in a store may have the id of a tenant in it, 32 hex digits too.
        let is_path = flag == "--store" && text.contains('/');
        if looks_like_secret(text) && !is_path {
            return Err(refused_secret(&origin));
        }
        read(text)
            .map(|value| Some(Setting::new(value, origin.clone())))
            .map_err(|fault| refused(text, &origin, &fault))
    }

    fn in_file<T>(&self, located: Located<T>) -> Setting<T> {
        let path = self.found.map(|found| found.shown().to_path_buf()).unwrap_or_default();
        Setting::new(located.value, Origin::File { path, line: located.line })
    }

    /// A path of the file: a relative one starts from its folder.
    fn below_folder(&self, path: PathBuf) -> PathBuf {
        match self.folder() {
            Some(folder) => folder.join(path),
            None => path,
        }
    }

    /// The file's folder, or none where it is the working directory: short paths make short messages.
    fn folder(&self) -> Option<&Path> {
        let folder = self.found?.folder();
        match folder.strip_prefix(self.env.cwd()) {
            Ok(below) if below.as_os_str().is_empty() => None,
            Ok(below) => Some(below),
            Err(_) => Some(folder),
        }
    }
}

/// Completes a dotenv location: the path starts from the folder of the file that names it, the prefix defaults.
fn place(location: Location, folder: Option<&Path>, layout: &Layout) -> std::result::Result<Location, Bad> {
    if location.scheme() != "dotenv" {
        return Ok(location);
    }
    let path = Path::new(location.address());
    let address = match folder {
        Some(folder) if path.is_relative() => {
            folder.join(path).into_os_string().into_string().map_err(|_| {
                Bad::new("its path is not UTF-8", "give an absolute path, or move the config file")
            })?
        }
        _ => location.address().to_owned(),
    };
    let prefix = location.fragment().unwrap_or(DEFAULT_PREFIX);
    // The names that are built in were looked at when they were chosen, and are what most starts have.
    let chosen = prefix != DEFAULT_PREFIX || *layout != Layout::default();
    for field in Field::ALL.into_iter().filter(|_| chosen) {
        // What a field is called is the file's choice too: `#NODE` and a field `options` make NODE_OPTIONS.
        let stored = layout.stored(field);
        steering::refuse(&format!("{prefix}_{stored}")).map_err(|bad| {
            let why = match bad {
                BadVariableName::Syntax => format!("prefix and stored name of {field} together are {bad}"),
                BadVariableName::Steering => format!(
                    "prefix and stored name of {field} make a variable whose name steers how programs are found, \
                     loaded or run"
                ),
            };
            if stored == field.name() {
                Bad::new(why, "choose another prefix after `#`, as in dotenv:.env#MOMO")
            } else {
                Bad::new(why, format!("choose another name for {field} in `fields`, or another prefix after `#`"))
            }
        })?;
    }
    Location::new("dotenv", address, Some(prefix.to_owned()))
        .map_err(|fault| Bad::new(fault.to_string(), fault.next()))
}

fn misplaced(origin: &Origin, key: &str, fault: &Bad) -> Error {
    because(Error::new(Kind::Misconfigured, format!("{origin}: `{key}` has a wrong value")), fault)
}

fn default_store() -> Result<Location> {
    Location::new("dotenv", ".env", Some(DEFAULT_PREFIX.to_owned())).map_err(|fault| {
        let error = Error::new(Kind::Internal, "the built-in location is refused").because(fault);
        error.next("report this as a bug, and name the location with --store")
    })
}

/// A text that others read further. Only what would garble a message is refused here.
fn plain(text: &str) -> std::result::Result<String, Bad> {
    if text.is_empty() || text.len() > 4096 || text.chars().any(char::is_control) {
        return Err(Bad::new(
            "it is empty, too long or holds a control character",
            "give a filter such as debug, or leave it out",
        ));
    }
    Ok(text.to_owned())
}
