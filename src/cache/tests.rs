//! When a record is kept, and when not: what came between the read and the keeping.
#![cfg(target_os = "linux")]

use momo_cred_backend_api::{Document, Expect, Revision};

use super::*;
use crate::credential::Record;

const MAX: Duration = Duration::from_secs(60);

fn seen(layout: &Layout, key: &str) -> Seen {
    let mut record = Record::new(Document::new(), layout.clone());
    record.set_text(Field::ApiKey, key);
    Seen { expect: Expect::Revision(Revision::new("1")), record, deleted: false, age: None }
}

/// A location that no other test has.
fn location() -> Location {
    format!("vault:secret/{}", uuid::Uuid::new_v4()).parse().unwrap()
}

fn cache(location: &Location, layout: &Layout) -> Cache {
    Cache::new(location, Login::of("vault").with("token", "one"), layout, MAX).unwrap()
}

fn kept(cache: &Cache) -> bool {
    cache.get().unwrap().is_some()
}

/// Whether these tests can be run here.
fn usable() -> bool {
    keyring::tests::usable()
}

#[test]
fn what_was_read_before_a_drop_is_not_kept_after_it() {
    if !usable() {
        return;
    }
    let (location, layout) = (location(), Layout::default());
    let cache = cache(&location, &layout);
    let before = cache.epoch().unwrap();
    forget(&location);
    cache.keep(&seen(&layout, "old"), &before).unwrap();
    assert!(!kept(&cache));
    // Somebody else begins to read: that is no leave for who read before.
    let after = cache.epoch().unwrap();
    cache.keep(&seen(&layout, "old"), &before).unwrap();
    assert!(!kept(&cache));
    cache.keep(&seen(&layout, "new"), &after).unwrap();
    cache.keep(&seen(&layout, "new"), &cache.epoch().unwrap()).unwrap();
    assert!(kept(&cache));
    forget(&location);
    assert!(!kept(&cache));
}

#[test]
fn readers_of_other_fields_have_places_of_their_own() {
    if !usable() {
        return;
    }
    let location = location();
    let other = Layout::new([(Field::ApiKey, "other".to_owned())]).unwrap();
    let caches = [cache(&location, &Layout::default()), cache(&location, &other)];
    caches[0].keep(&seen(&Layout::default(), "one"), &caches[0].epoch().unwrap()).unwrap();
    assert_eq!(caches.each_ref().map(kept), [true, false]);
    caches[1].keep(&seen(&other, "two"), &caches[1].epoch().unwrap()).unwrap();
    assert_eq!(caches.each_ref().map(kept), [true, true]);
    forget(&location);
    assert_eq!(caches.each_ref().map(kept), [false, false]);
}
