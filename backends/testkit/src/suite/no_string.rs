//! Values that are no strings, which other programs keep in the same record.

use momo_cred_backend_api::Document;

use super::refusals::refuses;
use super::support::{create, document, done, field, found, is_found, is_there, replace};
use crate::Harness;

/// The number is what a double still holds exactly: Vault makes doubles of all numbers by itself.
const VALUES: [&str; 4] =
    [r#"{"list":[1,2.5,null,true],"n":123456789012345}"#, r#"["a",{"b":"\"c\""}]"#, "7", "false"];

/// Those come as JSON text beside the fields.
pub async fn read_shows_values_that_are_no_strings(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    let content = document(&[("alpha", "1"), ("beta", "2")]);
    create(&*store, &name, &content).await;
    let mut expected = content;
    for json in VALUES {
        let Some(planted) = h.plant_json(&name, json).await else { return };
        expected.insert_json(field(&planted), json.into());
        let store = h.open().await;
        let stored = found(&*store, &name).await;
        assert!(stored.document.get(&planted).is_none(), "{json} is no field");
        assert!(
            stored.document.same_as(&expected),
            "read {:?} where {expected:?} is stored, or {json} as something else",
            stored.document
        );
        for answer in store.read_many(&[name.clone(), name.clone()]).await {
            let stored = is_found(done("reading many", answer));
            assert!(stored.document.same_as(&expected), "{json} is another value among many");
        }
    }
}

/// These too stay on a write; a store that has none of the kind refuses a document with one as unsupported, before
/// any change.
pub async fn write_keeps_values_that_are_no_strings(h: &dyn Harness) {
    let (store, name, content) = (h.open().await, h.name(0), document(&[("alpha", "1"), ("beta", "2")]));
    let revision = create(&*store, &name, &content).await;
    let mut last = Document::new();
    for json in VALUES {
        let Some(planted) = h.plant_json(&name, json).await else {
            // Both beside fields and alone; under a name that would do for a field.
            let mut beside = document(&[("alpha", "2")]);
            beside.insert_json(field("beta"), json.into());
            let mut alone = Document::new();
            alone.insert_json(field("beta"), json.into());
            for odd in [beside, alone] {
                refuses(h, &format!("writing {json}"), &odd, &name, &content, &revision).await;
            }
            continue;
        };
        for value in ["3", "4"] {
            let mut stored = found(&*store, &name).await;
            stored.document.insert(field("alpha"), value.into());
            replace(&*store, &name, &stored.document, &stored.revision).await;
            stored.document.insert_json(field(&planted), json.into());
            let now = found(&*h.open().await, &name).await.document;
            assert!(now.same_as(&stored.document), "a write changed {json}, which another program keeps");
            last = now;
        }
    }
    // A new record can hold them as well.
    if !last.is_empty() {
        let revision = create(&*store, &h.name(1), &last).await;
        is_there(h, &h.name(1), &last, &revision).await;
    }
}
