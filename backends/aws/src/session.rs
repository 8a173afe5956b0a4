//! Credentials, region and endpoint, found once and in the order of the AWS SDKs.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{Region, SharedCredentialsProvider, StalledStreamProtectionConfig};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use momo_cred_transport::{Deadline, Silence};
use std::sync::Arc;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use crate::http::Http;
use crate::{AwsConfig, Given, Problem};

/// What is known of the account.
#[derive(Debug)]
pub(crate) struct Session {
    config: AwsConfig,
    pub(crate) http: Http,
    client: OnceCell<Client>,
    chain: OnceCell<Arc<Chain>>,
}

impl Session {
    pub(crate) fn new(config: AwsConfig) -> Self {
        let http = Http::new(config.deadline.clone());
        Self { config, http, client: OnceCell::new(), chain: OnceCell::new() }
    }

    pub(crate) fn config(&self) -> &AwsConfig {
        &self.config
    }

    pub(crate) fn deadline(&self) -> &Deadline {
        &self.config.deadline
    }

    /// Makes a call of the SDK, which ends by the deadline: between its own attempts it rests as long as it likes.
    pub(crate) async fn call<T, E: ProvideErrorMetadata>(
        &self,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Problem> {
        let end = Instant::from_std(self.deadline().instant());
        match timeout_at(end, call).await {
            Ok(answer) => answer.map_err(|error| Problem::of(&error, self.who())),
            Err(_) => Err(Problem::Silent(Silence::Unanswered)),
        }
    }

    /// Who we are, for people.
    pub(crate) fn who(&self) -> &'static str {
        self.chain.get().and_then(|chain| chain.found()).unwrap_or("no credentials")
    }

    /// The region in use, where one is known.
    pub(crate) fn region(&self) -> Option<String> {
        self.client.get().and_then(|client| client.config().region().map(ToString::to_string))
    }

    /// The client, made with the first call.
    pub(crate) async fn client(&self) -> Result<&Client, Problem> {
        self.client.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Client, Problem> {
        let conf = ProviderConfig::empty()
            .with_http_client(self.http.clone())
            .with_sleep_impl(TokioSleep::new())
            .with_time_source(SystemTimeSource::new())
            .with_behavior_version(Some(BehaviorVersion::latest()));
        let region = self.find_region(&conf).await.ok_or(Problem::NoRegion)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if region.as_ref().is_empty() || region.as_ref().len() > 63 || !region.as_ref().bytes().all(plain) {
            return Err(Problem::Region);
        }
        let conf = conf.with_region(Some(region.clone()));
        let chain = Arc::new(Chain::new(&conf, &self.config));
        // Looked for now, so that a machine without any says so and does not fail in the middle.
        let end = Instant::from_std(self.deadline().instant());
        let looked = timeout_at(end, chain.look()).await.map_err(|_| Problem::Silent(Silence::Unanswered))?;
        looked.map_err(|error| chain.problem(&error))?;
        let _ = self.chain.set(Arc::clone(&chain));
        let mut builder = aws_sdk_secretsmanager::config::Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            .credentials_provider(SharedCredentialsProvider::new(Shared(chain)))
            .http_client(self.http.clone())
            .sleep_impl(TokioSleep::new())
            .time_source(SystemTimeSource::new())
            .retry_config(RetryConfig::standard())
            .timeout_config(TimeoutConfig::builder().build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(endpoint) = &self.config.endpoint {
            builder = builder.endpoint_url(endpoint.as_str());
        }
        Ok(Client::from_conf(builder.build()))
    }

    async fn find_region(&self, conf: &ProviderConfig) -> Option<Region> {
        if let Some(region) = &self.config.region {
            return Some(Region::new(region.clone()));
        }
        let mut file = ProfileFileRegionProvider::builder().configure(conf);
        if let Some(profile) = &self.config.profile {
            file = file.profile_name(profile);
        }
        file.build().region().await
    }
}

const FILES: &str = "the shared files of ~/.aws";
const VARIABLES: &str = "the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

#[expect(clippy::disallowed_methods, reason = "what signs the requests is the SDK's to keep")]
fn credentials(given: &Given) -> Credentials {
    let token = given.session_token.as_ref().map(|token| token.expose_secret().to_owned());
    Credentials::new(
        given.access_key_id.expose_secret(),
        given.secret_access_key.expose_secret(),
        token,
        None,
        "momo-cred",
    )
}

/// The places where credentials are looked for, in the order of the SDKs.
pub(crate) struct Chain {
    places: Vec<(&'static str, Box<dyn ProvideCredentials>)>,
    /// Somebody named a profile.
    named: bool,
    /// Which one had some.
    found: Mutex<Option<&'static str>>,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chain")
    }
}

impl Chain {
    fn new(conf: &ProviderConfig, config: &AwsConfig) -> Self {
        let mut file = ProfileFileCredentialsProvider::builder().configure(conf);
        if let Some(profile) = &config.profile {
            file = file.profile_name(profile);
        }
        // Off EC2 nobody answers there: one attempt of a second, where the default is several.
        let metadata = aws_config::imds::Client::builder()
            .configure(conf)
            .max_attempts(1)
            .connect_timeout(Duration::from_secs(1))
            .read_timeout(Duration::from_millis(500))
            .build();
        let instance = ImdsCredentialsProvider::builder().configure(conf).imds_client(metadata).build();
        let mut places: Vec<(&'static str, Box<dyn ProvideCredentials>)> = vec![
            (FILES, Box::new(file.build())),
            (
                "the web identity of AWS_WEB_IDENTITY_TOKEN_FILE",
                Box::new(WebIdentityTokenCredentialsProvider::builder().configure(conf).build()),
            ),
            ("the container's role", Box::new(EcsCredentialsProvider::builder().configure(conf).build())),
            ("the instance's role", Box::new(instance)),
        ];
        if let Some(given) = &config.given {
            places.insert(0, (VARIABLES, Box::new(credentials(given))));
        }
        Self { places, named: config.profile.is_some(), found: Mutex::default() }
    }

    fn found(&self) -> Option<&'static str> {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look(&self) -> Result<Credentials, CredentialsError> {
        let mut last = CredentialsError::not_loaded("none");
        for (place, provider) in &self.places {
            match provider.provide_credentials().await {
                // The SDK panics over a key id that no header can carry.
                Ok(credentials) if !credentials.access_key_id().bytes().all(|b| b.is_ascii_graphic()) => {
                    *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
                    return Err(CredentialsError::invalid_configuration("an access key id"));
                }
                Ok(credentials) => {
                    *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
                    return Ok(credentials);
                }
                // A profile that somebody named and that is not there: another place's identity is not what was meant.
                Err(error @ CredentialsError::CredentialsNotLoaded(_))
                    if self.named && *place == FILES && std::error::Error::source(&error).is_some() =>
                {
                    *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
                    return Err(CredentialsError::invalid_configuration("no such profile"));
                }
                Err(error @ CredentialsError::CredentialsNotLoaded(_)) => last = error,
                // Off EC2 the instance's metadata times out or is not there: it is the last place, and has none.
                Err(_) if *place == "the instance's role" => {}
                Err(error) => {
                    *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
                    return Err(error);
                }
            }
        }
        Err(last)
    }

    /// The SDK's error quotes what it read: only its kind comes out.
    fn problem(&self, error: &CredentialsError) -> Problem {
        let from = self.found().unwrap_or("no place");
        match error {
            CredentialsError::CredentialsNotLoaded(_) => {
                let tried = std::iter::once(VARIABLES).chain(self.places.iter().map(|(place, _)| *place));
                Problem::NoCredentials { tried: tried.collect() }
            }
            CredentialsError::ProviderTimedOut(_) => {
                Problem::Credentials { from, why: "did not answer in time" }
            }
            CredentialsError::InvalidConfiguration(_) => Problem::Credentials {
                from,
                why: "cannot be used as they are written, or the profile is not there",
            },
            CredentialsError::ProviderError(_) => {
                Problem::Credentials { from, why: "were refused or could not be fetched" }
            }
            _ => Problem::Credentials { from, why: "are not what belongs there" },
        }
    }
}

/// The chain as the SDK asks it, when credentials have run out.
#[derive(Debug)]
struct Shared(Arc<Chain>);

impl ProvideCredentials for Shared {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.0.look())
    }
}
