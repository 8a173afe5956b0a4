//! `examine`.

use momo_cred_backend_api::{Finding, Verdict};

use super::leak::Renderings;
use super::support::{create, document, done, found, is_not_there, is_there};
use crate::{Canary, Harness};

/// Something is found, nothing of it is bad, and nothing changes.
pub async fn examine_finds_no_fault_in_a_good_store(h: &dyn Harness) {
    let (store, name) = (h.open().await, h.name(0));
    // Before anything was written: whoever looks makes nothing.
    is_faultless(&store.examine(&name).await);
    is_not_there(h, &name).await;

    let value = Canary::new("examined");
    let seen = Renderings::new(std::slice::from_ref(&value));
    let content = document(&[("alpha", value.value()), ("beta", value.value())]);
    let revision = create(&*store, &name, &content).await;
    let versions =
        if store.capabilities().history { done("asking", store.history(&name).await).len() } else { 0 };
    for handle in [&*store, &*h.open().await] {
        let findings = handle.examine(&name).await;
        is_faultless(&findings);
        seen.findings("what was found", &findings);
        is_there(h, &name, &content, &revision).await;
        is_faultless(&handle.examine(&h.name(1)).await);
        is_not_there(h, &h.name(1)).await;
    }
    assert_eq!(found(&*store, &name).await.revision, revision, "looking wrote a version");
    if store.capabilities().history {
        assert_eq!(done("asking", store.history(&name).await).len(), versions, "looking wrote a version");
    }
    if store.capabilities().list {
        let listed = done("listing", store.list(&h.prefix()).await);
        assert_eq!(listed, [name], "looking made a record");
    }
}

#[track_caller]
fn is_faultless(findings: &[Finding]) {
    assert!(!findings.is_empty(), "nothing was looked at");
    for finding in findings {
        assert!(!matches!(finding.verdict, Verdict::Bad(_)), "a fault in a good store: {finding:?}");
        for text in [Some(finding.about), Some(&*finding.text), finding.next.as_deref()].into_iter().flatten()
        {
            assert!(!text.is_empty() && !text.ends_with('.'), "a clause without a full stop: {finding:?}");
        }
    }
}
