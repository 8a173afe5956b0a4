//! Names below a path.

use std::collections::VecDeque;

use futures_util::{StreamExt, stream};
use momo_cred_backend_api::RecordName;
use vaultrs::api::kv2::requests::ListSecretsRequest;
use vaultrs::api::kv2::responses::ListSecretsResponse;

use super::Current;
use super::versions::told;
use crate::Problem;
use crate::answer::Data;
use crate::call::Call;
use crate::path::{self, Place};
use crate::session::Session;
use crate::wire::Again;

/// How many requests are under way at once.
pub(crate) const AT_ONCE: usize = 8;

/// Names of live records of a mount that begin with `prefix`. The engine lists deleted ones, too: each is looked at.
pub(crate) async fn list(session: &Session, mount: &str, prefix: &str) -> Result<Vec<RecordName>, Problem> {
    let names = walk(session, mount, prefix, Call::of_list).await?;
    let mut live = Vec::new();
    let mut looks = stream::iter(names)
        .map(|name| async {
            let place = Place::below(&name, mount).ok_or(Problem::Name("it is not below its mount"))?;
            Ok::<_, Problem>((told(session, &place).await, name))
        })
        .buffered(AT_ONCE);
    while let Some(look) = looks.next().await {
        match look? {
            // Where that is not for the token to see, the name is all that is told: no value is read for a listing.
            (Ok(Current::Live(_)) | Err(Problem::Denied { .. }), name) => live.push(name),
            (Ok(Current::None | Current::Deleted(_)), _) => {}
            (Err(problem), _) => return Err(problem),
        }
    }
    Ok(live)
}

/// Names of a mount that begin with `prefix`, folder by folder.
pub(crate) async fn walk(
    session: &Session,
    mount: &str,
    prefix: &str,
    call: impl Fn(&str, &str) -> Call,
) -> Result<Vec<RecordName>, Problem> {
    // The folder that the prefix ends in: `a/b` is in `a/` and may begin `a/bc/`.
    let start = prefix.rfind('/').map_or("", |at| &prefix[..=at]);
    let mut folders = VecDeque::from([start.to_owned()]);
    let mut names = Vec::new();
    while let Some(folder) = folders.pop_front() {
        let heard = session.send(&call(mount, &folder), Again::Safe).await?;
        if heard.answer.is_nothing() {
            continue;
        }
        let Data { data }: Data<ListSecretsResponse> = heard.good()?.json()?;
        for key in data.keys {
            let below = format!("{folder}{key}");
            let related = below.starts_with(prefix) || prefix.starts_with(&below);
            // What no name of ours can reach cannot be a record of ours. Names grow with each folder, and end somewhere.
            let name = RecordName::new(format!("{mount}/{}", below.trim_end_matches('/')));
            let Some(name) = name.ok().filter(|name| related && path::check(name.as_str()).is_ok()) else {
                continue;
            };
            if key.ends_with('/') {
                folders.push_back(below);
            } else if below.starts_with(prefix) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

impl Call {
    /// A listing of version 2.
    fn of_list(mount: &str, folder: &str) -> Self {
        Self::of(&ListSecretsRequest { mount: mount.to_owned(), path: folder.to_owned() })
    }
}
