//! Several secrets in one request.

use momo_cred_backend_api::{Lookup, RecordName, Revision, Stored};

use crate::read::{age, document};
use crate::session::Session;
use crate::{Problem, names};

/// How many names are worth a batch: for fewer, single requests beside each other are as fast and need one right less.
const WORTH: usize = 3;
/// The most names that one batch takes.
const MOST: usize = 20;

/// What a batch brought, in the order asked; `None` where it brought nothing that is certain, and a single read has to
/// tell: what is missing, denied, deleted or malformed, and everything where the batch itself is not allowed. What would
/// stop each single read too is told of all at once: an outage or a limit is not met with twenty requests more.
pub(crate) async fn read(session: &Session, names: &[RecordName]) -> Vec<Option<Result<Lookup, Problem>>> {
    let mut found: Vec<Option<Result<Lookup, Problem>>> = names.iter().map(|_| None).collect();
    let mut fitting: Vec<&str> = names.iter().filter_map(|name| names::check(name).ok()).collect();
    fitting.sort_unstable();
    fitting.dedup();
    if fitting.len() < WORTH {
        return found;
    }
    for part in fitting.chunks(MOST) {
        let entries = match batch(session, part).await {
            Ok(entries) => entries,
            Err(problem) if problem.is_of_all() => {
                let left = names.iter().zip(&mut found).filter(|(_, known)| known.is_none());
                for (_, place) in left.filter(|(name, _)| names::check(name).is_ok()) {
                    *place = Some(Err(problem.clone()));
                }
                return found;
            }
            Err(_) => return found,
        };
        for (name, stored) in entries {
            // One value for each place that asks: a document is not shared.
            let mut places =
                names.iter().enumerate().filter(|(_, known)| known.as_str() == name).map(|(n, _)| n);
            if let (Some(place), None) = (places.next(), places.next()) {
                found[place] = Some(Ok(Lookup::Found(stored)));
            }
        }
    }
    found
}

async fn batch(session: &Session, names: &[&str]) -> Result<Vec<(String, Stored)>, Problem> {
    let client = session.client().await?;
    let request = client
        .batch_get_secret_value()
        .set_secret_id_list(Some(names.iter().map(ToString::to_string).collect()));
    let output = session.call(request.send()).await?;
    let mut entries = Vec::new();
    for entry in output.secret_values() {
        let (Some(name), Some(version)) = (entry.name(), entry.version_id()) else { continue };
        let Ok(document) = document(entry.secret_string()) else { continue };
        let age = age(session, entry.created_date());
        entries.push((name.to_owned(), Stored { document, revision: Revision::new(version), age }));
    }
    Ok(entries)
}
