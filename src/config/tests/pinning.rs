use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::{Sandbox, mode, rendered};
use crate::Kind;
use crate::config::{approve, is_approved, revoke, variables};

const ELSEWHERE: &str =
    "[profiles.default]\nproduct = \"collection\"\nbase-url = \"https://gateway.example\"\n";

fn message(toml: &str) -> String {
    let error = Sandbox::with(toml).error();
    assert_eq!(error.kind(), Kind::Misconfigured);
    assert!(error.next_steps()[0].contains("momo-cred trust"));
    error.to_string()
}

#[test]
fn a_found_file_may_not_say_where_secrets_go() {
    let all = message(
        "proxy = \"http://proxy.example:3128\"\n[profiles.default]\nbase-url = \"https://gateway.example/x\"\n\
         store = \"acme:some/place\"\n",
    );
    assert_eq!(
        all,
        "momo-cred.toml decides where secrets go, and nobody approved it: \
         line 1: `proxy` is http://proxy.example:3128: \
         line 3: `profiles.default.base-url` is https://gateway.example/x: \
         line 4: `profiles.default.store` is acme:some/place"
    );
    // This machine too: another user may listen there.
    assert!(message("[profiles.default]\nbase-url = \"http://127.0.0.1:8080\"\n").contains("127.0.0.1:8080"));
    assert!(
        message("[profiles.default]\nbase-url = \"https://proxy.momoapi.mtn.com:8443\"\n").contains(":8443")
    );
    assert!(message("[profiles.default]\nstore = \"acme:a\u{202e}b\"\n").contains("acme:a\\u{202e}b"));
}

#[test]
fn what_is_not_sensitive_needs_no_approval() {
    let sandbox = Sandbox::with(
        "[profiles.default]\nproduct = \"remittance\"\ntarget-environment = \"mtnuganda\"\n\
         callback-host = \"pay.example.com\"\nstore = \"dotenv:x/.env\"\nenv.names = { A = \"api_key\" }\n\
         base-url = \"https://proxy.momoapi.mtn.com/\"\n",
    );
    assert!(sandbox.all().is_ok());
    assert!(!sandbox.home().join(".local").exists(), "nothing is written");
}

#[test]
fn only_what_is_used_counts() {
    let mut sandbox =
        Sandbox::with(&format!("{ELSEWHERE}[profiles.other]\n[profiles.child]\nextends = \"default\"\n"));
    for (profile, good) in [("default", false), ("other", true), ("child", false), ("other,child", false)] {
        sandbox.flags.profiles = vec![profile.into()];
        assert_eq!(sandbox.all().is_ok(), good, "{profile}");
    }
    let all = sandbox.load().unwrap().sensitive_settings(&["dotenv"]);
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].key.as_str(), all[0].line), ("profiles.default.base-url", 3));
    // Of two profiles that both have one, the one in use is named.
    let two = Sandbox::with(&format!("{ELSEWHERE}[profiles.other]\nbase-url = \"https://other.example\"\n"));
    assert!(!rendered(&two.error()).contains("other.example"));
    assert_eq!(two.load().unwrap().sensitive_settings(&["dotenv"]).len(), 2);
    // A flag or a variable takes its place.
    sandbox.flags.profiles = Vec::new();
    sandbox.flags.base_url = Some("https://mine.example".into());
    assert_eq!(sandbox.one().base_url.unwrap().value.as_str(), "https://mine.example");
    sandbox.flags.base_url = None;
    sandbox.set(variables::BASE_URL, "https://gateway.example");
    assert!(sandbox.all().is_ok());
}

#[test]
fn sources_that_the_user_named_or_owns_are_trusted() {
    let mut sandbox = Sandbox::with(ELSEWHERE);
    sandbox.flags.config = Some("momo-cred.toml".into());
    assert!(sandbox.all().is_ok());
    sandbox.flags.config = None;
    sandbox.set(variables::CONFIG, "momo-cred.toml");
    assert!(sandbox.all().is_ok());
    let sandbox = Sandbox::new();
    sandbox.file(".config/momo-cred/momo-cred.toml", ELSEWHERE);
    assert!(sandbox.all().is_ok());
}

#[test]
fn the_same_setting_in_the_users_own_file_is_fine() {
    let sandbox = Sandbox::with(ELSEWHERE);
    let own = "[profiles.mine]\nbase-url = \"https://gateway.example/\"\n";
    sandbox.file(".config/momo-cred/momo-cred.toml", own);
    assert!(sandbox.all().is_ok());
    sandbox.file(".config/momo-cred/momo-cred.toml", "proxy = \"https://gateway.example/\"\n");
    assert!(sandbox.all().is_err(), "the same text for another setting");
    sandbox.file(".config/momo-cred/momo-cred.toml", own.replace("gateway", "gateway2"));
    assert!(sandbox.all().is_err());
}

#[test]
fn an_approval_holds_for_this_content_at_this_place() {
    let mut sandbox = Sandbox::with(ELSEWHERE);
    let path = sandbox.cwd.join("momo-cred.toml");
    let state = sandbox.home().join(".local/state/momo-cred");
    let found = |sandbox: &Sandbox| sandbox.load().unwrap().found().unwrap().clone();
    assert!(!revoke(&path, &sandbox.env()).unwrap() && !state.exists());
    approve(&found(&sandbox), &sandbox.env()).unwrap();
    assert!(sandbox.all().is_ok() && is_approved(&found(&sandbox), &sandbox.env()).unwrap());
    let bits = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((bits(&state), bits(&state.join("trusted"))), (0o700, 0o600));

    // An edit asks again, be it a blank; the old content back is the old approval.
    sandbox.file("work/repo/momo-cred.toml", format!("{ELSEWHERE} "));
    assert!(sandbox.all().is_err());
    sandbox.file("work/repo/momo-cred.toml", ELSEWHERE);
    assert!(sandbox.all().is_ok());

    // A new approval replaces the old one.
    let edited = ELSEWHERE.replace("gateway.", "gateway2.");
    sandbox.file("work/repo/momo-cred.toml", &edited);
    approve(&found(&sandbox), &sandbox.env()).unwrap();
    assert!(sandbox.all().is_ok());
    sandbox.file("work/repo/momo-cred.toml", ELSEWHERE);
    assert!(sandbox.all().is_err());
    sandbox.file("work/repo/momo-cred.toml", &edited);

    // The same content elsewhere is another file; the same file through a link is not.
    let link = sandbox.home().join("link");
    symlink(&sandbox.cwd, &link).unwrap();
    sandbox.file("work/copy/.git/x", "");
    sandbox.file("work/copy/momo-cred.toml", &edited);
    sandbox.cwd = link;
    assert!(sandbox.all().is_ok());
    sandbox.cwd = sandbox.home().join("work/copy");
    assert!(sandbox.all().is_err());

    // Another file's approval and its revocation leave this one alone.
    sandbox.file("work/other % \u{e9}\n/.git/x", "");
    sandbox.file("work/other % \u{e9}\n/momo-cred.toml", ELSEWHERE);
    sandbox.cwd = sandbox.home().join("work/other % \u{e9}\n");
    approve(&found(&sandbox), &sandbox.env()).unwrap();
    assert!(sandbox.all().is_ok());
    assert!(revoke(std::path::Path::new("momo-cred.toml"), &sandbox.env()).unwrap());
    assert!(sandbox.all().is_err() && !revoke(&sandbox.cwd.join("momo-cred.toml"), &sandbox.env()).unwrap());
    sandbox.cwd = sandbox.home().join("work/repo");
    assert!(sandbox.all().is_ok());
    assert!(revoke(&path, &sandbox.env()).unwrap() && sandbox.all().is_err());
    assert_eq!(fs::read_dir(&state).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn approvals_that_others_could_have_written_count_for_nothing() {
    let sandbox = Sandbox::with(ELSEWHERE);
    let found = sandbox.load().unwrap().found().unwrap().clone();
    approve(&found, &sandbox.env()).unwrap();
    let state = sandbox.home().join(".local/state/momo-cred");
    let list = state.join("trusted");
    for (path, bad, good) in [(&state, 0o777, 0o700), (&list, 0o666, 0o600)] {
        mode(path, bad);
        for error in [sandbox.error(), approve(&found, &sandbox.env()).unwrap_err()] {
            assert!(
                error.kind() == Kind::Misconfigured && error.to_string().contains("can be written by others")
            );
            assert!(error.next_steps()[0].starts_with("run `chmod go-w "));
        }
        mode(path, good);
    }
    assert!(sandbox.all().is_ok());
    sandbox.file(".local/state/momo-cred/trusted", "# head\nnonsense\n");
    assert!(sandbox.error().to_string().contains("is damaged in line 2"));
    fs::remove_file(&list).unwrap();
    symlink(sandbox.file("elsewhere", ""), &list).unwrap();
    assert!(sandbox.error().to_string().contains("cannot be read"));
}

#[test]
fn without_a_home_nothing_can_be_approved() {
    let mut sandbox = Sandbox::with(ELSEWHERE);
    sandbox.variables.clear();
    let found = sandbox.load().unwrap().found().unwrap().clone();
    assert!(!is_approved(&found, &sandbox.env()).unwrap());
    assert!(rendered(&approve(&found, &sandbox.env()).unwrap_err()).contains("XDG_STATE_HOME"));
    assert!(sandbox.error().to_string().contains("nobody approved it"));
}

#[test]
fn approvals_at_one_time_all_stay() {
    let sandbox = Sandbox::with(ELSEWHERE);
    let env = sandbox.env();
    let found: Vec<_> = (0..8)
        .map(|i| {
            let path = sandbox.file(&format!("{i}.toml"), ELSEWHERE);
            super::super::file::read(&path, super::super::FoundBy::Walk, &env).unwrap().unwrap()
        })
        .collect();
    std::thread::scope(|scope| {
        for one in &found {
            scope.spawn(|| approve(one, &env).unwrap());
        }
    });
    assert!(found.iter().all(|one| is_approved(one, &env).unwrap()));
}
