//! The places where credentials are looked for, in the order of the SDKs. What was found, or not, is kept: a look can cost
//! seconds, start a program and ask three services.

use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::Client as Metadata;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_types::os_shim_internal::Env;
use momo_cred_transport::Deadline;
use tokio::sync::Mutex as Turn;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use crate::Problem;
use crate::fault::Fault;
use crate::process;
use crate::profile::{Role, Shared, Way, of_profile};
use crate::trail::{Trail, Trouble};

const VARIABLES: &str = "the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
const FILES: &str = "the shared files of ~/.aws";
const WEB_IDENTITY: &str = "the web identity of AWS_WEB_IDENTITY_TOKEN_FILE";
const CONTAINER: &str = "the container's role";
const INSTANCE: &str = "the instance's role";

/// As the SDK does: credentials that end within this time are over.
const NEARLY: Duration = Duration::from_secs(10);

/// What a look starts from.
pub(crate) struct Start<'a> {
    pub(crate) conf: &'a ProviderConfig,
    pub(crate) sdk: &'a SdkConfig,
    pub(crate) given: Option<Credentials>,
    pub(crate) profile: Option<&'a str>,
    pub(crate) shared: &'a Shared,
    /// What a program of the shared files gets of our environment.
    pub(crate) environment: &'a [(OsString, OsString)],
    pub(crate) metadata: Metadata,
    pub(crate) region: Region,
    pub(crate) deadline: Deadline,
}

/// Whether there is a region yet: STS is asked in one, and an instance can name its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Region {
    Known,
    Unknown,
}

pub(crate) struct Chain {
    places: Vec<Place>,
    region: Region,
    deadline: Deadline,
    /// Where the last look got to.
    at: Mutex<Option<String>>,
    kept: Turn<Option<Result<Credentials, Problem>>>,
}

struct Place {
    kind: &'static str,
    /// What it is called where it has some.
    name: String,
    /// The profile with the single sign-on, where it is one.
    sso: Option<String>,
    asks_sts: bool,
    source: Source,
}

enum Source {
    Sdk(Box<dyn ProvideCredentials>),
    Program(Box<Program>),
}

/// A program that prints credentials, and the roles to assume with them.
struct Program {
    command: Zeroizing<String>,
    environment: Vec<(OsString, OsString)>,
    roles: Vec<Role>,
    sdk: SdkConfig,
}

/// Why a source has none.
enum Without {
    Fault(Fault),
    Sdk(CredentialsError),
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chain")
    }
}

impl Chain {
    pub(crate) fn new(start: Start<'_>) -> Result<Self, Problem> {
        let mut places = Vec::new();
        let mut add = |kind: &'static str, source| {
            places.push(Place { kind, name: kind.to_owned(), sso: None, asks_sts: false, source });
        };
        if let Some(given) = start.given {
            add(VARIABLES, Source::Sdk(Box::new(given)));
        } else {
            let file = of_files(&start)?;
            let conf = start.conf;
            let web = WebIdentityTokenCredentialsProvider::builder().configure(conf).build();
            add(WEB_IDENTITY, Source::Sdk(Box::new(web)));
            let container = EcsCredentialsProvider::builder().configure(conf).build();
            add(CONTAINER, Source::Sdk(Box::new(container)));
            if !is_set("AWS_EC2_METADATA_DISABLED", |value| value.eq_ignore_ascii_case("true")) {
                let instance = ImdsCredentialsProvider::builder().configure(conf).imds_client(start.metadata);
                add(INSTANCE, Source::Sdk(Box::new(instance.build())));
            }
            places.splice(0..0, file);
        }
        Ok(Self {
            places,
            region: start.region,
            deadline: start.deadline,
            at: Mutex::default(),
            kept: Turn::default(),
        })
    }

    /// Where the credentials are from, or where the look for them ended.
    pub(crate) fn at(&self) -> Option<String> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether they are those of the machine we run on.
    pub(crate) fn is_of_instance(&self) -> bool {
        self.at().as_deref() == Some(INSTANCE)
    }

    /// What was found, looked for once, and anew when it has run out. Nobody looks twice for what is not there.
    pub(crate) async fn look(&self) -> Result<Credentials, Problem> {
        let mut kept = self.kept.lock().await;
        match &*kept {
            Some(Ok(credentials)) if is_fresh(credentials) => return Ok(credentials.clone()),
            Some(Err(problem)) => return Err(problem.clone()),
            _ => {}
        }
        let end = Instant::from_std(self.deadline.instant());
        let found = timeout_at(end, self.search()).await.unwrap_or_else(|_| Err(self.late()));
        *kept = Some(found.clone());
        found
    }

    async fn search(&self) -> Result<Credentials, Problem> {
        for place in &self.places {
            *self.at.lock().unwrap_or_else(PoisonError::into_inner) = Some(place.name.clone());
            place.check(self.region)?;
            let trail = Trail::default();
            match trail.follow(place.ask()).await {
                Ok(credentials) if !fits_a_header(&credentials) => {
                    return Err(place.fails(Fault::Unusable("they hold a character that no key has")));
                }
                Ok(credentials) => return Ok(credentials),
                Err(Without::Fault(fault)) => return Err(place.fails(fault)),
                Err(Without::Sdk(error)) => {
                    if let Some(problem) = place.tell(&error, &trail) {
                        return Err(problem);
                    }
                }
            }
        }
        Err(self.none())
    }

    fn none(&self) -> Problem {
        let mut tried = vec![VARIABLES];
        if !self.places.iter().any(|place| place.kind == FILES) {
            tried.push(FILES);
        }
        tried.extend(self.places.iter().map(|place| place.kind));
        Problem::NoCredentials { tried }
    }

    fn late(&self) -> Problem {
        // Off EC2 nobody is there: it is the last place, and has none.
        if self.is_of_instance() { self.none() } else { self.fails(Fault::Late) }
    }

    fn fails(&self, fault: Fault) -> Problem {
        Problem::Credentials { from: self.at().unwrap_or_default(), fault }
    }
}

/// The place of the shared files, unless they have no credentials.
fn of_files(start: &Start<'_>) -> Result<Option<Place>, Problem> {
    let name = of_profile(start.shared.selected());
    let (source, sso, asks_sts) = match start.shared.way()? {
        Way::None => return Ok(None),
        Way::Sdk { asks_sts, sso } => {
            let mut file = ProfileFileCredentialsProvider::builder().configure(start.conf);
            if let Some(profile) = start.profile {
                file = file.profile_name(profile);
            }
            (Source::Sdk(Box::new(file.build())), sso, asks_sts)
        }
        Way::Program { command, roles } => {
            let asks_sts = !roles.is_empty();
            let environment = start.environment.to_vec();
            let program = Program { command, environment, roles, sdk: start.sdk.clone() };
            (Source::Program(Box::new(program)), None, asks_sts)
        }
    };
    Ok(Some(Place { kind: FILES, name, sso, asks_sts, source }))
}

impl Place {
    async fn ask(&self) -> Result<Credentials, Without> {
        match &self.source {
            Source::Sdk(provider) => provider.provide_credentials().await.map_err(Without::Sdk),
            Source::Program(program) => program.ask().await,
        }
    }

    /// What is wrong before anybody is asked.
    fn check(&self, region: Region) -> Result<(), Problem> {
        let web_identity = self.kind == WEB_IDENTITY && is_set("AWS_WEB_IDENTITY_TOKEN_FILE", |_| true);
        if web_identity && !is_set("AWS_ROLE_ARN", |_| true) {
            return Err(self.fails(Fault::Unusable("AWS_ROLE_ARN is not set")));
        }
        match region {
            Region::Unknown if web_identity || self.asks_sts => Err(Problem::NoRegion),
            _ => Ok(()),
        }
    }

    fn fails(&self, fault: Fault) -> Problem {
        Problem::Credentials { from: self.name.clone(), fault }
    }

    /// Reads the SDK's error, which quotes what it read, by its variant. `None` where there are none, and the next place
    /// is asked.
    fn tell(&self, error: &CredentialsError, trail: &Trail) -> Option<Problem> {
        let fault = Fault::of(error, trail);
        let absent = matches!(error, CredentialsError::CredentialsNotLoaded(_));
        match self.kind {
            FILES if self.sso.is_some() => Some(match (trail.last(), &self.sso) {
                (Some(Trouble::Status(401, _)), Some(profile)) => {
                    Problem::NotLoggedIn { profile: profile.clone() }
                }
                // Nobody was asked: there is no token to ask with.
                (None, Some(profile)) if !absent && trail.host().is_empty() => {
                    Problem::NotLoggedIn { profile: profile.clone() }
                }
                _ if absent => self.fails(Fault::Unusable("sso_region or sso_start_url is missing")),
                _ => self.fails(fault),
            }),
            FILES => Some(self.fails(fault)),
            // What answers there, and has a fault, is an instance; whoever is silent or says no has no role for us.
            INSTANCE => match (error, fault) {
                (CredentialsError::InvalidConfiguration(_), _) => {
                    Some(self.fails(Fault::Unusable("the role does not trust EC2")))
                }
                (_, fault @ (Fault::Down(_) | Fault::Throttled)) => Some(self.fails(fault)),
                _ => None,
            },
            _ if absent => None,
            _ => Some(self.fails(fault)),
        }
    }
}

impl Program {
    async fn ask(&self) -> Result<Credentials, Without> {
        let mut credentials = process::run(&self.command, &self.environment).await.map_err(Without::Fault)?;
        for role in &self.roles {
            let mut assumed = AssumeRoleProvider::builder(&role.arn).configure(&self.sdk);
            if let Some(id) = &role.external_id {
                assumed = assumed.external_id(id);
            }
            if let Some(name) = &role.session_name {
                assumed = assumed.session_name(name);
            }
            let assumed = assumed.build_from_provider(credentials).await;
            credentials = assumed.provide_credentials().await.map_err(Without::Sdk)?;
        }
        Ok(credentials)
    }
}

/// The SDK panics over what no header can carry.
fn fits_a_header(credentials: &Credentials) -> bool {
    let token = credentials.session_token().unwrap_or_default();
    [credentials.access_key_id(), token].iter().all(|text| text.bytes().all(|b| b.is_ascii_graphic()))
}

fn is_fresh(credentials: &Credentials) -> bool {
    credentials.expiry().is_none_or(|ends| ends > SystemTime::now() + NEARLY)
}

fn is_set(variable: &str, counts: impl Fn(&str) -> bool) -> bool {
    Env::real().get(variable).is_ok_and(|value| !value.is_empty() && counts(&value))
}

/// The chain as the SDK asks it.
#[derive(Debug)]
pub(crate) struct Looked(pub(crate) Arc<Chain>);

impl ProvideCredentials for Looked {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        // Our own reason comes back as the source of the SDK's error.
        future::ProvideCredentials::new(async {
            self.0.look().await.map_err(CredentialsError::provider_error)
        })
    }
}
