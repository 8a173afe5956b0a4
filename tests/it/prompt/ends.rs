//! Every question of every command, and every way in which it may end but by an answer: the terminal is as before, the
//! shell finds nothing to run, nothing that was typed is shown or stored, and what was there before is there still.

use std::fs::File;
use std::process::Command;

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Bound, Config, Gateway, PresetUser, Product, Role};
use rustix::process::Signal;

use crate::pty::{Job, Pty, Status};
use crate::sandbox::{Sandbox, gateway, key};

const OLD_USER: &str = "01d00000-0000-4000-8000-000000000001";
const NEW_USER: &str = "01d00000-0000-4000-8000-000000000002";
/// The beginning of an answer, which is never ended.
const HALF: &str = "c0ffee";

/// How a question may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    CtrlC,
    CtrlBackslash,
    Sent(Signal),
    /// Ctrl-D, until the input is over.
    Over,
    /// What cannot be read as text.
    Unreadable,
}

impl End {
    const ALL: [Self; 8] = [
        Self::CtrlC,
        Self::CtrlBackslash,
        Self::Sent(Signal::INT),
        Self::Sent(Signal::TERM),
        Self::Sent(Signal::HUP),
        Self::Sent(Signal::QUIT),
        Self::Over,
        Self::Unreadable,
    ];

    /// Has it happen; the signal that the process is to end by.
    fn happens(self, pty: &Pty, job: &Job<'_>) -> Option<Signal> {
        match self {
            Self::CtrlC => pty.send(b"\x03"),
            Self::CtrlBackslash => pty.send(b"\x1c"),
            Self::Sent(signal) => job.kill(signal),
            Self::Over => pty.send(b"\x04\x04"),
            Self::Unreadable => pty.send(b"\x01\n"),
        }
        match self {
            Self::CtrlC => Some(Signal::INT),
            Self::CtrlBackslash => Some(Signal::QUIT),
            Self::Sent(signal) => Some(signal),
            Self::Over | Self::Unreadable => None,
        }
    }
}

/// A question: which command asks it of whom, what is typed before, and what it says.
struct Question {
    record: Record,
    args: &'static [&'static str],
    answers: &'static [(&'static str, Answer)],
    asks: &'static str,
    secret: Secrecy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secrecy {
    Hidden,
    Shown,
}

#[derive(Clone, Copy)]
enum Answer {
    SubscriptionKey,
    NewUser,
    NewKey,
    Elsewhere,
}

/// What is stored before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Record {
    Nothing,
    /// A file that somebody else holds.
    Locked,
    Sandbox,
    /// With a retired user.
    Replaced,
    /// With both keys of its subscription, the second one in use.
    Swapped,
    /// The same, with a third one in the claim.
    Regenerated,
    Production,
    /// With a retired user.
    ProductionReplaced,
}

struct Scene {
    sandbox: Sandbox,
    gateway: Gateway,
    pty: Pty,
    _lock: Option<File>,
}

fn old_key() -> Canary {
    Canary::hex("old api key of the terminal")
}

fn new_key() -> Canary {
    Canary::hex("new api key of the terminal")
}

impl Scene {
    fn new(record: Record) -> Self {
        let production = matches!(record, Record::Production | Record::ProductionReplaced);
        let gateway =
            if production { Gateway::start(Config::production(1, "mtnuganda")).unwrap() } else { gateway() };
        for (id, key) in [(OLD_USER, old_key()), (NEW_USER, new_key())] {
            let (id, api_key) = (id.parse().unwrap(), key.value().to_owned());
            gateway.put_user(PresetUser { id, api_key, bound: Bound::To(Product::Collection) });
        }
        let mut scene = Self { sandbox: Sandbox::new(), gateway, pty: Pty::open(), _lock: None };
        match record {
            Record::Nothing => {}
            Record::Locked => {
                let lock = File::create(scene.sandbox.path(".env.lock")).unwrap();
                lock.lock().unwrap();
                scene._lock = Some(lock);
            }
            _ => scene.store(record),
        }
        scene
    }

    fn store(&self, record: Record) {
        let mut text = format!(
            "MOMO_SUBSCRIPTION_KEY={}\nMOMO_API_USER={OLD_USER}\nMOMO_API_KEY={}\nMOMO_CALLBACK_HOST=localhost\n",
            key(&self.gateway),
            old_key().value()
        );
        match record {
            Record::Production => text += "MOMO_TARGET_ENVIRONMENT=mtnuganda\n",
            Record::ProductionReplaced => {
                text += &format!("MOMO_TARGET_ENVIRONMENT=mtnuganda\nMOMO_RETIRED_API_USERS={NEW_USER}\n");
            }
            Record::Replaced => text += &format!("MOMO_RETIRED_API_USERS={NEW_USER}\n"),
            Record::Swapped | Record::Regenerated => {
                let secondary = self.gateway.key(Role::Secondary(Product::Collection)).unwrap();
                text += &format!("MOMO_SUBSCRIPTION_KEY_SECONDARY={secondary}\n");
            }
            _ => {}
        }
        self.sandbox.write(".env", text, 0o600);
        if matches!(record, Record::Swapped | Record::Regenerated) {
            let _ = self.sandbox.momo(["rotate", "--subscription-key"]).env(URL, self.url()).run().code(75);
        }
        if record == Record::Regenerated {
            let _ = self.gateway.regenerate_key(Role::Primary(Product::Collection));
            let resume = self.sandbox.momo(["resume", "--consumers-restarted", "--from", "-"]);
            let _ = resume.env(URL, self.url()).stdin(Canary::hex("mistyped").value()).run().code(77);
        }
    }

    fn url(&self) -> &str {
        self.gateway.base_url()
    }

    fn command(&self, args: &[&str]) -> Command {
        let momo = self.sandbox.momo(args).env(URL, self.url()).env("MOMO_CRED_CALLBACK_HOST", "localhost");
        momo.env("MOMO_CRED_LOG", "trace").env("RUST_BACKTRACE", "full").into_command()
    }

    fn stored(&self) -> Option<String> {
        std::fs::read_to_string(self.sandbox.path(".env")).ok()
    }

    fn typed(&self, answer: Answer) -> String {
        match answer {
            Answer::SubscriptionKey => key(&self.gateway),
            Answer::NewUser => NEW_USER.to_owned(),
            Answer::NewKey => new_key().value().to_owned(),
            Answer::Elsewhere => "e".to_owned(),
        }
    }
}

const URL: &str = "MOMO_CRED_BASE_URL";

impl Question {
    const fn hidden(record: Record, args: &'static [&'static str], asks: &'static str) -> Self {
        Self { record, args, answers: &[], asks, secret: Secrecy::Hidden }
    }

    const fn shown(record: Record, args: &'static [&'static str], asks: &'static str) -> Self {
        Self { secret: Secrecy::Shown, ..Self::hidden(record, args, asks) }
    }

    const fn after(self, answers: &'static [(&'static str, Answer)]) -> Self {
        Self { answers, ..self }
    }

    /// Comes to the question, has it end, and looks at what that leaves.
    fn ends_by(&self, end: End) {
        let scene = Scene::new(self.record);
        let pty = &scene.pty;
        let what = format!("{:?}, {:?}, {end:?}", self.args, self.asks);
        let modes = pty.modes();
        let mut job = pty.run(scene.command(self.args));
        for (question, answer) in self.answers {
            pty.wait_for(question);
            pty.send(format!("{}\n", scene.typed(*answer)));
        }
        pty.wait_for(self.asks);
        assert_eq!(pty.echo(), self.secret == Secrecy::Shown, "{what}");
        let before = scene.stored();
        pty.send(HALF);
        let signal = end.happens(pty, &job);
        match (job.status(), signal) {
            (Status::Killed { signal, core: false }, Some(wanted)) => {
                assert_eq!(signal, wanted.as_raw(), "{what}");
            }
            (Status::Exited(code), None) => assert_ne!(code, 0, "{what}"),
            (status, _) => panic!("{what}: {status:?}\n{}", pty.transcript()),
        }
        assert_eq!((pty.modes(), pty.echo()), (modes, true), "{what}");
        assert_eq!(pty.left_for_the_shell(), "", "{what}");
        assert_eq!(scene.stored(), before, "{what}");
        let hidden: &[&str] = if self.secret == Secrecy::Hidden { &[HALF] } else { &[] };
        let transcript = pty.transcript();
        for value in
            hidden.iter().copied().chain([old_key().value(), new_key().value(), &key(&scene.gateway)])
        {
            assert!(!transcript.contains(value), "{what}: on the screen:\n{transcript}");
        }
    }
}

fn each(questions: &[Question]) {
    for question in questions {
        for end in End::ALL {
            question.ends_by(end);
        }
    }
}

const AT_IMPORT: &[(&str, Answer)] =
    &[("Subscription key: ", Answer::SubscriptionKey), ("API user: ", Answer::NewUser)];
const CONFLICT: &[(&str, Answer)] = &[
    ("Subscription key: ", Answer::SubscriptionKey),
    ("API user: ", Answer::NewUser),
    ("API key: ", Answer::NewKey),
];

#[test]
fn keys_that_are_typed() {
    each(&[
        Question::hidden(Record::Nothing, &["provision"], "Subscription key for"),
        Question::hidden(Record::Nothing, &["import"], "Subscription key"),
        Question::shown(Record::Nothing, &["import"], "API user: ").after(AT_IMPORT.split_at(1).0),
        Question::hidden(Record::Nothing, &["import"], "API key: ").after(AT_IMPORT),
    ]);
}

#[test]
fn values_that_could_not_be_stored() {
    const ELSEWHERE: &[(&str, Answer)] = &[
        ("Subscription key: ", Answer::SubscriptionKey),
        ("API user: ", Answer::NewUser),
        ("API key: ", Answer::NewKey),
        ("[a/e/s]: ", Answer::Elsewhere),
    ];
    each(&[Question::shown(Record::Locked, &["import"], "[a/e/s]").after(CONFLICT)]);
    // A location that cannot be read is asked for again: only a signal ends that question.
    let location = Question::shown(Record::Locked, &["import"], "Location").after(ELSEWHERE);
    for end in End::ALL.into_iter().filter(|end| !matches!(end, End::Over | End::Unreadable)) {
        location.ends_by(end);
    }
}

#[test]
fn yes_or_no() {
    each(&[
        Question::shown(Record::Sandbox, &["rotate", "--strategy", "rekey"], "[y/N]"),
        Question::shown(Record::Sandbox, &["compromise"], "[y/N]"),
        Question::shown(Record::Replaced, &["revoke"], "[y/N]"),
        Question::shown(Record::Regenerated, &["abort"], "[y/N]"),
    ]);
}

#[test]
fn guided_through_the_partner_portal() {
    const USER: &[(&str, Answer)] = &[("API user: ", Answer::NewUser)];
    const BOTH: &[(&str, Answer)] = &[("API user: ", Answer::NewUser), ("API key: ", Answer::NewKey)];
    each(&[
        Question::shown(Record::Production, &["rotate"], "API user: "),
        Question::hidden(Record::Production, &["rotate"], "API key: ").after(USER),
        Question::shown(Record::ProductionReplaced, &["revoke"], "Press Enter"),
        // What the first part has published stays.
        Question::shown(Record::Production, &["compromise"], "Press Enter").after(BOTH),
    ]);
}

#[test]
fn guided_through_another_subscription_key() {
    const RESTARTED: &[&str] = &["resume", "--consumers-restarted"];
    each(&[
        Question::hidden(
            Record::Sandbox,
            &["rotate", "--subscription-key"],
            "Secondary subscription key for",
        ),
        Question::shown(Record::Swapped, &["resume"], "Is all of that restarted?"),
        Question::hidden(Record::Swapped, RESTARTED, "New primary subscription key"),
    ]);
}
