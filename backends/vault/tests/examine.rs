//! What `doctor` is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use momo_cred_backend_api::Verdict::{Bad, Good, Mend, Told};
use momo_cred_backend_api::{Backend, ErrorKind, Finding, Removal, Verdict};
use momo_cred_backend_vault::{Auth, KvVersion as Configured, MountPath, VaultConfig};
use momo_live::{KvVersion, Storage, Tap, Vault, VaultOptions, response};
use serde_json::json;
use support::{EXEC, Mount, ROTATE, config, create, name, store};

async fn examine(config: VaultConfig, mount: &Mount) -> Vec<Finding> {
    store(config).examine(&mount.name("a")).await
}

/// All that was looked at, and how it is.
fn verdicts(findings: &[Finding]) -> Vec<(&str, Verdict)> {
    findings.iter().map(|finding| (finding.about, finding.verdict)).collect()
}

#[track_caller]
fn about<'a>(findings: &'a [Finding], what: &str) -> &'a Finding {
    findings.iter().find(|finding| finding.about == what).unwrap_or_else(|| panic!("{what} in {findings:?}"))
}

#[tokio::test]
async fn a_small_token_on_a_good_server() {
    let Some(mount) = Mount::new(KvVersion::V2) else { return };
    let config = mount.config(&mount.vault.address(), &[ROTATE]);
    let findings = examine(config.clone(), &mount).await;
    let all = |record| {
        let (engine, rights) = (("engine", Good), ("rights", Good));
        [("server", Good), ("login", Good), ("token", Good), engine, ("record", record), rights]
    };
    assert_eq!(verdicts(&findings), all(Told), "{findings:?}");
    assert!(about(&findings, "token").text.contains("s more, and can be renewed"), "{findings:?}");
    let revision = create(&store(config.clone()), &mount.name("a"), "1").await;
    let findings = examine(config.clone(), &mount).await;
    assert_eq!(verdicts(&findings), all(Good));
    assert!(about(&findings, "record").text.contains("at version 1"));
    store(mount.config(&mount.vault.address(), &[ROTATE, support::REMOVE]))
        .remove(&mount.name("a"), &revision, Removal::Recoverable)
        .await
        .unwrap();
    assert!(about(&examine(config, &mount).await, "record").text.contains("version 1 was deleted"));
}

#[tokio::test]
async fn what_a_token_may_do() {
    let Some(mount) = Mount::new(KvVersion::V2) else { return };
    let address = mount.vault.address();
    mount.root("POST", "data/momo/a", &json!({"data": {"alpha": "1"}}));
    let findings = examine(mount.config(&address, &[EXEC]), &mount).await;
    let rights = about(&findings, "rights");
    assert_eq!(
        (rights.verdict, &*rights.text),
        (Told, "the token may read here, which is enough for exec and verify")
    );
    let writer = r#"path "secret/data/momo/*" { capabilities = ["create", "update"] }"#;
    let findings = examine(mount.config(&address, &[writer]), &mount).await;
    assert_eq!(about(&findings, "rights").text, "the token may create, update here");
    assert_eq!(about(&findings, "record").verdict, Bad(ErrorKind::Denied));
    let elsewhere = r#"path "secret/data/other/*" { capabilities = ["read"] }"#;
    let findings = examine(mount.config(&address, &[elsewhere]), &mount).await;
    assert_eq!(about(&findings, "rights").text, "the token may do nothing with the record");

    // Without `default` it may not even ask.
    mount.vault.policy("bare", &mount.policy(EXEC));
    let token = mount.vault.token_with(&json!({"policies": ["bare"], "no_default_policy": true}));
    let findings = examine(config(&address, &token), &mount).await;
    assert!(about(&findings, "token").text.contains("may not look itself up"));
    assert_eq!(about(&findings, "rights").verdict, Told);
    assert!(!findings.iter().any(|finding| matches!(finding.verdict, Bad(_))), "{findings:?}");
}

#[tokio::test]
async fn a_root_token_is_to_be_mended() {
    let Some(mount) = Mount::new(KvVersion::V2) else { return };
    let findings = examine(config(&mount.vault.address(), mount.vault.root_token()), &mount).await;
    let token = about(&findings, "token");
    assert!(token.verdict == Mend && token.next.is_some(), "{token:?}");
}

#[tokio::test]
async fn an_engine_of_version_1_is_to_be_mended() {
    let Some(mount) = Mount::new(KvVersion::V1) else { return };
    mount.root("POST", "momo/a", &json!({"alpha": "1"}));
    let plain = r#"path "secret/momo/*" { capabilities = ["read"] }"#;
    let findings = examine(mount.config(&mount.vault.address(), &[plain]), &mount).await;
    assert_eq!(about(&findings, "engine").verdict, Mend);
    assert_eq!(about(&findings, "record").verdict, Good);
    let mut wrong = mount.config(&mount.vault.address(), &[plain]);
    wrong.kv_version = Some(Configured::V2);
    assert_eq!(about(&examine(wrong, &mount).await, "engine").verdict, Bad(ErrorKind::Misconfigured));
}

#[tokio::test]
async fn a_short_or_vanishing_history_is_to_be_mended() {
    let Some(mount) = Mount::new(KvVersion::V2) else { return };
    let config = mount.config(&mount.vault.address(), &[ROTATE]);
    let history = async || {
        let findings = examine(config.clone(), &mount).await;
        let of = |f: &Finding| (f.about == "history").then(|| (f.verdict, f.text.clone()));
        findings.iter().filter_map(of).collect::<Vec<_>>()
    };
    assert_eq!(history().await, []);
    mount.root("POST", "config", &json!({"max_versions": 4}));
    assert_eq!(history().await, [(Mend, "4 versions are kept, and each rotation writes two".to_owned())]);
    // The larger number counts.
    mount.root("POST", "metadata/momo/a", &json!({"max_versions": 20}));
    assert_eq!(history().await, []);
    mount.root("POST", "metadata/momo/a", &json!({"delete_version_after": "24h"}));
    let [(Mend, text)] = &history().await[..] else { panic!("one finding") };
    assert!(text.contains("vanish by themselves"), "{text}");
}

#[tokio::test]
async fn a_sealed_server_ends_the_examination() {
    let options = VaultOptions { storage: Storage::Folder, ..VaultOptions::default() };
    let Some(vault) = Vault::start_with(options) else { return };
    vault.seal();
    let findings = store(config(&vault.address(), "hvs.any")).examine(&name("secret/momo/a")).await;
    assert_eq!(verdicts(&findings), [("server", Bad(ErrorKind::Unavailable))]);
    assert!(findings[0].next.as_ref().unwrap().contains("unseal"));
}

#[tokio::test]
async fn a_server_that_is_not_there_or_not_ready_ends_the_examination() {
    let Some(mount) = Mount::new(KvVersion::V2) else { return };
    let tap = Tap::new(mount.vault.socket());
    let config = mount.config(&tap.address(), &[EXEC]);
    tap.answer("GET", "sys/health", &response(501, &[], "{}"), 1);
    let findings = examine(config.clone(), &mount).await;
    assert_eq!(verdicts(&findings), [("server", Bad(ErrorKind::Unavailable))]);
    tap.answer("GET", "sys/health", &response(503, &[], "<html>"), 1);
    let findings = examine(config.clone(), &mount).await;
    assert_eq!(verdicts(&findings), [("server", Bad(ErrorKind::Unavailable))]);
    assert!(!findings[0].text.contains("sealed"), "a gateway without a server: {findings:?}");
    tap.answer("GET", "sys/health", &response(200, &[], "<html>"), 1);
    let findings = examine(config.clone(), &mount).await;
    assert_eq!(verdicts(&findings), [("server", Bad(ErrorKind::Protocol))]);
    // A load balancer may keep this path from us.
    tap.answer("GET", "sys/health", &response(403, &[], "<html>"), 1);
    let findings = examine(config, &mount).await;
    assert_eq!((findings[0].verdict, about(&findings, "engine").verdict), (Told, Good));
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let findings = examine(support::config(&format!("http://{gone}"), "hvs.any"), &mount).await;
    assert_eq!(verdicts(&findings), [("server", Bad(ErrorKind::Unavailable))]);
}

#[tokio::test]
async fn a_wrong_mount_path_login_or_content_is_bad() {
    let Some(mount) = Mount::new(KvVersion::V2) else { return };
    let address = mount.vault.address();
    let good = || store(mount.config(&address, &[EXEC]));
    let findings = good().examine(&name("absent/momo/a")).await;
    assert_eq!(
        findings.last().map(|f| (f.about, f.verdict)),
        Some(("engine", Bad(ErrorKind::Misconfigured)))
    );
    let findings = good().examine(&name("cubbyhole/momo/a")).await;
    assert_eq!(about(&findings, "engine").verdict, Bad(ErrorKind::Misconfigured));
    let findings = good().examine(&name("secret")).await;
    assert_eq!(verdicts(&findings), [("path", Bad(ErrorKind::Misconfigured))]);

    let findings = examine(config(&address, "hvs.none"), &mount).await;
    assert_eq!(about(&findings, "token").verdict, Bad(ErrorKind::Denied));
    let findings = examine(config(&address, "a b"), &mount).await;
    assert_eq!(verdicts(&findings), [("server", Good), ("login", Bad(ErrorKind::Misconfigured))]);

    mount.root("POST", "data/momo/a", &json!({"data": {"": "s3krit"}}));
    let findings = good().examine(&mount.name("a")).await;
    assert_eq!(about(&findings, "record").verdict, Bad(ErrorKind::Corrupt));
    assert!(!format!("{findings:?}").contains("s3krit"));
}

/// It opens once: the run that needs it would find it opened, and take that for a theft.
#[tokio::test]
async fn a_wrapped_secret_id_is_left_to_the_run_that_needs_it() {
    let Some(mount) = Mount::new(KvVersion::V2) else { return };
    mount.root("POST", "data/momo/a", &json!({"data": {"alpha": "1"}}));
    mount.vault.policy(&mount.path, &mount.policy(EXEC));
    let role = mount.vault.approle(&mount.path, &[&mount.path]);
    let wrapper = mount.vault.wrapped_secret_id(&role.name, "60s");
    let tap = Tap::new(mount.vault.socket());
    let mut config = config(&tap.address(), "unused");
    config.auth = Auth::AppRole {
        mount: MountPath::new("approle").unwrap(),
        role_id: role.role_id,
        secret_id: Some(support::given(&wrapper)),
        wrapped: Some(MountPath::new(&format!("auth/approle/role/{}/secret-id", role.name)).unwrap()),
    };
    for _ in 0..2 {
        let findings = examine(config.clone(), &mount).await;
        assert_eq!(verdicts(&findings), [("server", Good), ("login", Told)], "{findings:?}");
        assert!(about(&findings, "login").text.contains("can be opened once"));
    }
    assert_eq!(support::asked(&tap, "GET /v1/sys/health"), tap.requests().len());
    support::found(&store(config), &mount.name("a")).await;
}
