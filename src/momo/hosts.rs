//! Hosts of the MoMo API, as data.
//!
//! MTN publishes no list. Sources are the code samples of its portals and what public programs use: the sandbox since
//! October 2019 (MTN's notebook, developer community January 2026), `proxy.momoapi.mtn.com` (reference pages of the
//! portals momoapi.mtn.com and momodeveloper.mtn.com), Rwanda's own installations (portal momoapi.mtn.co.rw and three
//! public repositories). MTN names the production URL at go-live, so any other can be configured.

use crate::credential::TargetEnvironment;

/// A host of the API that this program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name, in lower case.
    pub name: &'static str,
    /// What it serves.
    pub serves: Serves,
}

/// Target environments of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    /// The sandbox, with the provisioning API.
    Sandbox,
    /// Every country.
    Production,
    /// One country.
    Country(&'static str),
}

/// The built-in hosts. Those that belong to nobody now, such as the old `azure-api.net` names, are not among them:
/// somebody else may take such a name.
pub const HOSTS: [Host; 4] = [
    Host { name: "sandbox.momodeveloper.mtn.com", serves: Serves::Sandbox },
    Host { name: "sandbox.momodeveloper.mtn.co.rw", serves: Serves::Sandbox },
    Host { name: "proxy.momoapi.mtn.com", serves: Serves::Production },
    Host { name: "proxy.momoapi.mtn.co.rw", serves: Serves::Country("mtnrwanda") },
];

const SANDBOX: &str = "https://sandbox.momodeveloper.mtn.com";
const PRODUCTION: &str = "https://proxy.momoapi.mtn.com";
const RWANDA: &str = "https://proxy.momoapi.mtn.co.rw";

/// Names that public programs configure as the API and that are not: portals, another API of MTN, a prototype,
/// inventions.
const WRONG: [(&str, &str); 10] = [
    (
        "momodeveloper.mtn.com",
        "it is the developer portal; the sandbox is https://sandbox.momodeveloper.mtn.com",
    ),
    (
        "momodeveloper.mtn.co.rw",
        "it is a portal; the sandbox there is https://sandbox.momodeveloper.mtn.co.rw",
    ),
    ("momoapi.mtn.com", "it is the production portal; its API is https://proxy.momoapi.mtn.com"),
    ("momoapi.mtn.co.rw", "it is a portal; the API there is https://proxy.momoapi.mtn.co.rw"),
    ("momodevelopercommunity.mtn.com", "it is a forum; the sandbox is https://sandbox.momodeveloper.mtn.com"),
    ("api.mtn.com", "it is another API of MTN; production of MoMo is https://proxy.momoapi.mtn.com"),
    ("proxy.momoapi.mtn.ug", "there is no such host; production of Uganda is https://proxy.momoapi.mtn.com"),
    ("proxy.momoapi.mtn.gh", "there is no such host; production of Ghana is https://proxy.momoapi.mtn.com"),
    (
        "ericssonbasicapi2.azure-api.net",
        "it was the sandbox until 2019; now it is https://sandbox.momodeveloper.mtn.com",
    ),
    (
        "ericssonbasicapi1.azure-api.net",
        "it was production until 2021; now it is https://proxy.momoapi.mtn.com",
    ),
];

impl Serves {
    fn takes(self, target: &TargetEnvironment) -> bool {
        match self {
            Self::Sandbox => target.is_sandbox(),
            Self::Production => !target.is_sandbox(),
            Self::Country(country) => target.as_str() == country,
        }
    }

    const fn described(self) -> &'static str {
        match self {
            Self::Sandbox => "it serves the target environment sandbox only",
            Self::Production => "it serves production (mtn<country>) only",
            Self::Country(_) => "it serves one country only, mtnrwanda",
        }
    }
}

/// The built-in host of that name.
pub(super) fn known(name: &str) -> Option<Host> {
    HOSTS.into_iter().find(|host| host.name == name)
}

/// Why a host of that name is not the API, for names that are often taken for it.
pub(super) fn wrong(name: &str) -> Option<&'static str> {
    WRONG.into_iter().find(|(wrong, _)| *wrong == name).map(|(_, why)| why)
}

/// Why a known host and a target environment do not go together.
pub(super) fn misfit(name: &str, target: &TargetEnvironment) -> Option<&'static str> {
    known(name).filter(|host| !host.serves.takes(target)).map(|host| host.serves.described())
}

/// The base URL that goes with a target environment unless another is configured.
pub(super) fn default_url(target: &TargetEnvironment) -> &'static str {
    match target.as_str() {
        "sandbox" => SANDBOX,
        "mtnrwanda" => RWANDA,
        _ => PRODUCTION,
    }
}
