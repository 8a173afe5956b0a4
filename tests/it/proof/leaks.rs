//! Where a key or a token must not be, whatever happens: every command that changes a record runs with the fullest log, a
//! hook that writes down all that it finds, and an audit trail. Then everything is searched that a run printed, wrote or
//! was started with.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use momo_cred::faults::{Control, PANIC, STOP};
use momo_cred_backend_testkit::{Canary, scan_dir};
use momo_gateway::{Action, Answer, Fault, Operation, Product, Role};

use super::bench::{Bench, IMPORTED, IMPORTED_KEY, Store};
use super::case::{COMPLETION, Case, GIVEN, REGENERATED, REVOKE};
use super::figures::figure;
use crate::held::Held;
use crate::pty::{Pty, Status};
use crate::sandbox::{Momo, has_strace, key};

/// What is searched for what it finds: its environment, and the arguments of its parent.
const CONFIG: &str = "audit = \"audit.jsonl\"\n\
    hook-post = \"env >>hook; tr '\\\\0' ' ' </proc/$PPID/cmdline >>hook; tr '\\\\0' ' ' </proc/$$/cmdline >>hook\"\n\
    [profiles.default]\n";

/// Lets core files be as large as the system allows.
const UNLIMITED: &str = "ulimit -c \"$(ulimit -Hc)\"";

/// Whether the system writes a core file of whoever does not keep it from that.
fn core_files_are_written(search: &Search) -> bool {
    let script = format!("{UNLIMITED}; kill -ABRT $$");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(search.bench.sandbox().path("."));
    let status = shell.status().unwrap();
    assert_eq!(status.signal(), Some(6));
    let folder = fs::read_dir(search.bench.sandbox().path(".")).unwrap().map(|entry| entry.unwrap().path());
    // The shell's own; where it is written elsewhere, nobody searches it.
    let cores = folder.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("core"));
    cores.for_each(|core| fs::remove_file(core).unwrap());
    status.core_dumped()
}

/// Runs, and everything that they leave in a sandbox.
struct Search {
    bench: Bench,
    /// Both keys of the subscription, as they were at first.
    pair: [String; 2],
    /// What a person has typed beside that, and what logged in before.
    typed: Vec<Canary>,
    control: Option<Control>,
    runs: usize,
}

impl Search {
    fn new(store: Store, control: Option<Control>) -> Option<Self> {
        Self::before(Case::Provision, store, control)
    }

    /// In a sandbox as a command finds it.
    fn before(case: Case, store: Store, control: Option<Control>) -> Option<Self> {
        let bench = Bench::new(store, case)?;
        bench.sandbox().write("named.toml", CONFIG, 0o600);
        let pair = [Role::Primary, Role::Secondary].map(|role| {
            let role = role(Product::Collection);
            bench.gateway().key(role).unwrap()
        });
        Some(Self { bench, pair, typed: Vec::new(), control, runs: 0 })
    }

    fn momo(&self, args: &[&str]) -> Momo {
        let momo = [args, &["-vvv"]].concat();
        let momo = self.bench.momo(&momo).env("MOMO_CRED_CONFIG", "named.toml").env("MOMO_CRED_LOG", "trace");
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
        let script = format!("{UNLIMITED}; exec \"$0\" \"$@\"");
        let run = Held::begin(self.bench.sandbox(), momo.under("sh", &["-c", &script]));
        run.until_stopped();
        let arguments = run.proc("cmdline");
        assert!(arguments.ends_with(b"rotate\0-vvv\0"));
        fs::write(self.file("cmdline"), arguments).unwrap();
        let limits = String::from_utf8(run.proc("limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
        // While it is at work, too.
        assert_eq!(self.hits(), [""; 0]);
        let written = core_files_are_written(self);
        eprintln!("a core file of a process that does not forbid it: {written}");
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
        let mut canaries = self.bench.canaries();
        canaries.push(bystander());
        canaries.extend(self.typed.iter().cloned());
        canaries.extend(self.pair.iter().map(|key| Canary::of("a key of the pair", key.as_str())));
        canaries.extend(self.bench.served().map(|served| Canary::of("the key served", served.key)));
        canaries
    }

    /// What is found where nothing may be.
    fn hits(&self) -> Vec<String> {
        let sandbox = self.bench.sandbox();
        let allowed = [".env", "portal.env", GIVEN, REGENERATED].map(|name| sandbox.path(name));
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
    assert!(search.bench.gateway().issued_keys().len() > 8, "few keys were issued");
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
    let before = search.bench.logins();
    search.typed.extend(before);
    search.bench.let_remove();
    search.run(&["remove", "--yes"], 0);
    assert_eq!(search.bench.served(), None);
    assert_eq!(search.hits(), [""; 0], "{store:?}");
    Some((search.runs, files(search.bench.sandbox().root())))
}

/// A rotation in production, by a file and by a person at a terminal.
fn guided(store: Store) -> Option<(usize, usize)> {
    let mut search = Search::before(Case::Guided, store, None)?;
    search.run(Case::Guided.args(), 0);
    let (id, key) = ("01d00000-0000-4000-8000-000000000003", "5b0d41c7e2f94a68b3170c9d8e2f6a45");
    search.bench.put_user(id, key);
    search.typed.push(Canary::of("the key that was typed", key));
    search.type_into(&["rotate"], &[("API user: ", id), ("API key: ", key)], 0);
    assert_eq!(search.bench.served().map(|served| served.user).as_deref(), Some(id));
    assert_eq!(search.hits(), [""; 0], "{store:?}");
    Some((search.runs, files(search.bench.sandbox().root())))
}

fn searched(store: Store) {
    if !has_strace() {
        return;
    }
    let Some(all) =
        [everything, replaced, guided].map(|runs| runs(store)).into_iter().collect::<Option<Vec<_>>>()
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
