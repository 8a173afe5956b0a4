//! Where a key or a token must not be, whatever happens: every command that changes a record runs with the fullest log, a
//! hook that writes down all that it finds, and an audit trail. Then everything is searched that a run printed, wrote or
//! was started with.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use momo_cred::faults::{Control, PANIC, STOP};
use momo_cred_backend_testkit::{Canary, scan_dir};
use momo_gateway::{Action, Answer, Fault, Operation, Product, Role};
use momo_live::Loopback;

use super::bench::{Bench, IMPORTED, IMPORTED_KEY, Store};
use super::case::{COMPLETION, Case, GIVEN, REGENERATED, REVOKE};
use super::figures::figure;
use crate::gate::{Fate, base_url, detour};
use crate::held::Held;
use crate::pty::{Pty, Status};
use crate::sandbox::{Momo, has_strace, key};

/// What every access token of the gateway begins with.
const ACCESS_TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSMjU2In0";
/// What is searched for what it finds: its environment, and the arguments of its parent.
const CONFIG: &str = "audit = \"audit.jsonl\"\n\
    hook-post = \"env >>hook; tr '\\\\0' ' ' </proc/$PPID/cmdline >>hook; tr '\\\\0' ' ' </proc/$$/cmdline >>hook\"\n\
    [profiles.default]\n";

/// Runs, and everything that they leave in a sandbox.
struct Search {
    bench: Bench,
    way: Loopback,
    /// Every key that was issued, also those that a run dropped.
    issued: Arc<Mutex<Vec<String>>>,
    /// Both keys of the subscription, as they were at first.
    pair: [String; 2],
    control: Option<Control>,
    runs: usize,
}

impl Search {
    fn new(store: Store, control: Option<Control>) -> Option<Self> {
        let bench = Bench::new(store, Case::Provision)?;
        bench.sandbox().write("named.toml", CONFIG, 0o600);
        let issued = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&issued);
        let hear = Arc::new(move |answer: Vec<u8>| {
            let text = String::from_utf8_lossy(&answer).into_owned();
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
            let key = json["apiKey"].as_str().map(str::to_owned);
            heard.lock().unwrap_or_else(PoisonError::into_inner).extend(key);
            answer
        });
        let way = detour(bench.gateway().address(), move |line| {
            if line.contains("/apikey ") { Fate::Rewritten(hear.clone()) } else { Fate::Passes }
        });
        let pair = [Role::Primary, Role::Secondary].map(|role| {
            let role = role(Product::Collection);
            bench.gateway().key(role).unwrap()
        });
        Some(Self { bench, way, issued, pair, control, runs: 0 })
    }

    fn momo(&self, args: &[&str]) -> Momo {
        let momo = [args, &["-vvv"]].concat();
        let momo = self.bench.momo(&momo).env("MOMO_CRED_BASE_URL", base_url(&self.way));
        let momo = momo.env("MOMO_CRED_CONFIG", "named.toml").env("MOMO_CRED_LOG", "trace");
        // The login of a store that is not asked is only there.
        let other = if self.bench.store == Store::Aws { "VAULT_TOKEN" } else { "AWS_SECRET_ACCESS_KEY" };
        let momo = momo.env("RUST_BACKTRACE", "full").env(other, bystander().value());
        match self.control.map(Control::switch) {
            Some((variable, value)) => momo.env(variable, value),
            None => momo,
        }
    }

    /// A new file outside the folders of the run.
    fn file(&mut self, name: &str) -> PathBuf {
        self.runs += 1;
        self.bench.sandbox().root().join(format!("seen-{}.{name}", self.runs))
    }

    /// A run to its end. strace says with which arguments each process was started.
    fn run(&mut self, args: &[&str], code: i32) {
        let log = self.file("started");
        let strace = ["-f", "-qq", "-s", "9999", "-e", "trace=execve", "-o", log.to_str().unwrap()];
        let ran = self.momo(args).under("strace", &strace).run();
        fs::write(log.with_extension("out"), &ran.stdout).unwrap();
        fs::write(log.with_extension("err"), &ran.stderr).unwrap();
        let _ = ran.code(code);
        assert!(fs::read_to_string(&log).unwrap().contains("execve("), "{args:?} was not traced");
    }

    /// A run in a terminal, in which each of these is typed once it shows the question.
    fn type_into(&mut self, args: &[&str], answers: &[(&str, &str)], code: i32) {
        let pty = Pty::open();
        let mut job = pty.run(self.momo(args).into_command());
        for (question, answer) in answers {
            pty.wait_for(question);
            pty.send(format!("{answer}\n"));
        }
        assert_eq!(job.status(), Status::Exited(code), "{}", pty.transcript());
        fs::write(self.file("screen"), pty.transcript()).unwrap();
    }

    /// A rotation that is stopped while it holds a new key, looked at, and aborted.
    fn abort(&mut self) {
        let momo = self.momo(&["rotate"]).env(STOP, "after-key");
        let script = "ulimit -c \"$(ulimit -Hc)\"; exec \"$0\" \"$@\"";
        let run = Held::begin(self.bench.sandbox(), momo.under("sh", &["-c", script]));
        run.until_stopped();
        let arguments = run.proc("cmdline");
        assert!(arguments.ends_with(b"rotate\0-vvv\0"));
        fs::write(self.file("cmdline"), arguments).unwrap();
        let limits = String::from_utf8(run.proc("limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
        // While it is at work, too.
        assert_eq!(self.hits(), [""; 0]);
        assert!(!run.abort(), "there is a core file");
    }

    /// A panic whose message is a key that was just issued.
    fn panic(&mut self) {
        let log = self.file("panicked");
        let ran = self.momo(&["rotate"]).env(PANIC, "1").run().code(70).says("internal error at src/faults");
        fs::write(&log, &ran.stdout).unwrap();
        fs::write(log.with_extension("err"), &ran.stderr).unwrap();
        self.run(&["resume"], 0);
    }

    fn canaries(&self) -> Vec<Canary> {
        let mut canaries = self.bench.logins();
        canaries.extend([
            Canary::of("the subscription key", key(self.bench.gateway())),
            Canary::of("an access token", ACCESS_TOKEN),
            Canary::of("the key that was given", IMPORTED_KEY),
            bystander(),
        ]);
        canaries.extend(self.pair.iter().map(|key| Canary::of("a key of the pair", key.as_str())));
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        canaries.extend(issued.iter().map(|key| Canary::of("an issued key", key.as_str())));
        canaries.extend(self.bench.served().map(|served| Canary::of("the key served", served.key)));
        canaries
    }

    /// What is found where nothing may be.
    fn hits(&self) -> Vec<String> {
        let sandbox = self.bench.sandbox();
        let allowed = [".env", GIVEN, REGENERATED].map(|name| sandbox.path(name));
        let hits = scan_dir(sandbox.root(), &self.canaries(), &allowed).unwrap();
        hits.iter().map(ToString::to_string).collect()
    }
}

/// A login of another store, which is only there.
fn bystander() -> Canary {
    Canary::new("a login that is not ours")
}

/// How many files are below a folder.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

/// What the search finds in a provision with a mistake.
pub(super) fn leaked(control: Option<Control>) -> Vec<String> {
    let mut search = Search::new(Store::Dotenv, control).unwrap();
    let log = search.file("out");
    let ran = search.momo(&["provision"]).run();
    fs::write(&log, &ran.stdout).unwrap();
    fs::write(log.with_extension("err"), &ran.stderr).unwrap();
    let _ = ran.code(0);
    search.hits()
}

/// Every command that changes a record, with and without faults. How many runs there were, and files to search.
fn everything(store: Store) -> Option<(usize, usize)> {
    let mut search = Search::new(store, None)?;
    let fails = |search: &Search, operation| {
        let answer = Action::Answer(Answer::gateway_fault());
        search.bench.gateway().clear_script();
        search.bench.gateway().script(Fault::on(operation, answer).forever());
    };
    search.run(&["provision", "--json"], 0);
    search.run(&["provision", "--replace"], 0);
    search.run(&["rotate"], 0);
    search.run(&["rotate", "--strategy", "rekey", "--yes"], 0);
    search.bench.give();
    search.run(&["import", "--from", "given.env", "--replace"], 0);
    for after in ["resume", "abort"] {
        for operation in [Operation::CreateKey, Operation::Token, Operation::Active] {
            fails(&search, operation);
            search.run(&["rotate", "--timeout", "1s"], 69);
            search.bench.gateway().clear_script();
            search.run(&[after], 0);
        }
    }
    fails(&search, Operation::GetUser);
    search.run(&["rotate", "--json", "--timeout", "1s"], 69);
    search.bench.gateway().clear_script();
    search.run(&["provision"], 75);
    for command in
        [&["status"][..], &["verify"], &["doctor"], &["exec", "--explain"], &["exec", "--", "true"]]
    {
        search.run(command, 0);
    }
    search.abort();
    search.run(&["resume", "--force-takeover"], 0);
    search.type_into(&["rotate", "--strategy", "rekey"], &[("[y/N]", "y")], 0);
    let subscription_key = key(search.bench.gateway());
    let given = [
        ("Subscription key: ", subscription_key.as_str()),
        ("API user: ", IMPORTED),
        ("API key: ", IMPORTED_KEY),
    ];
    search.type_into(&["import", "--replace"], &given, 0);
    search.panic();
    assert_eq!(search.hits(), [""; 0], "{store:?}");

    let sandbox = search.bench.sandbox();
    for (name, holds) in [("hook", "MOMO_CRED_HOOK_EVENT=published"), ("audit.jsonl", "\"fingerprints\"")] {
        assert!(sandbox.read(name).contains(holds), "{name} is not what is to be searched");
    }
    assert!(sandbox.read("hook").contains("rotate -vvv"), "the hook has not seen its parent's arguments");
    let log = fs::read_to_string(sandbox.root().join("seen-1.err")).unwrap();
    assert!(log.contains("DEBUG momo_cred"), "the log is not at its fullest: {log}");
    assert!(search.issued.lock().unwrap_or_else(PoisonError::into_inner).len() > 8, "few keys were issued");
    Some((search.runs, files(sandbox.root())))
}

/// Every command that goes back, makes a credential useless, or changes the subscription key.
fn replaced(store: Store) -> Option<(usize, usize)> {
    let mut search = Search::new(store, None)?;
    // Without history nothing is proven, and the list stays.
    let proven = if store == Store::Dotenv { 69 } else { 0 };
    search.run(&["provision"], 0);
    search.run(&["rotate"], 0);
    search.run(&["rollback"], if store == Store::Dotenv { 78 } else { 0 });
    search.run(REVOKE, proven);
    search.run(Case::Compromise.args(), 0);
    search.type_into(&["compromise"], &[("[y/N]", "y")], 0);
    search.run(&["rotate", "--subscription-key", "--json"], 75);
    search.bench.regenerate();
    search.run(COMPLETION, 0);
    assert_eq!(search.hits(), [""; 0], "{store:?}");
    Some((search.runs, files(search.bench.sandbox().root())))
}

fn searched(store: Store) {
    if !has_strace() {
        return;
    }
    let Some(all) = [everything, replaced].map(|runs| runs(store)).into_iter().collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let (runs, places) = all.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let name = format!("leak search, {}", format!("{store:?}").to_lowercase());
    figure(&name, format_args!("{runs} runs, {places} files searched, nothing found"));
}

#[test]
fn no_value_is_anywhere_but_in_a_dotenv_file() {
    searched(Store::Dotenv);
}

#[test]
fn no_value_is_anywhere_but_in_vault() {
    searched(Store::Vault);
}

#[test]
fn no_value_is_anywhere_but_in_aws() {
    searched(Store::Aws);
}
