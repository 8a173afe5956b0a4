//! What a config file that was found may decide: nothing about where secrets go, until somebody approved its content.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Bound, Gateway, PresetUser, Product};

use crate::sandbox::{Momo, Ran, Sandbox, gateway, key};

const CONFIG: &str = "momo-cred.toml";
const TRUSTED: &str = "home/.local/state/momo-cred/trusted";

/// A project whose config names a gateway, with a credential that the gateway knows.
struct Project {
    sandbox: Sandbox,
    gateway: Gateway,
    canaries: Vec<Canary>,
}

impl Project {
    fn new() -> Self {
        let project = Self::without_config();
        project.config("momo-cred.toml", "");
        project
    }

    fn without_config() -> Self {
        let (sandbox, gateway) = (Sandbox::new(), gateway());
        let user = PresetUser::generated(1, Bound::To(Product::Collection));
        let (key, id) = (key(&gateway), user.id);
        let canaries = vec![Canary::of("subscription key", &*key), Canary::of("API key", &*user.api_key)];
        let record =
            format!("MOMO_SUBSCRIPTION_KEY={key}\nMOMO_API_USER={id}\nMOMO_API_KEY={}\n", user.api_key);
        sandbox.write(".env", record, 0o600);
        gateway.put_user(user);
        Self { sandbox, gateway, canaries }
    }

    /// Writes a config that names the gateway, with more lines after it.
    fn config(&self, path: &str, more: &str) {
        let text = format!("[profiles.default]\nbase-url = \"{}\"\n{more}", self.gateway.base_url());
        self.sandbox.write(path, text, 0o644);
    }

    fn momo(&self, args: &[&str]) -> Momo {
        self.sandbox.momo(args)
    }

    /// Asserts that `verify` works.
    #[track_caller]
    fn works(&self, run: Momo) {
        let _ = run.run().code(0).no_leak(&self.canaries);
        assert!(!self.gateway.requests().is_empty(), "the gateway was not asked");
        self.gateway.clear_requests();
    }

    /// Asserts that `verify` is refused for want of an approval, and that the gateway heard nothing.
    #[track_caller]
    fn refused(&self, run: Momo) -> Ran {
        let ran =
            run.run().code(78).says("momo-cred trust").says(self.gateway.base_url()).no_leak(&self.canaries);
        assert!(self.gateway.requests().is_empty(), "the gateway was asked");
        ran
    }

    fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.sandbox.root().join(path)).unwrap().permissions().mode() & 0o7777
    }
}

#[test]
fn a_found_config_counts_once_it_is_approved() {
    let project = Project::new();
    let _ = project
        .refused(project.momo(&["verify"]))
        .says("error[misconfigured]")
        .says("base-url")
        .says("line 2");

    let shown = project.momo(&["trust", "--show"]).run().code(0).says("not approved");
    assert!(shown.out().contains(&format!("base-url = {}", project.gateway.base_url())), "{}", shown.out());
    assert!(!project.sandbox.root().join(TRUSTED).exists(), "--show approves nothing");
    let _ = project.refused(project.momo(&["verify"]));

    let _ = project.momo(&["trust"]).run().code(0).says("is approved");
    let _ = project.momo(&["trust", "--show"]).run().code(0).says("is approved");
    project.works(project.momo(&["verify"]));

    let _ = project.momo(&["trust", "--revoke"]).run().code(0).says("no longer approved");
    let _ = project.refused(project.momo(&["verify"]));
    let _ = project.momo(&["trust", "--revoke"]).run().code(0).says("was not approved");
}

#[test]
fn an_edit_asks_again() {
    let project = Project::new();
    let _ = project.momo(&["trust"]).run().code(0);
    project.config(CONFIG, "timeout = \"14s\"\n");
    let _ = project.refused(project.momo(&["verify"]));
    // What was approved is approved still.
    project.config(CONFIG, "");
    project.works(project.momo(&["verify"]));
    project.config(CONFIG, "timeout = \"14s\"\n");
    let _ = project.momo(&["trust"]).run().code(0);
    project.works(project.momo(&["verify"]));
}

#[test]
fn a_copy_elsewhere_is_not_approved() {
    let project = Project::new();
    let _ = project.momo(&["trust"]).run().code(0);
    fs::create_dir(project.sandbox.path("clone")).unwrap();
    project.config("clone/momo-cred.toml", "store = \"dotenv:../.env\"\n");
    let clone = |args: &[&str]| {
        let mut command = project.momo(args).into_command();
        command.current_dir(project.sandbox.path("clone"));
        command.output().unwrap()
    };
    assert_eq!(clone(&["verify"]).status.code(), Some(78));
    assert!(project.gateway.requests().is_empty());
    assert_eq!(clone(&["trust"]).status.code(), Some(0));
    assert_eq!(clone(&["verify"]).status.code(), Some(0));
    project.works(project.momo(&["verify"]));
}

#[test]
fn the_same_from_a_trusted_source_is_fine() {
    let project = Project::new();
    let url = project.gateway.base_url();
    project.works(project.momo(&["verify", "--base-url", url]));
    project.works(project.momo(&["verify"]).env("MOMO_CRED_BASE_URL", url));
    project.config("../home/.config/momo-cred/momo-cred.toml", "");
    project.works(project.momo(&["verify"]));
    // It vouches for that value and for no other.
    let other = "[profiles.default]\nbase-url = \"https://gateway.example.com\"\n";
    project.sandbox.write("../home/.config/momo-cred/momo-cred.toml", other, 0o600);
    let _ = project.refused(project.momo(&["verify"]));
}

#[test]
fn a_named_config_is_trusted() {
    let project = Project::without_config();
    project.config("named.toml", "");
    project.works(project.momo(&["verify", "--config", "named.toml"]));
    project.works(project.momo(&["verify"]).env("MOMO_CRED_CONFIG", "named.toml"));
    project.config(CONFIG, "");
    project.works(project.momo(&["verify", "--config", CONFIG]));
    let _ = project.refused(project.momo(&["verify"]));
    assert!(!project.sandbox.root().join(TRUSTED).exists());
}

#[test]
fn the_users_own_config_is_trusted() {
    let project = Project::without_config();
    project.config("../home/.config/momo-cred/momo-cred.toml", "store = \"dotenv:../../../work/.env\"\n");
    project.works(project.momo(&["verify"]));
}

#[test]
fn a_clone_that_decides_nothing_sensitive_needs_no_approval() {
    let project = Project::without_config();
    let config = "[profiles.default]\nproduct = \"collection\"\ntarget-environment = \"sandbox\"\n\
                  callback-host = \"pay.example.com\"\nstore = \"dotenv:.env#MOMO\"\n\
                  base-url = \"https://sandbox.momodeveloper.mtn.com\"\nenv.names = { PAYOUT_KEY = \"api_key\" }\n";
    project.sandbox.write(CONFIG, config, 0o644);
    let _ = project.momo(&["status"]).run().code(0);
    let _ = project.momo(&["exec", "--", "sh", "-c", "test -n \"$PAYOUT_KEY\""]).run().code(0);
    assert!(!project.sandbox.root().join("home/.local").exists(), "nothing is remembered");
}

/// A hook runs code, and the audit trail is a file that we would write.
#[test]
fn a_found_hook_and_audit_trail_count_once_they_are_approved() {
    let project = Project::without_config();
    let (url, key) = (project.gateway.base_url(), key(&project.gateway));
    let import = |project: &Project| {
        let args = ["import", "--from", "home.env", "--replace", "--base-url", url];
        project.momo(&args).env("MOMO_CRED_SUBSCRIPTION_KEY", &key).run()
    };
    project.sandbox.write("home.env", project.sandbox.read(".env"), 0o600);
    for (config, left, says) in [
        ("hook-post = \"touch ran\"\n", "ran", "`hook-post` is touch ran"),
        ("[profiles.default]\nhook-post = [\"touch\", \"ran\"]\n", "ran", "is [\"touch\", \"ran\"]"),
        ("audit = \"ran\"\n", "ran", "`audit` is "),
    ] {
        project.sandbox.write(CONFIG, config, 0o644);
        let _ = import(&project).code(78).says("momo-cred trust").says(says).no_leak(&project.canaries);
        assert!(!project.sandbox.path(left).exists(), "{config}");
        let _ = project.momo(&["trust"]).run().code(0).says("is approved");
        let _ = import(&project).code(0);
        assert!(project.sandbox.path(left).exists(), "{config}");
        fs::remove_file(project.sandbox.path(left)).unwrap();
        // An edit asks again, and somebody's own flag takes the place of a found hook.
        project.sandbox.write(CONFIG, format!("{config}# edited\n"), 0o644);
        let _ = import(&project).code(78).says("momo-cred trust");
        assert!(!project.sandbox.path(left).exists(), "{config}");
    }
    project.sandbox.write(CONFIG, "hook-post = \"touch ran\"\n", 0o644);
    let args = ["import", "--from", "home.env", "--replace", "--base-url", url, "--hook-post", "touch flag"];
    let _ = project.momo(&args).run().code(0);
    assert!(project.sandbox.path("flag").exists() && !project.sandbox.path("ran").exists());
}

/// What a sensitive setting is not used for needs no approval either.
#[test]
fn only_the_chosen_profile_counts() {
    let project = Project::new();
    project.config(CONFIG, "[profiles.other]\nproduct = \"collection\"\n");
    let _ = project.momo(&["status", "-p", "other"]).run().code(0);
    let _ = project.refused(project.momo(&["verify", "-p", "other,default"]));
}

#[test]
fn every_command_that_reads_a_record_asks() {
    let project = Project::new();
    for args in [
        &["status"] as &[&str],
        &["verify"],
        &["exec", "--explain"],
        &["provision", "--callback-host", "localhost", "--replace"],
        &["import", "--from", ".env", "--replace"],
        &["resume"],
        &["abort"],
    ] {
        let code = if args[0] == "exec" { 125 } else { 78 };
        let _ = project.momo(args).run().code(code).says("momo-cred trust").no_leak(&project.canaries);
    }
    let _ = project.momo(&["exec", "--", "touch", "started"]).run().code(125).says("momo-cred trust");
    assert!(!project.sandbox.path("started").exists());
    assert!(project.gateway.requests().is_empty());
}

#[test]
fn one_that_others_can_write_is_refused_whatever_was_approved() {
    let project = Project::new();
    let _ = project.momo(&["trust"]).run().code(0);
    for mode in [0o664, 0o646] {
        let path = project.sandbox.path(CONFIG);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        for args in [&["verify"] as &[&str], &["trust"], &["verify", "--config", CONFIG]] {
            let _ = project.momo(args).run().code(78).says("can be written by others").says("chmod go-w");
        }
    }
    assert!(project.gateway.requests().is_empty());
}

#[test]
fn the_list_of_approvals_is_the_users_alone() {
    let project = Project::new();
    let _ = project.momo(&["trust"]).run().code(0);
    assert_eq!(project.mode("home/.local/state/momo-cred"), 0o700);
    assert_eq!(project.mode(TRUSTED), 0o600);
    let left: Vec<_> =
        fs::read_dir(project.sandbox.root().join("home/.local/state/momo-cred")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    project.sandbox.assert_no_leak(&project.canaries, &[project.sandbox.path(".env")]);

    let list = project.sandbox.root().join(TRUSTED);
    fs::set_permissions(&list, fs::Permissions::from_mode(0o666)).unwrap();
    let _ = project.momo(&["verify"]).run().code(78).says("can be written by others");
    assert!(project.gateway.requests().is_empty());
}

/// XDG_STATE_HOME says where; an approval there is none elsewhere.
#[test]
fn approvals_are_kept_where_xdg_says() {
    let project = Project::new();
    let state = project.sandbox.root().join("state");
    let _ = project.momo(&["trust"]).env("XDG_STATE_HOME", &state).run().code(0);
    project.works(project.momo(&["verify"]).env("XDG_STATE_HOME", &state));
    let _ = project.refused(project.momo(&["verify"]));
    assert!(!project.sandbox.root().join("home/.local").exists());
}
