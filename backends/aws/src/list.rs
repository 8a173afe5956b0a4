//! Names by a prefix, and the versions of one secret. Listings of the service may lag behind by minutes.

use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretVersionsListEntry};
use momo_cred_backend_api::{RecordName, Revision, Version};

use crate::read::age;
use crate::session::Session;
use crate::{CURRENT, PREVIOUS, Problem, STAGE, names};

/// How many pages are read: a service that gives the same page for ever is none.
const PAGES: usize = 1000;

/// Names of secrets that begin with `prefix`, have a value and are not scheduled for deletion.
pub(crate) async fn list(session: &Session, prefix: &str) -> Result<Vec<RecordName>, Problem> {
    // No secret has such a name, and `!` would turn the service's filter round.
    if !prefix.bytes().all(names::plain) {
        return Ok(Vec::new());
    }
    let client = session.client().await?;
    let mut found = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..PAGES {
        // The service's own prefix does not tell upper from lower case.
        let filter = (!prefix.is_empty())
            .then(|| Filter::builder().key(FilterNameStringType::Name).values(prefix).build());
        let request = client
            .list_secrets()
            .max_results(100)
            .set_filters(filter.map(|filter| vec![filter]))
            .set_next_token(next);
        let page = session.call(request.send()).await?;
        for secret in page.secret_list() {
            let stages = secret.secret_versions_to_stages();
            let valued = stages.is_some_and(|stages| stages.values().flatten().any(|stage| stage == CURRENT));
            let name = secret
                .name()
                .filter(|name| name.starts_with(prefix))
                .and_then(|name| RecordName::new(name).ok());
            let fits = name.filter(|name| names::check(name).is_ok());
            found.extend(fits.filter(|_| valued && secret.deleted_date().is_none()));
        }
        next = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if next.is_none() {
            return Ok(found);
        }
    }
    Err(Problem::NotAws)
}

/// Versions of a secret that were current, newest first, as far as the service keeps them: best effort, for it collects
/// what has no stage. The one that has our private stage and was never current is left out; older ones of the kind cannot
/// be told.
pub(crate) async fn history(session: &Session, name: &str) -> Result<Vec<Version>, Problem> {
    let client = session.client().await?;
    let mut entries: Vec<SecretVersionsListEntry> = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..PAGES {
        let request = client
            .list_secret_version_ids()
            .secret_id(name)
            .include_deprecated(true)
            .max_results(100)
            .set_next_token(next);
        let page = match session.call(request.send()).await {
            Ok(page) => page,
            Err(Problem::NotFound) => return Ok(Vec::new()),
            Err(problem) => return Err(problem),
        };
        entries.extend(page.versions().iter().cloned());
        next = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    let has = |entry: &SecretVersionsListEntry, stage: &str| {
        entry.version_stages().iter().any(|known| known == stage)
    };
    entries.retain(|entry| has(entry, CURRENT) || has(entry, PREVIOUS) || !has(entry, STAGE));
    // The two that the service names come first: dates alone may be equal.
    let rank = |entry: &SecretVersionsListEntry| {
        u8::from(!has(entry, CURRENT)) + u8::from(!has(entry, CURRENT) && !has(entry, PREVIOUS))
    };
    entries.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| b.created_date().cmp(&a.created_date())));
    let version = |entry: &SecretVersionsListEntry| {
        let revision = Revision::new(entry.version_id()?);
        Some(Version { revision, age: age(session, entry.created_date()), deleted: false })
    };
    Ok(entries.iter().filter_map(version).collect())
}
