//! `--token`: the program gets an access token of the gateway, good for about an hour, and not the API key.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use momo_cred_backend_api::Secret;

use super::Ready;
use crate::cli::context::Context;
use crate::config::Settings;
use crate::credential::{Field, Malformed};
use crate::effective::Holder;
use crate::exec::{AccessToken, Form, Preset, Set};
use crate::lifecycle::{Here, World as _};
use crate::momo::{BaseUrl, Client, Gateway as _, Token};
use crate::registry::Runtime;
use crate::{Error, Kind, Result};

/// The variables of a token: they begin with the prefix of the profile's other ones.
#[derive(Clone, Debug)]
pub(super) struct Names {
    token: String,
    expires_at: String,
}

impl Names {
    /// The names for a profile.
    pub(super) fn of(settings: &Settings) -> Result<Self> {
        let refused = |why: String| {
            let profile = &settings.profile;
            Error::new(
                Kind::Misconfigured,
                format!("there is no name for an access token of profile {profile}"),
            )
            .because(why)
            .next("use preset momo or spring for --token, with a prefix as in --prefix MOMO, or leave --token out")
        };
        let env = &settings.env;
        if !env.uses_preset() {
            return Err(refused("its variables are those of `env.names`, and have no prefix".to_owned()));
        }
        let preset = Preset::named(env.preset.as_ref().map_or("momo", |preset| preset.value.as_str()))?;
        let Some(default) = preset.prefix else {
            let why = "its reader takes no token, and exchanges the API key by itself";
            return Err(refused(format!("the names of preset {} are fixed: {why}", preset.name)));
        };
        let prefix = env.prefix.as_ref().map_or(default, |prefix| prefix.value.as_str());
        Ok(Self {
            token: format!("{prefix}_ACCESS_TOKEN"),
            expires_at: format!("{prefix}_ACCESS_TOKEN_EXPIRES_AT"),
        })
    }

    /// Gives them to the profile.
    pub(super) fn add_to(&self, set: &mut Set) -> Result<()> {
        set.add(&self.token, Field::ApiKey, Form::AccessToken)?;
        set.add(&self.expires_at, Field::ApiKey, Form::ExpiresAt)?;
        Ok(())
    }
}

/// Exchanges the API key of each profile for a token, all at once. Of failures the first profile's is told.
pub(super) fn exchange(context: &Context, ready: &[Ready<'_>], sets: &mut [Set]) -> Result<()> {
    let mut clients: Vec<(BaseUrl, Client)> = Vec::new();
    for Ready { settings, effective, .. } in ready {
        if clients.iter().all(|(known, _)| *known != effective.base_url) {
            clients.push((effective.base_url.clone(), context.gateway(settings, effective)?));
        }
    }
    let tokens = context.block_on(Runtime::Tokio, async {
        let one = |ready| one(&clients, ready);
        join_all(ready.iter().map(one)).await.into_iter().collect::<Result<Vec<_>>>()
    })?;
    for (set, token) in sets.iter_mut().zip(tokens) {
        if token.expires_at.is_none() {
            let profile = &set.profile;
            context.output.detail(&format!("the gateway does not say when the token of {profile} expires"));
        }
        set.token = Some(token);
    }
    Ok(())
}

async fn one(clients: &[(BaseUrl, Client)], ready: &Ready<'_>) -> Result<AccessToken> {
    let Ready { settings, place, seen, effective, .. } = ready;
    let holder = Holder::Record(&place.location);
    let incomplete = |field| holder.malformed(&Malformed::Incomplete(vec![field]));
    let get = |field| seen.record.get(field).ok_or_else(|| incomplete(field));
    let user = seen.record.api_user().map_err(|bad| holder.malformed(&bad))?;
    let user = user.ok_or_else(|| incomplete(Field::ApiUser))?;
    let client = clients.iter().find(|(known, _)| *known == effective.base_url).map(|(_, client)| client);
    let client = client.ok_or_else(|| Error::new(Kind::Internal, "a profile has no gateway"))?;
    // Before it is asked for, so that what the program gets is never later than the end.
    let asked = Here.now();
    let (key, api_key) = (get(Field::SubscriptionKey)?, get(Field::ApiKey)?);
    let token = client.token(effective.product, key, user, api_key).await.map_err(|refusal| {
        let (profile, product, url) = (&settings.profile, effective.product, &effective.base_url);
        let tried = format!("profile {profile}: a token of {product} at {url}");
        Error::from(refusal).at(&place.location).tried(tried)
    })?;
    Ok(issued(token, asked))
}

fn issued(token: Token, asked: Timestamp) -> AccessToken {
    let end = |lifetime: Duration| asked.checked_add(lifetime).ok();
    let expires_at = token.lifetime.and_then(end).map(|end| Secret::new(end.to_string()));
    AccessToken { value: token.secret, expires_at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the values are this test's own")]
    fn tells_the_end_where_the_gateway_does() {
        let asked: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let end = |lifetime| {
            let token = issued(Token { secret: Secret::from("t"), lifetime }, asked);
            token.expires_at.map(|end| end.expose_secret().to_owned())
        };
        assert_eq!(end(Some(Duration::from_secs(3600))).as_deref(), Some("2026-03-01T11:00:00Z"));
        assert_eq!((end(None), end(Some(Duration::MAX))), (None, None));
    }
}
