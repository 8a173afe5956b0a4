//! What is kept of a record: the fields of ours and the revision, and no field of others.

use std::time::Duration;

use momo_cred_backend_api::{Document, Expect, FieldName, Revision};
use zeroize::Zeroizing;

use crate::credential::{Field, Layout, Record};
use crate::lifecycle::Seen;

/// A record as it was when the store last gave it.
#[derive(Clone, Debug)]
pub struct Cached {
    /// The record, as if it had been read.
    pub seen: Seen,
    /// Its revision then.
    pub revision: Revision,
    /// How long ago that was.
    pub age: Duration,
}

/// `TIME REVISION`, a line feed, and the fields as JSON. `None` for what cannot be kept.
pub(super) fn encode(seen: &Seen, now: Duration) -> Option<Zeroizing<Vec<u8>>> {
    let Expect::Revision(revision) = &seen.expect else { return None };
    let revision = revision.as_str();
    if revision.contains('\n') {
        return None;
    }
    let mut document = Document::new();
    for field in Field::ALL {
        if let Some(value) = seen.record.get(field) {
            document.insert(FieldName::new(field.name()).ok()?, value.clone());
        }
    }
    let (head, fields) = (format!("{} {revision}\n", now.as_secs()), document.to_json().ok()?);
    // Exact: a buffer that grows leaves a copy of what it held behind.
    let mut content = Zeroizing::new(Vec::with_capacity(head.len() + fields.len()));
    content.extend_from_slice(head.as_bytes());
    content.extend_from_slice(&fields);
    Some(content)
}

/// Reads it back. `None` for what is not ours, or older than it may be.
pub(super) fn decode(content: &[u8], layout: &Layout, now: Duration, max_age: Duration) -> Option<Cached> {
    let end = content.iter().position(|byte| *byte == b'\n')?;
    let (head, fields) = content.split_at(end);
    let (time, revision) = std::str::from_utf8(head).ok()?.split_once(' ')?;
    let age = now.checked_sub(Duration::from_secs(time.parse().ok()?))?;
    if age > max_age + Duration::from_secs(1) {
        return None;
    }
    let fields = Document::from_json(fields).ok()?;
    let mut record = Record::new(Document::new(), layout.clone());
    for field in Field::ALL {
        if let Some(value) = fields.get(field.name()) {
            record.set(field, value.clone());
        }
    }
    let revision = Revision::new(revision);
    let seen = Seen { expect: Expect::Revision(revision.clone()), record, deleted: false, age: None };
    Some(Cached { seen, revision, age })
}

#[cfg(test)]
mod tests {
    use momo_cred_backend_api::Secret;

    use super::*;

    const MAX: Duration = Duration::from_secs(60);

    fn seen(layout: &Layout) -> Seen {
        let mut document = Document::new();
        document.insert(FieldName::new("note").unwrap(), Secret::from("of another team"));
        document.insert(FieldName::new("pending_id").unwrap(), Secret::from("a claim"));
        let mut record = Record::new(document, layout.clone());
        record.set_text(Field::ApiKey, "s3krit");
        record.set_text(Field::Product, "collection");
        Seen { expect: Expect::Revision(Revision::new("7 of 9")), record, deleted: false, age: None }
    }

    #[test]
    fn comes_back_with_its_revision_and_age_and_without_fields_of_others() {
        let layout = Layout::new([(Field::ApiKey, "apiKey".to_owned())]).unwrap();
        let kept = encode(&seen(&layout), Duration::from_secs(100)).unwrap();
        let text = String::from_utf8(kept.to_vec()).unwrap();
        assert_eq!(text, "100 7 of 9\n{\"api_key\":\"s3krit\",\"product\":\"collection\"}");
        let cached = decode(&kept, &layout, Duration::from_secs(130), MAX).unwrap();
        assert_eq!((cached.age, cached.revision.as_str()), (Duration::from_secs(30), "7 of 9"));
        assert!(cached.seen.record.get(Field::ApiKey).unwrap().same_as(&Secret::from("s3krit")));
        assert!(cached.seen.record.document().get("apiKey").is_some());
        assert!(!format!("{cached:?}").contains("s3krit"));
    }

    #[test]
    fn what_is_too_old_or_from_the_future_or_not_ours_is_none() {
        let layout = Layout::default();
        let kept = encode(&seen(&layout), Duration::from_secs(100)).unwrap();
        let at = |seconds| decode(&kept, &layout, Duration::from_secs(seconds), MAX).is_some();
        assert_eq!([at(99), at(100), at(161), at(162)], [false, true, true, false]);
        for odd in [&b""[..], b"100", b"100 r", b"x r\n{}", b"100 r\n[]", b"\xff r\n{}"] {
            assert!(decode(odd, &layout, Duration::from_secs(100), MAX).is_none(), "{odd:?}");
        }
    }
}
