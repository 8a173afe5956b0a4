use std::path::Path;
use std::time::Duration;

use super::{Sandbox, rendered};
use crate::Kind;
use crate::config::{HookCommand, Origin};

/// The file is the user's own: everything in it counts.
fn own(toml: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file(".config/momo-cred/momo-cred.toml", toml);
    sandbox
}

#[test]
fn a_hook_is_a_line_or_a_list() {
    let hook = |toml: &str| own(toml).one().hook_post.unwrap().value;
    assert_eq!(hook("hook-post = \"a b\""), HookCommand::Shell("a b".into()));
    let list = HookCommand::Program { program: "a".into(), arguments: vec!["b c".into(), String::new()] };
    assert_eq!(hook("hook-post = [\"a\", \"b c\", \"\"]"), list);
    assert_eq!(list.to_string(), "[\"a\", \"b c\", \"\"]");
    for wrong in ["[]", "[\"\"]", "[1]", "[\"a\", \"b\\u0000\"]", "7", "\"\""] {
        let error = own(&format!("hook-post = {wrong}")).error();
        assert_eq!(error.kind(), Kind::Misconfigured, "{wrong}");
    }
}

#[test]
fn a_profile_goes_before_the_top_and_a_flag_before_both() {
    let toml = "hook-post = \"top\"\nhook-timeout = \"2m\"\naudit = \"a/top\"\n\
                [profiles.default]\nhook-post = \"mine\"\n[profiles.child]\nextends = \"default\"\naudit = \"/c\"\n";
    let mut sandbox = own(toml);
    sandbox.flags.profiles = vec!["child".into()];
    let settings = sandbox.one();
    assert_eq!(settings.hook_post.unwrap().value, HookCommand::Shell("mine".into()));
    assert_eq!(settings.hook_timeout.unwrap().value, Duration::from_secs(120));
    assert_eq!(settings.audit.unwrap().value, Path::new("/c"));
    sandbox.flags.profiles = vec!["default".into()];
    sandbox.flags.hook_post = Some("flag 'x'".into());
    let settings = sandbox.one();
    let hook = settings.hook_post.unwrap();
    assert_eq!((hook.value.to_string(), hook.origin), ("flag 'x'".into(), Origin::Flag("--hook-post")));
    // A relative path starts from the folder of the file.
    assert_eq!(settings.audit.unwrap().value, sandbox.home().join(".config/momo-cred/a/top"));
    let found = Sandbox::with("audit = \"a/b\"\n");
    found.file(".config/momo-cred/momo-cred.toml", format!("audit = {:?}\n", found.cwd.join("a/b")));
    assert_eq!(
        found.one().audit.unwrap().value,
        Path::new("a/b"),
        "vouched for, and short where it is below us"
    );
}

/// A line and a list that render alike are not the same, nor are equal paths in two folders.
#[test]
fn only_the_very_same_is_vouched_for() {
    for (found, own, good) in [
        ("hook-post = \"a b\"", "hook-post = \"a b\"", true),
        ("hook-post = [\"a\", \"b\"]", "hook-post = [\"a\", \"b\"]", true),
        ("hook-post = '[\"a\", \"b\"]'", "hook-post = [\"a\", \"b\"]", false),
        ("hook-post = \"a b\"", "hook-post = \"a  b\"", false),
        ("audit = \"x\"", "audit = \"x\"", false),
        ("hook-timeout = \"1h\"", "", true),
    ] {
        let sandbox = Sandbox::with(found);
        sandbox.file(".config/momo-cred/momo-cred.toml", own);
        assert_eq!(sandbox.all().is_ok(), good, "{found} {own}");
    }
    let error = Sandbox::with("hook-post = \"x\u{202e}y\"").error();
    assert!(rendered(&error).contains("decides what is run") && error.to_string().contains("x\\u{202e}y"));
}
