//! Restarts and signals when the credential changes, and only then.

use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use momo_cred_backend_testkit::Canary;
use rustix::fs::inotify;
use rustix::process::Signal;

use super::{Supervised, lives, log, probe_pid, stage, until_logged, write_record};
use crate::sandbox::{Momo, Sandbox, gateway, until};

fn watching(sandbox: &Sandbox, watch: &str, program: &[&str]) -> Momo {
    let args: Vec<&str> = ["exec", watch, "--"].into_iter().chain(program.iter().copied()).collect();
    sandbox.momo(args).env("MOMO_CRED_WATCH_INTERVAL", "100ms")
}

fn starts(sandbox: &Sandbox) -> usize {
    log(sandbox).iter().filter(|line| line.starts_with("began")).count()
}

/// A probe that ends at TERM, as services do.
fn service(sandbox: &Sandbox) {
    sandbox.write(
        "service.py",
        super::PROBE.replace("number == 12 and os.path.exists(\"end\")", "number == 15"),
        0o644,
    );
}

#[test]
fn a_changed_credential_restarts_the_program() {
    let (sandbox, _) = stage();
    service(&sandbox);
    let supervised = Supervised::start(&sandbox, watching(&sandbox, "--watch", &["python3", "service.py"]));
    until_logged(&sandbox, "began");
    let new = Canary::hex("supervised another api key");
    write_record(&sandbox, new.value(), "");
    until("the second start", || starts(&sandbox) == 2);
    let lines = log(&sandbox);
    assert_eq!(lines[1], "got 15", "{lines:?}");
    assert!(lines[2].ends_with(&new.value()[..4]), "{lines:?}");
    assert!(!lives(probe_pid(&sandbox, 0)));
    assert!(supervised.said().contains("the credential has changed"), "{}", supervised.said());
    supervised.signal(Signal::TERM);
    assert_eq!(supervised.end(), 37);
    assert_eq!(starts(&sandbox), 2);
}

#[test]
fn a_changed_credential_is_told_by_a_signal() {
    let (sandbox, _) = stage();
    let supervised = Supervised::start(&sandbox, watching(&sandbox, "--watch=HUP", &["python3", "probe.py"]));
    until_logged(&sandbox, "began");
    write_record(&sandbox, Canary::hex("supervised another api key").value(), "");
    until_logged(&sandbox, "got 1");
    // Told once; the next change once more.
    write_record(&sandbox, Canary::hex("supervised a third api key").value(), "");
    until("the second signal", || log(&sandbox).iter().filter(|line| *line == "got 1").count() == 2);
    assert_eq!(log(&sandbox).len(), 3, "{:?}", log(&sandbox));
    assert_eq!(starts(&sandbox), 1);
    drop(supervised);
}

/// A claim, a removed record, a vacant one, one that is broken: the program runs on. Then a change, to show that the
/// looks went on all the time.
#[test]
fn what_is_no_change_of_the_credential_changes_nothing() {
    let (sandbox, keys) = stage();
    let key = keys[1].value();
    let looks = Looks::new(&sandbox);
    let supervised =
        Supervised::start(&sandbox, watching(&sandbox, "--watch=USR1", &["python3", "probe.py"]));
    until_logged(&sandbox, "began");
    let claim = "MOMO_PENDING_ID=7f3e1c52-9d3b-4f0e-8a61-2b9c0d4e5f60\nMOMO_PENDING_KIND=new-user\n\
                 MOMO_PENDING_SINCE=2026-01-02T03:04:05Z\nMOMO_PENDING_LEASE=300\nMOMO_PENDING_OWNER=h:b:1:1:1\n\
                 MOMO_PENDING_API_USER=7f3e1c52-9d3b-4f0e-8a61-2b9c0d4e5f61\n";
    for further in [claim, "", "OTHER=1\n", "MOMO_RETIRED_API_USERS=7f3e1c52-9d3b-4f0e-8a61-2b9c0d4e5f62\n"] {
        write_record(&sandbox, key, further);
        looks.again();
    }
    fs::rename(sandbox.path(".env"), sandbox.path("gone")).unwrap();
    looks.again();
    sandbox.write(".env", claim, 0o600);
    looks.again();
    assert_eq!(supervised.said(), "");
    // What is broken is said, once.
    sandbox.write(".env", "MOMO_API_KEY='", 0o600);
    until("the word", || supervised.said().contains("cannot look for changes"));
    looks.again();
    assert_eq!(supervised.said().matches("cannot look for changes").count(), 1, "{}", supervised.said());
    write_record(&sandbox, key, "");
    until("the other word", || supervised.said().contains("can be looked at again"));
    assert_eq!(log(&sandbox).len(), 1, "{:?}", log(&sandbox));
    write_record(&sandbox, Canary::hex("supervised another api key").value(), "");
    until_logged(&sandbox, "got 10");
    assert_eq!(log(&sandbox).len(), 2, "{:?}", log(&sandbox));
}

/// Sees from outside that the records are looked at: each look reads the config file.
struct Looks(OwnedFd);

impl Looks {
    /// Begins to count. To be called before the program starts: it makes the file.
    fn new(sandbox: &Sandbox) -> Self {
        sandbox.write("momo-cred.toml", "[profiles.default]\n", 0o644);
        let seen = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC).unwrap();
        inotify::add_watch(&seen, sandbox.path("momo-cred.toml"), inotify::WatchFlags::OPEN).unwrap();
        Self(seen)
    }

    /// Waits until what is there now has been looked at, and the look is over.
    fn again(&self) {
        self.count();
        let mut opened = 0;
        // A look may open it twice, and one may have begun before.
        until("looks at the records", || {
            opened += self.count();
            opened > 5
        });
    }

    fn count(&self) -> usize {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.0, &mut buffer);
        std::iter::from_fn(|| reader.next().ok().map(drop)).count()
    }
}

/// A credential that cannot be used is no reason to stop a program that runs.
#[test]
fn a_credential_that_is_no_good_restarts_nothing() {
    let (sandbox, _) = stage();
    service(&sandbox);
    let momo = watching(&sandbox, "--watch", &["python3", "service.py"]);
    let supervised = Supervised::start(&sandbox, momo);
    until_logged(&sandbox, "began");
    write_record(&sandbox, "not a key", "");
    until("the word", || supervised.said().contains("cannot look for changes"));
    assert_eq!(log(&sandbox).len(), 1, "{:?}", log(&sandbox));
    supervised.signal(Signal::TERM);
    assert_eq!(supervised.end(), 37);
}

/// A look asks the gateway for nothing: another token is no other credential.
#[test]
fn a_token_is_exchanged_for_a_start_alone() {
    let (sandbox, gateway) = (Sandbox::new(), gateway());
    let args = ["provision", "--base-url", gateway.base_url(), "--callback-host", "localhost"];
    let _ = sandbox.momo(args).args_subscription_key(&sandbox, &gateway).run().code(0);
    let looks = Looks::new(&sandbox);
    let script = "printenv MOMO_ACCESS_TOKEN > token.new; mv token.new token; exec cat";
    let args = ["exec", "--token", "--watch", "--", "sh", "-c", script];
    let momo = sandbox.momo(args).env("MOMO_CRED_WATCH_INTERVAL", "100ms");
    let supervised = Supervised::start_with(&sandbox, momo, Stdio::piped(), Stdio::null());
    until("the token", || sandbox.path("token").exists());
    let first = sandbox.read("token");
    // Another revision of the same credential, so that a look reads the record.
    sandbox.write(
        ".env",
        format!("{}MOMO_RETIRED_API_USERS=7f3e1c52-9d3b-4f0e-8a61-2b9c0d4e5f62\n", sandbox.read(".env")),
        0o600,
    );
    looks.again();
    assert_eq!(sandbox.read("token"), first);
    assert_eq!(supervised.said(), "");
}

/// TERM, ten seconds, KILL: for a program that does not want to go.
#[test]
fn a_program_that_ignores_the_request_is_killed() {
    let (sandbox, _) = stage();
    let supervised = Supervised::start(&sandbox, watching(&sandbox, "--watch", &["python3", "probe.py"]));
    until_logged(&sandbox, "began");
    let first = probe_pid(&sandbox, 0);
    write_record(&sandbox, Canary::hex("supervised another api key").value(), "");
    until_logged(&sandbox, "got 15");
    assert!(lives(first), "it has time to finish");
    until("the second start", || starts(&sandbox) == 2);
    assert!(!lives(first));
    drop(supervised);
}

/// Somebody who wants an end while the program is being restarted gets one.
#[test]
fn a_request_to_end_is_not_answered_by_a_restart() {
    let (sandbox, _) = stage();
    let supervised = Supervised::start(&sandbox, watching(&sandbox, "--watch", &["python3", "probe.py"]));
    until_logged(&sandbox, "began");
    write_record(&sandbox, Canary::hex("supervised another api key").value(), "");
    until_logged(&sandbox, "got 15");
    sandbox.write("end", "", 0o644);
    supervised.signal(Signal::INT);
    until_logged(&sandbox, "got 2");
    supervised.signal(Signal::USR2);
    assert_eq!(supervised.end(), 37);
    assert_eq!(starts(&sandbox), 1);
}

#[test]
fn a_program_that_ends_is_not_started_again() {
    let (sandbox, _) = stage();
    let supervised = Supervised::start(&sandbox, watching(&sandbox, "--watch", &["sh", "-c", "exit 3"]));
    assert_eq!(supervised.end(), 3);
}

/// After a restart both the new values are hidden, and after a signal those that were in use before, too.
#[test]
fn masks_follow_the_credential() {
    let (sandbox, keys) = stage();
    let new = Canary::hex("supervised another api key");
    let script = "import os, signal, time\n\
                  signal.signal(1, lambda *_: print(open('old').read(), open('new').read(), 'told', flush=True))\n\
                  open('began', 'w')\n\
                  while os.path.exists('began'): time.sleep(0.2)\n";
    sandbox.write("show.py", script, 0o644);
    sandbox.write("old", keys[1].value(), 0o600);
    sandbox.write("new", new.value(), 0o600);
    let momo = sandbox
        .momo(["exec", "--mask", "--watch=HUP", "--", "python3", "show.py"])
        .env("MOMO_CRED_WATCH_INTERVAL", "100ms");
    let out = sandbox.path("out");
    let stdout = fs::File::create(&out).unwrap();
    let supervised = Supervised::start_with(&sandbox, momo, Stdio::null(), stdout.into());
    until("the program", || sandbox.path("began").exists());
    write_record(&sandbox, new.value(), "");
    until("what it shows", || fs::read_to_string(&out).unwrap().contains("told"));
    assert_eq!(fs::read_to_string(&out).unwrap(), "*** *** told\n");
    drop(supervised);
}

/// TERM is for good: a program that takes its time to end is not restarted meanwhile.
#[test]
fn a_program_that_was_asked_to_end_is_not_restarted_later() {
    let (sandbox, _) = stage();
    let looks = Looks::new(&sandbox);
    let supervised = Supervised::start(&sandbox, watching(&sandbox, "--watch", &["python3", "probe.py"]));
    until_logged(&sandbox, "began");
    looks.again();
    supervised.signal(Signal::TERM);
    until_logged(&sandbox, "got 15");
    write_record(&sandbox, Canary::hex("supervised another api key").value(), "");
    // Time for a restart that must not be.
    std::thread::sleep(std::time::Duration::from_millis(600));
    sandbox.write("end", "", 0o644);
    supervised.signal(Signal::USR2);
    assert_eq!(supervised.end(), 37);
    assert_eq!(log(&sandbox)[1..], ["got 15", "got 12"], "{:?}", log(&sandbox));
}

/// A record of a gateway of ours, which answers for a token when we say so.
struct Held {
    sandbox: Sandbox,
    gateway: std::net::TcpListener,
}

impl Held {
    /// Runs a program until another one is being prepared: the wait for its token has begun.
    fn restarting(mode: &[&str], program: &[&str], stdout: Stdio) -> (Self, Supervised, std::net::TcpStream) {
        let (sandbox, gateway) = (Sandbox::new(), gateway());
        let args = ["provision", "--base-url", gateway.base_url(), "--callback-host", "localhost"];
        let _ = sandbox.momo(args).args_subscription_key(&sandbox, &gateway).run().code(0);
        let probe = super::PROBE.replace("MOMO_API_KEY", "MOMO_ACCESS_TOKEN");
        sandbox.write("stays.py", &probe, 0o644);
        sandbox.write(
            "token.py",
            probe.replace("number == 12 and os.path.exists(\"end\")", "number == 15"),
            0o644,
        );
        let last =
            "while not os.path.exists('go'): time.sleep(0.01)\nos.write(1, b'.' * 100000)\nos._exit(5)\n";
        sandbox.write("last.py", probe.replace("# Until the", &format!("{last}# Until the")), 0o644);
        let args = [&["exec", "--token", "--watch"], mode, &["--"], program].concat();
        let momo = sandbox.momo(args).env("MOMO_CRED_WATCH_INTERVAL", "100ms");
        let supervised = Supervised::start_with(&sandbox, momo, Stdio::null(), stdout);
        until_logged(&sandbox, "began");
        let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", held.local_addr().unwrap());
        let record = sandbox.read(".env").replace(gateway.base_url().trim_end_matches('/'), &address);
        sandbox.write("env.new", record, 0o600);
        fs::rename(sandbox.path("env.new"), sandbox.path(".env")).unwrap();
        let (waits, _) = held.accept().unwrap();
        (Self { sandbox, gateway: held }, supervised, waits)
    }

    fn answer(mut waits: std::net::TcpStream) {
        use std::io::{Read as _, Write as _};
        let mut request = Vec::new();
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            let mut byte = [0];
            waits.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        let body = r#"{"access_token":"a-token-of-nobody","token_type":"access_token","expires_in":3600}"#;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
        write!(waits, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }
}

/// The control for those that follow: with the token the restart goes on.
#[test]
fn a_restart_waits_for_its_token() {
    let (held, supervised, waits) = Held::restarting(&[], &["python3", "token.py"], Stdio::null());
    Held::answer(waits);
    until("the second start", || starts(&held.sandbox) == 2);
    drop((supervised, held.gateway));
}

/// The next program is being prepared when somebody wants an end.
#[test]
fn a_request_to_end_counts_before_the_next_program_is_ready() {
    let (held, supervised, waits) = Held::restarting(&[], &["python3", "stays.py"], Stdio::null());
    supervised.signal(Signal::TERM);
    until_logged(&held.sandbox, "got 15");
    Held::answer(waits);
    // Time for a restart that must not be.
    std::thread::sleep(std::time::Duration::from_millis(600));
    held.sandbox.write("end", "", 0o644);
    supervised.signal(Signal::USR2);
    assert_eq!(supervised.end(), 37);
    assert_eq!(log(&held.sandbox)[1..], ["got 15", "got 12"], "{:?}", log(&held.sandbox));
}

/// The program ends by itself while the next one is being prepared, and its last words wait for their reader.
#[test]
fn a_program_that_ended_meanwhile_is_not_revived() {
    let (held, mut supervised, waits) =
        Held::restarting(&["--mask"], &["python3", "last.py"], Stdio::piped());
    let first = probe_pid(&held.sandbox, 0);
    held.sandbox.write("go", "", 0o644);
    until("its end", || !lives(first));
    Held::answer(waits);
    // Time for a restart that must not be.
    std::thread::sleep(std::time::Duration::from_millis(600));
    let mut all = Vec::new();
    std::io::Read::read_to_end(&mut supervised.child().stdout.take().unwrap(), &mut all).unwrap();
    assert_eq!((all.len(), supervised.end(), starts(&held.sandbox)), (100_000, 5, 1));
}

/// What can be read and not be used is told once, not with each look.
#[test]
fn a_start_that_fails_after_a_look_that_does_not_is_told_once() {
    let (sandbox, gateway) = (Sandbox::new(), gateway());
    let args = ["provision", "--base-url", gateway.base_url(), "--callback-host", "localhost"];
    let _ = sandbox.momo(args).args_subscription_key(&sandbox, &gateway).run().code(0);
    let looks = Looks::new(&sandbox);
    let args = ["exec", "--token", "--watch", "--", "cat"];
    let momo = sandbox.momo(args).env("MOMO_CRED_WATCH_INTERVAL", "100ms");
    let supervised = Supervised::start_with(&sandbox, momo, Stdio::piped(), Stdio::null());
    looks.again();
    let wrong = Canary::hex("supervised wrong api key");
    let lines = sandbox.read(".env");
    let lines = lines.lines().map(|line| match line.starts_with("MOMO_API_KEY=") {
        true => format!("MOMO_API_KEY={}\n", wrong.value()),
        false => format!("{line}\n"),
    });
    sandbox.write("env.new", lines.collect::<String>(), 0o600);
    fs::rename(sandbox.path("env.new"), sandbox.path(".env")).unwrap();
    until("the word", || supervised.said().contains("the next program cannot be started"));
    looks.again();
    assert_eq!(supervised.said().lines().count(), 1, "{}", supervised.said());
}

#[test]
fn an_action_that_there_is_not_is_refused_even_where_nothing_is_started() {
    let (sandbox, _) = stage();
    let ran = sandbox.momo(["exec", "--watch=nope", "--explain"]).run();
    let _ = ran.code(125).says("--watch names an action that there is not");
}
