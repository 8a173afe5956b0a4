//! Credentials, region and endpoint, found once and in the order of the AWS SDKs.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::imds::Client as Metadata;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{Region, SharedCredentialsProvider, StalledStreamProtectionConfig};
use aws_sdk_secretsmanager::error::SdkError;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::os_shim_internal::Env;
use momo_cred_transport::{Deadline, HttpAddress};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use crate::answer::Operation;
use crate::chain::{self, Chain, Looked, Start};
use crate::http::Http;
use crate::profile::{Shared, expanded};
use crate::trail::Trail;
use crate::{AwsConfig, Given, Problem};

/// What is known of the account.
#[derive(Debug)]
pub(crate) struct Session {
    config: AwsConfig,
    pub(crate) http: Http,
    /// Also where there is none: what was looked for in vain is not looked for again.
    client: OnceCell<Result<Client, Problem>>,
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
    pub(crate) async fn call<T, E: Operation>(
        &self,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Problem> {
        let end = Instant::from_std(self.deadline().instant());
        let trail = Trail::default();
        match timeout_at(end, trail.follow(call)).await {
            Ok(answer) => answer.map_err(|error| Problem::of(&error, &self.who(), &trail)),
            Err(_) => Err(Problem::cut_off(&trail)),
        }
    }

    /// Who we are, for people.
    pub(crate) fn who(&self) -> String {
        self.chain.get().and_then(|chain| chain.at()).unwrap_or_else(|| "no credentials".to_owned())
    }

    /// The region in use, where one is known.
    pub(crate) fn region(&self) -> Option<String> {
        let client = self.client.get()?.as_ref().ok()?;
        client.config().region().map(ToString::to_string)
    }

    /// The client, made with the first call.
    pub(crate) async fn client(&self) -> Result<&Client, Problem> {
        self.client.get_or_init(|| self.connect()).await.as_ref().map_err(Clone::clone)
    }

    async fn connect(&self) -> Result<Client, Problem> {
        let shared = self.shared().await?;
        let known = self.config.region.as_deref().or_else(|| shared.get("region"));
        let known = known.map(region).transpose()?;
        self.trust(&shared);
        let sdk = self.settings(known.clone()).await;
        let conf = ProviderConfig::empty()
            .with_http_client(self.http.clone())
            .with_sleep_impl(TokioSleep::new())
            .with_time_source(SystemTimeSource::new())
            .with_behavior_version(Some(BehaviorVersion::latest()))
            .with_use_fips(sdk.use_fips())
            .with_use_dual_stack(sdk.use_dual_stack())
            .with_region(known.clone());
        let metadata = metadata(&conf);
        let chain = Arc::new(Chain::new(Start {
            conf: &conf,
            sdk: &sdk,
            given: self.config.given.as_ref().map(|given| credentials(given, None)),
            profile: self.config.profile.as_deref(),
            shared: &shared,
            environment: &self.config.program_environment,
            metadata: metadata.clone(),
            region: if known.is_some() { chain::Region::Known } else { chain::Region::Unknown },
            deadline: self.config.deadline.clone(),
        })?);
        let _ = self.chain.set(Arc::clone(&chain));
        // Looked for now, so that a machine without any says so and does not fail in the middle.
        chain.look().await?;
        let region = match known {
            Some(known) => known,
            None if chain.is_of_instance() => region_of(&conf, metadata).await.ok_or(Problem::NoRegion)?,
            None => {
                shared.check_chosen()?;
                return Err(Problem::NoRegion);
            }
        };
        let mut builder = aws_sdk_secretsmanager::config::Builder::from(&sdk)
            .region(region)
            .credentials_provider(SharedCredentialsProvider::new(Looked(chain)))
            .retry_config(RetryConfig::standard())
            .timeout_config(TimeoutConfig::builder().build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let own = self.config.endpoint.as_ref().map(HttpAddress::as_str);
        if let Some(endpoint) = own.or_else(|| shared.endpoint()) {
            builder = builder.endpoint_url(endpoint);
        }
        Ok(Client::from_conf(builder.build()))
    }

    /// The shared files. Beside credentials that are given they are asked for region and endpoint only, and one that cannot
    /// be read is as none.
    async fn shared(&self) -> Result<Shared, Problem> {
        match Shared::load(self.config.profile.as_deref()).await {
            Err(_) if self.config.given.is_some() => Ok(Shared::unread()),
            shared => shared,
        }
    }

    /// A bundle of certificates in the place of the system's.
    fn trust(&self, shared: &Shared) {
        let env = Env::real();
        let variable = env.get("AWS_CA_BUNDLE").ok().filter(|path| !path.is_empty());
        if let Some(path) = variable.or_else(|| shared.get("ca_bundle").map(str::to_owned)) {
            self.http.trust(expanded(&path, &env));
        }
    }

    /// What the SDK finds by itself: endpoints, FIPS and dual stack, in variables and in the profile.
    async fn settings(&self, region: Option<Region>) -> SdkConfig {
        let cache = aws_config::identity::IdentityCache::lazy()
            // The deadline ends a look.
            .load_timeout(Duration::from_secs(3600))
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(region)
            .no_credentials()
            .identity_cache(cache)
            .http_client(self.http.clone())
            .sleep_impl(TokioSleep::new())
            .time_source(SystemTimeSource::new());
        if let Some(profile) = &self.config.profile {
            loader = loader.profile_name(profile);
        }
        loader.load().await
    }
}

/// Off EC2 nobody answers there: one attempt of a second and a half, where the default is several.
fn metadata(conf: &ProviderConfig) -> Metadata {
    Metadata::builder()
        .configure(conf)
        .max_attempts(1)
        .connect_timeout(Duration::from_secs(1))
        .read_timeout(Duration::from_millis(500))
        .build()
}

async fn region_of(conf: &ProviderConfig, metadata: Metadata) -> Option<Region> {
    let found = ImdsRegionProvider::builder().configure(conf).imds_client(metadata).build().region().await?;
    region(found.as_ref()).ok()
}

/// A region becomes part of a host's name.
fn region(text: &str) -> Result<Region, Problem> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let fits = (1..=63).contains(&text.len()) && text.bytes().all(plain);
    if fits { Ok(Region::new(text.to_owned())) } else { Err(Problem::Region) }
}

/// Credentials as the SDK takes them, with the time when they end.
#[expect(clippy::disallowed_methods, reason = "what signs the requests is the SDK's to keep")]
pub(crate) fn credentials(given: &Given, expiry: Option<SystemTime>) -> Credentials {
    let token = given.session_token.as_ref().map(|token| token.expose_secret().to_owned());
    Credentials::new(
        given.access_key_id.expose_secret(),
        given.secret_access_key.expose_secret(),
        token,
        expiry,
        "momo-cred",
    )
}
