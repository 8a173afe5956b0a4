//! Production: a person brings user and key from the Partner Portal.

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Bound, Config, Gateway, PresetUser, Product, Role};

use crate::pty::{Pty, Status};
use crate::sandbox::{MOMO_CRED, Sandbox};

pub(crate) const OLD_USER: &str = "01d00000-0000-4000-8000-000000000001";
pub(crate) const NEW_USER: &str = "01d00000-0000-4000-8000-000000000002";
const OTHER_USER: &str = "01d00000-0000-4000-8000-000000000003";

pub(crate) fn old_key() -> Canary {
    Canary::hex("production old api key")
}

pub(crate) fn new_key() -> Canary {
    Canary::hex("production new api key")
}

pub(crate) fn subscription_key() -> Canary {
    Canary::hex("production subscription key")
}

/// One `.env` with a production credential, a gateway that knows it, and a terminal.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) gateway: Gateway,
    pub(crate) pty: Pty,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let role = Role::Primary(Product::Collection);
        let config = Config::production(1, "mtnuganda").with_key(role, subscription_key().value());
        let stage =
            Self { sandbox: Sandbox::new(), gateway: Gateway::start(config).unwrap(), pty: Pty::open() };
        stage.put_user(OLD_USER, &old_key());
        stage.put_user(NEW_USER, &new_key());
        stage.write(OLD_USER, &old_key());
        stage
    }

    fn put_user(&self, id: &str, key: &Canary) {
        let (id, api_key) = (id.parse().unwrap(), key.value().to_owned());
        self.gateway.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
    }

    fn write(&self, user: &str, key: &Canary) {
        let record = format!(
            "MOMO_SUBSCRIPTION_KEY={}\nMOMO_API_USER={user}\nMOMO_API_KEY={}\nMOMO_TARGET_ENVIRONMENT=mtnuganda\n\
             MOMO_CALLBACK_HOST=pay.example.com\nMOMO_BASE_URL={}\n",
            subscription_key().value(),
            key.value(),
            self.gateway.base_url()
        );
        self.sandbox.write(".env", record, 0o600);
    }

    /// Begins at the terminal, and answers the two questions.
    fn typed(&self, user: &str, key: &Canary) -> crate::pty::Job<'_> {
        self.typed_in(&["rotate"], user, key)
    }

    pub(crate) fn typed_in(&self, args: &[&str], user: &str, key: &Canary) -> crate::pty::Job<'_> {
        let mut command = self.sandbox.command(MOMO_CRED);
        command.args(args).env("MOMO_CRED_LOG", "trace").env("RUST_BACKTRACE", "full");
        let job = self.pty.run(command);
        self.pty.wait_for("In the Partner Portal");
        self.pty.wait_for("Provider Callback Host: pay.example.com");
        self.pty.wait_for("API user: ");
        self.pty.send(format!("{user}\n"));
        self.pty.wait_for("API key: ");
        self.pty.send(format!("{}\n", key.value()));
        job
    }

    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        let transcript = self.pty.transcript();
        let canaries = [old_key(), new_key(), subscription_key()];
        let leaked: Vec<_> = canaries.iter().filter(|canary| transcript.contains(canary.value())).collect();
        assert!(leaked.is_empty(), "{leaked:?} on the screen:\n{transcript}");
        let allowed = [".env", "other.env", "payouts.env"].map(|name| self.sandbox.path(name));
        self.sandbox.assert_no_leak(&canaries, &allowed);
    }

    #[track_caller]
    pub(crate) fn assert_stored(&self, user: &str, key: &Canary) {
        assert_eq!(self.sandbox.env_value("MOMO_API_USER").unwrap(), user);
        assert_eq!(self.sandbox.env_value("MOMO_API_KEY").unwrap(), key.value());
    }
}

#[test]
fn the_portal_is_told_of_the_values_are_taken_and_the_old_user_is_to_be_revoked() {
    let stage = Stage::new();
    let mut job = stage.typed(NEW_USER, &new_key());
    stage.pty.wait_for("left to do");
    stage.pty.wait_for(OLD_USER);
    assert_eq!(job.status(), Status::Exited(0));
    stage.assert_stored(NEW_USER, &new_key());
    assert_eq!(stage.sandbox.env_value("MOMO_RETIRED_API_USERS").unwrap(), OLD_USER);
    assert_eq!(stage.sandbox.env_value("MOMO_CALLBACK_HOST").unwrap(), "pay.example.com");
    stage.assert_clean();
    let _ = stage.sandbox.momo(["verify"]).run().code(0);
}

#[test]
fn a_pair_that_is_refused_is_not_stored() {
    let stage = Stage::new();
    let mut job = stage.typed(NEW_USER, &Canary::hex("mistyped"));
    assert_eq!(job.status(), Status::Exited(77));
    assert!(stage.pty.transcript().contains("keep the popup"));
    stage.assert_stored(OLD_USER, &old_key());
    stage.assert_clean();
}

/// Somebody else stores another credential while the person types.
#[test]
fn a_conflict_drops_nothing_without_the_persons_word() {
    for (answer, status) in [("a", 0), ("s", 75), ("e", 0)] {
        let stage = Stage::new();
        let mut command = stage.sandbox.command(MOMO_CRED);
        command.arg("rotate");
        let mut job = stage.pty.run(command);
        stage.pty.wait_for("API user: ");
        stage.pty.send(format!("{NEW_USER}\n"));
        stage.pty.wait_for("API key: ");
        let other = Canary::hex("production other api key");
        stage.put_user(OTHER_USER, &other);
        stage.write(OTHER_USER, &other);
        stage.pty.send(format!("{}\n", new_key().value()));
        stage.pty.wait_for("was changed meanwhile");
        stage.pty.wait_for(NEW_USER);
        stage.pty.wait_for("[a/e/s]");
        stage.pty.send(format!("{answer}\n"));
        if answer == "e" {
            stage.pty.wait_for("Location: ");
            stage.pty.send("dotenv:other.env#MOMO\n");
        }
        assert_eq!(job.status(), Status::Exited(status), "{answer}: {}", stage.pty.transcript());
        if answer == "a" {
            stage.assert_stored(NEW_USER, &new_key());
            assert_eq!(stage.sandbox.env_value("MOMO_RETIRED_API_USERS").unwrap(), OTHER_USER);
        } else {
            stage.assert_stored(OTHER_USER, &other);
        }
        let elsewhere = std::fs::read_to_string(stage.sandbox.path("other.env")).unwrap_or_default();
        assert_eq!(elsewhere.contains(new_key().value()), answer == "e");
        stage.assert_clean();
    }
}

#[test]
fn a_file_and_standard_input_do_without_a_terminal() {
    for from_stdin in [false, true] {
        let stage = Stage::new();
        let values = format!("api_user={NEW_USER}\napi_key={}\n", new_key().value());
        let path = stage.sandbox.root().join("home").join("new.env");
        stage.sandbox.write(&path, &values, 0o600);
        let from = if from_stdin { "-" } else { path.to_str().unwrap() };
        let run = stage.sandbox.momo(["rotate", "--from", from]).env("MOMO_CRED_LOG", "trace");
        let run = if from_stdin { run.stdin(values) } else { run };
        let ran = run.run().code(0).no_leak(&[old_key(), new_key(), subscription_key()]);
        let _ = ran.says("left to do");
        stage.assert_stored(NEW_USER, &new_key());
        let _ =
            stage.sandbox.momo(["rotate", "--from", path.to_str().unwrap()]).run().code(2).says("already");
    }
}
