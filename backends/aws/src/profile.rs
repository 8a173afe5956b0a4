//! The shared files of `~/.aws`, read by the SDK's own loader, and which way of theirs leads to credentials.

use std::path::{Path, PathBuf};

use aws_config::profile::{Profile, ProfileSet, load};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::property::PropertiesKey;
use aws_types::os_shim_internal::{Env, Fs};
use zeroize::Zeroizing;

use crate::Problem;
use crate::fault::Fault;

/// The profiles of the shared files, and the one that counts.
pub(crate) struct Shared {
    profiles: ProfileSet,
    /// Somebody chose the profile; else it is the default one, which need not be there.
    chosen: bool,
}

/// A role that a profile leads to.
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) external_id: Option<String>,
    pub(crate) session_name: Option<String>,
}

/// Where the credentials of a profile are from.
pub(crate) enum Way {
    /// It has none: another place may.
    None,
    /// A way that the SDK goes by itself.
    Sdk {
        /// It asks STS, which takes a region.
        asks_sts: bool,
        /// The profile with the single sign-on.
        sso: Option<String>,
    },
    /// A program, and the roles to assume with what it prints, the first one first.
    Program { command: Zeroizing<String>, roles: Vec<Role> },
}

impl Shared {
    /// Reads the files. One that is not there is as an empty one; any other that cannot be read would make us somebody
    /// else than was meant, without a word.
    pub(crate) async fn load(profile: Option<&str>) -> Result<Self, Problem> {
        let (fs, env) = (Fs::real(), Env::real());
        for (kind, path) in places(&env) {
            check(kind, &path, &fs, &env).await?;
        }
        let name = profile.map(|name| name.to_owned().into());
        let all = EnvConfigFiles::default();
        let profiles = load(&fs, &env, &all, name)
            .await
            .map_err(|_| Problem::SharedFile { path: "~/.aws".to_owned(), why: "cannot be read" })?;
        Ok(Self { profiles, chosen: profile.is_some() })
    }

    /// Files of which nothing is known.
    pub(crate) fn unread() -> Self {
        Self { profiles: ProfileSet::default(), chosen: false }
    }

    /// The profile that counts.
    pub(crate) fn selected(&self) -> &str {
        self.profiles.selected_profile()
    }

    /// A setting of the profile that counts.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.profiles.get(key).filter(|value| !value.is_empty())
    }

    /// The endpoint of the service in the `services` section of the profile, under the name that AWS documents
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html>). The SDK reads `secrets-manager` there.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        let is_true = |value: &str| value.eq_ignore_ascii_case("true");
        let ignored =
            Env::real().get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_ok_and(|value| is_true(&value));
        if ignored || self.get("ignore_configured_endpoint_urls").is_some_and(is_true) {
            return None;
        }
        let key = PropertiesKey::builder()
            .section_key("services")
            .section_name(self.get("services")?)
            .property_name("secrets_manager")
            .sub_property_name("endpoint_url")
            .build()
            .ok()?;
        self.profiles.other_sections().get(&key).map(String::as_str)
    }

    /// The chosen profile has to be there: another place's identity is not what was meant.
    pub(crate) fn check_chosen(&self) -> Result<(), Problem> {
        let missing = self.chosen && self.profiles.get_profile(self.selected()).is_none();
        if missing { Err(self.no_profile(self.selected(), None)) } else { Ok(()) }
    }

    /// Walks from profile to profile as the SDK does, so that it is known where the walk ends before anything is started.
    pub(crate) fn way(&self) -> Result<Way, Problem> {
        self.check_chosen()?;
        let mut visited: Vec<&str> = Vec::new();
        let mut roles = Vec::new();
        let mut name = self.selected();
        let last = loop {
            let Some(profile) = self.profiles.get_profile(name) else {
                let Some(by) = visited.last() else { return Ok(Way::None) };
                return Err(self.no_profile(name, Some(by)));
            };
            if visited.contains(&name) {
                return Err(unusable(profile, "its source_profile leads back to itself"));
            }
            visited.push(name);
            let keys =
                profile.get("aws_access_key_id").is_some() && profile.get("aws_secret_access_key").is_some();
            if visited.len() > 1 && keys {
                return Ok(Way::Sdk { asks_sts: true, sso: None });
            }
            let Some(role) = role(profile) else { break profile };
            roles.push(role);
            match (profile.get("source_profile"), profile.get("credential_source")) {
                (Some(_), Some(_)) => {
                    return Err(unusable(profile, "it has both source_profile and credential_source"));
                }
                (None, None) => {
                    let why = "it has role_arn and neither source_profile nor credential_source";
                    return Err(unusable(profile, why));
                }
                (Some(source), None) if source != profile.name() => name = source,
                _ => break profile,
            }
        };
        roles.reverse();
        end(last, roles)
    }

    fn no_profile(&self, name: &str, by: Option<&str>) -> Problem {
        Problem::NoProfile { name: shown(name), by: by.map(shown) }
    }
}

/// The end of the walk: where the first credentials are from, in the order of the SDK.
fn end(profile: &Profile, roles: Vec<Role>) -> Result<Way, Problem> {
    let has = |key: &str| profile.get(key).is_some();
    let asks_sts = !roles.is_empty();
    if let Some(source) = profile.get("credential_source") {
        let known = ["Environment", "Ec2InstanceMetadata", "EcsContainer"];
        if !known.iter().any(|known| known.eq_ignore_ascii_case(source)) {
            return Err(unusable(profile, "its credential_source is none there is"));
        }
        return Ok(Way::Sdk { asks_sts, sso: None });
    }
    if has("web_identity_token_file") {
        if !has("role_arn") {
            return Err(unusable(profile, "it has web_identity_token_file without role_arn"));
        }
        return Ok(Way::Sdk { asks_sts: true, sso: None });
    }
    if ["sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name"].into_iter().any(has)
    {
        return Ok(Way::Sdk { asks_sts, sso: Some(shown(profile.name())) });
    }
    if has("login_session") {
        return Err(unusable(profile, "its login_session is not supported here"));
    }
    if let Some(command) = profile.get("credential_process") {
        return Ok(Way::Program { command: Zeroizing::new(command.to_owned()), roles });
    }
    match (has("aws_access_key_id"), has("aws_secret_access_key"), has("aws_session_token")) {
        (true, true, _) => Ok(Way::Sdk { asks_sts, sso: None }),
        (false, false, false) if roles.is_empty() => Ok(Way::None),
        (false, false, false) => Err(unusable(profile, "it has none, and a role is to be assumed with them")),
        (_, true, _) => Err(unusable(profile, "aws_access_key_id is missing")),
        _ => Err(unusable(profile, "aws_secret_access_key is missing")),
    }
}

/// A web identity is where a walk ends, and no role on its way.
fn role(profile: &Profile) -> Option<Role> {
    if profile.get("web_identity_token_file").is_some() {
        return None;
    }
    let text = |key: &str| profile.get(key).map(str::to_owned);
    Some(Role {
        arn: text("role_arn")?,
        external_id: text("external_id"),
        session_name: text("role_session_name"),
    })
}

fn unusable(profile: &Profile, why: &'static str) -> Problem {
    Problem::Credentials { from: of_profile(profile.name()), fault: Fault::Unusable(why) }
}

/// A profile, for people.
pub(crate) fn of_profile(name: &str) -> String {
    format!("the profile {} in the shared files", shown(name))
}

/// The name of a profile is somebody's text, and may be a key in the wrong place.
fn shown(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@+/ :".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(plain) && !long_word(name) {
        name.to_owned()
    } else {
        "(not shown)".to_owned()
    }
}

/// As a secret access key is: nobody calls a profile so.
fn long_word(name: &str) -> bool {
    name.len() >= 32 && name.chars().all(|c| c.is_ascii_alphanumeric() || "+/".contains(c))
}

fn places(env: &Env) -> [(EnvConfigFileKind, PathBuf); 2] {
    let place = |variable: &str, default: &str| {
        expanded(&env.get(variable).unwrap_or_else(|_| default.to_owned()), env)
    };
    [
        (EnvConfigFileKind::Config, place("AWS_CONFIG_FILE", "~/.aws/config")),
        (EnvConfigFileKind::Credentials, place("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")),
    ]
}

/// A path with the home folder in the place of `~`.
pub(crate) fn expanded(path: &str, env: &Env) -> PathBuf {
    match (Path::new(path).strip_prefix("~"), env.get("HOME")) {
        (Ok(rest), Ok(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

async fn check(kind: EnvConfigFileKind, path: &Path, fs: &Fs, env: &Env) -> Result<(), Problem> {
    let fault = |why| Problem::SharedFile { path: path.to_string_lossy().escape_debug().to_string(), why };
    // A home of somebody else's, which cannot be looked into, has nothing for us.
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(()) };
    if metadata.is_dir() {
        return Err(fault("is a folder"));
    }
    if !metadata.is_file() {
        return Ok(());
    }
    let bytes = Zeroizing::new(std::fs::read(path).map_err(|_| fault("cannot be read"))?);
    // The SDK would take it as empty.
    if std::str::from_utf8(&bytes).is_err() {
        return Err(fault("is not UTF-8"));
    }
    let alone = EnvConfigFiles::builder().with_file(kind, path).build();
    // The SDK's error quotes the line.
    load(fs, env, &alone, None).await.map_err(|_| fault("is not written as such a file has to be"))?;
    Ok(())
}
