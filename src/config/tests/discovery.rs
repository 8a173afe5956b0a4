use std::fs;
use std::os::unix::fs::symlink;

use super::{KEY, Sandbox, mode, rendered};
use crate::Kind;
use crate::config::{Environment, FoundBy, Origin, variables};

const WITH: &str = "[profiles.default]\nproduct = \"remittance\"\n";

#[test]
fn without_a_file_everything_is_built_in() {
    let settings = Sandbox::new().one();
    assert_eq!((settings.profile.as_str(), settings.chosen_by), ("default", Origin::BuiltIn));
    assert_eq!(
        (settings.store.value.to_string().as_str(), settings.store.origin),
        ("dotenv:.env#MOMO", Origin::BuiltIn)
    );
    assert!(settings.product.is_none() && settings.base_url.is_none() && settings.timeout.is_none());
    assert!(settings.env.uses_preset());
}

#[test]
fn the_order_is_flag_variable_folder_above_user() {
    let mut sandbox = Sandbox::new();
    let found = |sandbox: &Sandbox| {
        let config = sandbox.load().unwrap();
        config
            .found()
            .map(|found| (found.path().strip_prefix(sandbox.home()).unwrap().to_owned(), found.by()))
    };
    assert_eq!(found(&sandbox), None);
    sandbox.file(".config/momo-cred/momo-cred.toml", "");
    assert_eq!(found(&sandbox), Some((".config/momo-cred/momo-cred.toml".into(), FoundBy::UserFolder)));
    sandbox.cwd = sandbox.cwd.join("a/b");
    fs::create_dir_all(&sandbox.cwd).unwrap();
    sandbox.file("work/repo/momo-cred.toml", "");
    assert_eq!(found(&sandbox), Some(("work/repo/momo-cred.toml".into(), FoundBy::Walk)));
    sandbox.file("work/repo/a/momo-cred.toml", "");
    assert_eq!(found(&sandbox), Some(("work/repo/a/momo-cred.toml".into(), FoundBy::Walk)));
    sandbox.file("work/repo/a/b/momo-cred.toml", "");
    assert_eq!(found(&sandbox), Some(("work/repo/a/b/momo-cred.toml".into(), FoundBy::Walk)));
    let variable = sandbox.file("variable.toml", "");
    sandbox.set(variables::CONFIG, variable.to_str().unwrap());
    assert_eq!(found(&sandbox), Some(("variable.toml".into(), FoundBy::Name)));
    sandbox.file("work/repo/a/b/flag.toml", "");
    sandbox.flags.config = Some("flag.toml".into());
    assert_eq!(found(&sandbox), Some(("work/repo/a/b/flag.toml".into(), FoundBy::Name)));
}

#[test]
fn the_walk_ends_at_the_repository_and_at_home() {
    let mut sandbox = Sandbox::new();
    sandbox.file("momo-cred.toml", "");
    sandbox.file("work/momo-cred.toml", "");
    assert!(sandbox.load().unwrap().found().is_none(), "above the repository");
    fs::remove_dir(sandbox.cwd.join(".git")).unwrap();
    assert_eq!(sandbox.load().unwrap().found().unwrap().shown(), sandbox.home().join("work/momo-cred.toml"));
    fs::remove_file(sandbox.home().join("work/momo-cred.toml")).unwrap();
    assert_eq!(
        sandbox.load().unwrap().found().unwrap().shown(),
        sandbox.home().join("momo-cred.toml"),
        "home itself"
    );
    // A linked work tree has a file of that name.
    sandbox.file("work/repo/.git", "gitdir: elsewhere");
    assert!(sandbox.load().unwrap().found().is_none());
    fs::remove_file(sandbox.cwd.join(".git")).unwrap();
    // Neither is above: a folder above is anybody's.
    sandbox.variables.clear();
    assert!(sandbox.load().unwrap().found().is_none());
    for home in ["/", "relative", "/nowhere"] {
        sandbox.variables = vec![("HOME".to_owned(), home.to_owned())];
        assert!(sandbox.load().unwrap().found().is_none(), "{home}");
    }
}

#[test]
fn a_home_behind_a_link_is_home() {
    let mut sandbox = Sandbox::new();
    fs::remove_dir(sandbox.cwd.join(".git")).unwrap();
    sandbox.file("work/momo-cred.toml", "");
    let link = sandbox.dir.path().join("link");
    symlink(sandbox.home(), &link).unwrap();
    sandbox.variables = vec![("HOME".to_owned(), link.to_str().unwrap().to_owned())];
    assert!(sandbox.load().unwrap().found().is_some());
}

#[test]
fn the_users_own_file_is_trusted_from_within_its_folder_too() {
    let mut sandbox = Sandbox::new();
    sandbox.file(".config/momo-cred/momo-cred.toml", "");
    sandbox.cwd = sandbox.home().join(".config/momo-cred");
    assert_eq!(sandbox.load().unwrap().found().unwrap().by(), FoundBy::UserFolder);
}

#[test]
fn a_named_file_must_be_there() {
    let mut sandbox = Sandbox::with(WITH);
    sandbox.flags.config = Some("gone.toml".into());
    let error = sandbox.error();
    assert_eq!(error.kind(), Kind::Misconfigured);
    assert_eq!(error.to_string(), "the config file gone.toml does not exist: it was named by --config");
    sandbox.flags.config = Some(KEY.into());
    let error = sandbox.error();
    assert!(error.kind() == Kind::Usage && !rendered(&error).contains(KEY));
}

#[test]
fn a_file_that_others_could_have_written_is_refused() {
    let sandbox = Sandbox::with(WITH);
    let path = sandbox.cwd.join("momo-cred.toml");
    for bad in [0o664, 0o646, 0o666] {
        mode(&path, bad);
        let error = sandbox.error();
        assert!(
            error.kind() == Kind::Misconfigured && error.to_string().contains("can be written by others")
        );
        assert!(error.next_steps()[0].starts_with("run `chmod go-w "), "{error:?}");
    }
    mode(&path, 0o600);
    assert!(sandbox.all().is_ok());
}

#[test]
fn a_file_of_another_user_is_refused_and_one_of_root_is_not() {
    let sandbox = Sandbox::with(WITH);
    let path = sandbox.cwd.join("momo-cred.toml");
    let us = rustix::process::geteuid().as_raw();
    let as_user = |uid| {
        let env = Environment::new(sandbox.variables.clone(), &sandbox.cwd, uid);
        super::Config::load(&sandbox.flags, &env).map(|_| ())
    };
    if us == 0 {
        assert!(as_user(1000).is_ok(), "root's file");
        std::os::unix::fs::chown(&path, Some(4242), None).unwrap();
    }
    let error = as_user(us + 1).unwrap_err();
    assert!(error.kind() == Kind::Misconfigured && error.to_string().contains("belongs to another user"));
}

#[test]
fn only_a_regular_file_of_sane_size_in_utf8_is_read() {
    let sandbox = Sandbox::with(WITH);
    let path = sandbox.cwd.join("momo-cred.toml");
    let fault = || sandbox.error().to_string();
    sandbox.file("work/repo/momo-cred.toml", vec![b'#'; 256 * 1024 + 1]);
    assert!(fault().contains("is larger than 256 KiB"));
    sandbox.file("work/repo/momo-cred.toml", vec![b'#'; 256 * 1024]);
    assert!(sandbox.all().is_ok());
    sandbox.file("work/repo/momo-cred.toml", b"# a\n# s3krit \xff\n");
    assert!(fault().contains("is not UTF-8 (line 2)") && !fault().contains("s3krit"));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(fault().contains("is not a regular file"));
    fs::remove_dir(&path).unwrap();
    // A pipe without a writer must not make us wait.
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
    assert!(fault().contains("is not a regular file"));
    fs::remove_file(&path).unwrap();
    symlink(sandbox.file("elsewhere.toml", WITH), &path).unwrap();
    assert!(sandbox.one().product.is_some(), "a link to a good file is good");
    mode(&sandbox.home().join("elsewhere.toml"), 0o666);
    assert!(fault().contains("can be written by others"), "the target counts");
}
