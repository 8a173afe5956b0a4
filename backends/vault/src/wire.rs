//! What goes onto the wire. With the files of `auth/` the only place here that opens secrets.

use std::time::{Duration, Instant};

use momo_cred_backend_api::Secret;
use momo_cred_transport::reqwest::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use momo_cred_transport::reqwest::{self, Request, Url};
use momo_cred_transport::{
    ClientOptions, Deadline, HttpAddress, InvalidAddress, Limits, Silence, backoff, client, exchange,
};
use tokio::time::sleep;

use crate::Problem;
use crate::answer::Answer;
use crate::call::Call;
use crate::config::VaultConfig;

const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
/// Required by servers that are told to refuse requests forged through other programs.
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");

/// The largest secret of Vault is 1 MiB with its storage's default, and its request 32 MiB: a record of ours has some
/// kilobytes. This leaves room for listings of many thousand names.
const BODY_CAP: usize = 4 * 1024 * 1024;
/// How long one attempt waits at most. It takes two thirds of what is left, so that a lost answer leaves time to ask
/// again, or to ask what became of it.
const PATIENCE: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(5);
const TIMES: u32 = 4;

/// Whether a call may be sent again when its answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// It has no effect, or the same effect each time.
    Safe,
    /// Only by somebody who first finds out what became of it.
    Never,
}

/// A client for one server.
pub(crate) struct Wire {
    http: reqwest::Client,
    address: HttpAddress,
    host: Option<HeaderValue>,
    /// The address as it was configured, for people.
    server: String,
    namespace: Option<HeaderValue>,
    deadline: Deadline,
}

impl Wire {
    /// Builds the client. Reads certificates, but not for plain http to this machine.
    pub(crate) fn new(config: &VaultConfig) -> Result<Self, Problem> {
        let odd = |why| Problem::Setting {
            what: "tls-server-name",
            why: match why {
                InvalidAddress::Plain => "the address is plain http, where no certificate has a name",
                _ => "it is no host name",
            },
        };
        if config.tls_server_name.is_some() && config.proxy.is_some() {
            let why = "a proxy would be asked for that name instead of the host";
            return Err(Problem::Setting { what: "tls-server-name", why });
        }
        let renamed = config.tls_server_name.as_deref().map(|name| config.address.under(name).map_err(odd));
        let renamed = renamed.transpose()?;
        let address = renamed.as_ref().unwrap_or(&config.address);
        let http = client(&ClientOptions {
            address,
            stands_for: renamed.as_ref().map(|_| &config.address),
            connect_timeout: CONNECT,
            proxy: config.proxy.as_ref(),
            tls: config.tls.clone(),
        })?;
        let namespace = config.namespace.as_ref().map(|namespace| HeaderValue::from_str(namespace.as_str()));
        let namespace = namespace
            .transpose()
            .map_err(|_| Problem::Setting { what: "the namespace", why: "no header can carry it" })?;
        // Only the certificate is for the other name: the request is for the host that was configured.
        let host = renamed.as_ref().and_then(|_| HeaderValue::from_str(config.address.authority()).ok());
        Ok(Self {
            http,
            server: config.address.to_string(),
            address: address.clone(),
            host,
            namespace,
            deadline: config.deadline.clone(),
        })
    }

    /// The address as it was configured.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    pub(crate) fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// Sends a call, again where it is safe, until an answer comes that would not be better later.
    pub(crate) async fn send(
        &self,
        call: &Call,
        token: Option<&Secret>,
        again: Again,
    ) -> Result<Answer, Problem> {
        let (mut done, mut before) = (0, None);
        loop {
            let mut answer = self.once(call, token).await;
            done += 1;
            // Time was up in the middle of it: what was heard before tells more, if it leaves no less open.
            if let (Err(problem), Some(earlier)) = (&answer, before.take())
                && problem.is_cut()
                && (may_be_done(&earlier) || !problem.is_ambiguous())
            {
                answer = earlier;
            }
            let (passes, asked) = match &answer {
                Ok(answer) => (answer.passes(), answer.retry_after),
                Err(Problem::Silent { silence, .. }) => (silence.passes(), None),
                Err(_) => (false, None),
            };
            if !passes || again == Again::Never || done >= TIMES {
                return answer;
            }
            if !self.rest(backoff(done, asked)).await {
                return answer;
            }
            // A pause on a busy machine can outlast what was left: then what was heard is what there is to tell.
            if self.deadline.remaining().is_none() {
                return answer;
            }
            before = Some(answer);
        }
    }

    /// Waits before another attempt, if that leaves any time for it.
    pub(crate) async fn rest(&self, pause: Duration) -> bool {
        let left = self.deadline.remaining().unwrap_or_default();
        let worth = pause < left;
        if worth {
            sleep(pause).await;
        }
        worth
    }

    /// Sends a call once.
    pub(crate) async fn once(&self, call: &Call, token: Option<&Secret>) -> Result<Answer, Problem> {
        let request = self.request(call, token)?;
        let left = self.deadline.remaining().ok_or_else(|| self.silent(Silence::Deadline))?;
        self.exchange(call, request, Instant::now() + PATIENCE.min(left * 2 / 3)).await
    }

    /// Sends a call once although time may be up: what tidies up is worth a moment.
    pub(crate) async fn part(
        &self,
        call: &Call,
        token: &Secret,
        within: Duration,
    ) -> Result<Answer, Problem> {
        let request = self.request(call, Some(token))?;
        self.exchange(call, request, Instant::now() + within).await
    }

    async fn exchange(&self, call: &Call, request: Request, end: Instant) -> Result<Answer, Problem> {
        let answer = exchange(&self.http, request, Limits { end, body: BODY_CAP }).await;
        let (method, path) = (&call.method, &call.path);
        match answer {
            Ok(received) => {
                tracing::debug!(%method, path, status = received.status, "vault");
                Ok(Answer::new(received))
            }
            Err(silence) => {
                tracing::debug!(%method, path, silence = %silence.told_of("the server"), "vault");
                Err(self.silent(silence))
            }
        }
    }

    fn silent(&self, silence: Silence) -> Problem {
        Problem::Silent { silence, server: self.server.clone() }
    }

    /// Builds the request. Nothing in it renders a secret: the header that holds one is marked.
    fn request(&self, call: &Call, token: Option<&Secret>) -> Result<Request, Problem> {
        let unusable = Problem::Name("no URL can be made of it");
        let mut url =
            Url::parse(&format!("{}/v1/{}", self.address, call.path)).map_err(|_| unusable.clone())?;
        // Whatever a URL parser drops or resolves would be another record.
        let path = url.path().strip_prefix(self.address.path()).and_then(|path| path.strip_prefix("/v1/"));
        if path != Some(&call.path) {
            return Err(unusable);
        }
        url.set_query(call.query.as_deref());
        let mut request = Request::new(call.method.clone(), url);
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(REQUEST, HeaderValue::from_static("true"));
        if let Some(host) = &self.host {
            headers.insert(HOST, host.clone());
        }
        if let Some(namespace) = &self.namespace {
            headers.insert(NAMESPACE, namespace.clone());
        }
        if let Some(token) = token {
            headers.insert(TOKEN, header(token)?);
        }
        if let Some(body) = &call.body {
            let json = if call.merge_patch { "application/merge-patch+json" } else { "application/json" };
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(json));
            *request.body_mut() = Some(body.to_vec().into());
        }
        Ok(request)
    }
}

fn header(token: &Secret) -> Result<HeaderValue, Problem> {
    #[expect(clippy::disallowed_methods, reason = "goes into a request header that is marked sensitive")]
    let mut value = HeaderValue::from_str(token.expose_secret()).map_err(|_| Problem::Setting {
        what: "the token",
        why: "it holds a character that no header can carry",
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether the server may have done what it was asked all the same.
fn may_be_done(answer: &Result<Answer, Problem>) -> bool {
    match answer {
        Ok(answer) => answer.status >= 500,
        Err(problem) => problem.is_ambiguous(),
    }
}

#[cfg(test)]
mod tests {
    use momo_cred_transport::TlsOptions;

    use super::*;
    use crate::config::{Auth, Namespace};

    fn wire(address: &str) -> Wire {
        let config = VaultConfig {
            address: address.parse().unwrap(),
            namespace: Some(Namespace::new("team-a").unwrap()),
            mount: None,
            kv_version: None,
            allow_no_cas: false,
            tls: TlsOptions::default(),
            tls_server_name: None,
            proxy: None,
            auth: Auth::Token(Vec::new()),
            revoke: true,
            deadline: Deadline::after(Duration::from_secs(1)),
        };
        Wire::new(&config).unwrap()
    }

    #[test]
    fn a_request_renders_no_secret() {
        let call = Call::get("secret/data/momo/a".to_owned());
        let request = wire("http://127.0.0.1:1/vault").request(&call, Some(&"s3krit".into())).unwrap();
        assert_eq!(request.url().as_str(), "http://127.0.0.1:1/vault/v1/secret/data/momo/a");
        assert_eq!(request.headers()["x-vault-namespace"], "team-a");
        let shown = format!("{request:?} {request:#?}");
        assert!(shown.contains("Sensitive") && !shown.contains("s3krit"), "{shown}");
    }

    #[test]
    fn a_path_that_a_url_would_change_is_refused() {
        for path in
            ["secret/data/../b", "secret/data/a b", "secret/data/a\tb", "secret/data/a#b", "secret/data/a?b"]
        {
            let call = Call::get(path.to_owned());
            assert!(wire("http://127.0.0.1:1").request(&call, None).is_err(), "{path}");
        }
    }

    #[test]
    fn a_token_with_a_line_end_is_not_sent() {
        let call = Call::get("secret/data/a".to_owned());
        let problem =
            wire("http://127.0.0.1:1").request(&call, Some(&"s3krit\r\nX-Evil: 1".into())).unwrap_err();
        assert!(!format!("{problem} {problem:?}").contains("s3krit"));
    }

    proptest::proptest! {
        #[test]
        fn a_name_that_passes_is_the_path_that_is_asked_for(text in "[ -~]{1,20}(/[ -~]{1,20}){0,3}") {
            if let Ok(name) = momo_cred_backend_api::RecordName::new(format!("secret/{text}"))
                && crate::path::check(name.as_str()).is_ok()
            {
                let request = wire("http://127.0.0.1:1/vault").request(&Call::get(name.to_string()), None).unwrap();
                assert_eq!(request.url().as_str(), format!("http://127.0.0.1:1/vault/v1/{name}"));
            }
        }

        #[test]
        fn a_mount_that_passes_is_the_path_that_is_asked_for(text in "[ -~]{0,20}/?") {
            if let Ok(mount) = crate::MountPath::new(&text) {
                let call = Call::get(format!("auth/{}/login", mount.as_str()));
                let request = wire("http://127.0.0.1:1").request(&call, None).unwrap();
                assert_eq!(request.url().path(), format!("/v1/auth/{}/login", text.trim_end_matches('/')));
            }
        }
    }
}
