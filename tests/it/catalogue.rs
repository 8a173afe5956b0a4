//! Every message and every help text, one file each in `tests/cmd`: what is there, what is run, and exactly what comes
//! of it. File names read as a specification. `MOMO_CRED_BLESS=1` rewrites what follows `[expect]` in each file.
//!
//! Keys of a case, all optional but `args`:
//! - `args` and the values of the table `env`: a text (`""` for unset), or `{ hex = ".." }`; `stdin`, `stdin-closed = true`
//! - `files`: tables of `path` (from the working directory), `content` or `hex`, `link` to a target, `dir`, `mode`
//! - `locked = true`: somebody holds the lock of `.env`
//! - `gateway = true`, or a table: `production` (a target environment), `bound` (what `${USER}` may read), `script` and
//!   `keys` (lines of its control endpoint), `refuses` (`"reads"` or `"all"`: its list of addresses), `keys-add-up = true`
//! - `vault`: what a Vault server at `${VAULT}` answers, in this order; `catalogue/vault.rs` has the keys of an answer
//! - `unchanged = false`: the run may change files; else every file is afterwards as before, and none is new
//!
//! Placeholders: `${DIR}` (the sandbox), `${URL}` of the gateway, its keys `${KEY}`, `${SECONDARY}`, `${DISBURSEMENT}`,
//! `${VAULT}` and its `${VAULT_PORT}`, a user with its key `${USER}`, `${API_KEY}`, keys that nobody knows `${KEY_A}`, ..,
//! other secrets `${SECRET_A}`, .., `${OWNER}` (this process, as owner of a claim), `${BIG}` (128 KiB). No secret among
//! them may ever be printed.

mod values;
mod vault;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;

use momo_cred::lifecycle::Owner;
use momo_cred_backend_testkit::{Canary, scan};
use momo_gateway::{Bound, Config, Control, Gateway, IpAllowList, PresetUser, Product, Role, Rotation};
use toml::{Table, Value};

use self::values::Values;
use crate::pty::without_terminal;
use crate::sandbox::{MOMO_CRED, Sandbox};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cmd");
const EXPECT: &str = "[expect]\n";
/// What each kind of error ends with, other than in `exec`.
const KINDS: &str = "usage 2 corrupt 65 not-found 66 unavailable 69 internal 70 cannot-write 73 conflict 75 protocol 76 \
                     denied 77 unsupported 78 misconfigured 78 ";

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<_> = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// Runs a check of each case, several at a time, and fails with all that it found.
fn each(check: impl Fn(&Path) -> Result<(), String> + Sync) {
    let (left, failed) = (Mutex::new(cases()), Mutex::new(BTreeMap::new()));
    let total = left.lock().unwrap().len();
    let work = || {
        while let Some(path) = { left.lock().unwrap().pop() } {
            // The panic's own message is on standard error.
            let result =
                catch_unwind(AssertUnwindSafe(|| check(&path))).unwrap_or(Err("panicked".to_owned()));
            if let Err(why) = result {
                failed.lock().unwrap().insert(stem(&path), why);
            }
        }
    };
    std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().unwrap();
    let list =
        failed.iter().fold(String::new(), |list, (name, why)| format!("{list}\n--- {name}.toml\n{why}"));
    assert!(failed.is_empty(), "{} of {total} cases failed:\n{list}", failed.len());
}

#[test]
fn every_message_is_as_written() {
    let bless = std::env::vars_os().any(|(name, value)| name == "MOMO_CRED_BLESS" && value == "1");
    each(|path| {
        let text = fs::read_to_string(path).unwrap();
        let (head, expect) = text.split_once(EXPECT).unwrap_or((&text, ""));
        let got = run(Keys::of(head))?;
        if bless {
            let text = format!("{}\n\n{EXPECT}{}", head.trim_end(), rendered(&got));
            File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
            return Ok(());
        }
        let mut expect = Keys::of(expect);
        let mut text = |key| expect.text(key).unwrap_or_default();
        let (stdout, stderr) = (text("stdout"), text("stderr"));
        let want =
            Got { status: expect.take("status").and_then(|status| status.as_integer()), stdout, stderr };
        expect.end();
        if want == got { Ok(()) } else { Err(difference(&rendered(&want), &rendered(&got))) }
    });
}

/// What failed, its kind, and what to do next. A kind has one exit code.
#[test]
fn every_error_says_what_to_do_next() {
    each(|path| {
        let case = Keys::of(&fs::read_to_string(path).unwrap()).0;
        let expect = |key| case["expect"].get(key).cloned();
        let stderr = expect("stderr").and_then(|text| Some(text.as_str()?.to_owned())).unwrap_or_default();
        let status = expect("status").and_then(|status| status.as_integer());
        let exec = case["args"].as_array().unwrap().iter().any(|arg| arg.as_str() == Some("exec"));
        let Some((_, error)) = stderr.split_once("error[") else {
            let stdout =
                expect("stdout").and_then(|text| Some(text.as_str()?.to_owned())).unwrap_or_default();
            // Its findings are its data.
            let found = stdout.contains("\n  bad ") && stdout.contains(" next: ")
                || stdout.contains(r#""verdict":"bad""#) && stdout.contains(r#""next":""#);
            return if status == Some(0) || exec || found {
                Ok(())
            } else {
                Err("it fails without an error".to_owned())
            };
        };
        let kind = error.split(']').next().unwrap();
        let fits = if exec {
            matches!(status, Some(125..=127))
        } else {
            KINDS.contains(&format!("{kind} {} ", status.unwrap()))
        };
        let next = stderr.contains("\n  next: ");
        if !fits {
            Err(format!("{kind} does not end with {status:?}"))
        } else if !next {
            Err(format!("no next step:\n{stderr}"))
        } else {
            Ok(())
        }
    });
}

/// Placeholders stand for keys: a file with a real-looking one trips scanners, ours among them.
#[test]
fn no_case_holds_a_key() {
    each(|path| {
        let text = fs::read_to_string(path).unwrap();
        let key = |word: &str| word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit());
        let named = path.extension().is_some_and(|ending| ending == "toml");
        let clean = !text.split(|c: char| !c.is_ascii_alphanumeric()).any(key);
        if named && clean { Ok(()) } else { Err("it holds 32 hex digits, or is no .toml file".to_owned()) }
    });
}

/// A table of which every key is taken.
struct Keys(Table);

impl Keys {
    fn of(text: &str) -> Self {
        Self(text.parse().unwrap())
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key)
    }

    fn text(&mut self, key: &str) -> Option<String> {
        self.take(key).map(|value| value.as_str().expect("a text").to_owned())
    }

    fn list(&mut self, key: &str) -> Vec<Value> {
        self.take(key).map(|value| value.as_array().expect("a list").clone()).unwrap_or_default()
    }

    fn flag(&mut self, key: &str, default: bool) -> bool {
        self.take(key).map_or(default, |value| value.as_bool().expect("true or false"))
    }

    fn end(self) {
        assert!(self.0.is_empty(), "there is no such key: {:?}", self.0);
    }
}

#[derive(PartialEq)]
struct Got {
    status: Option<i64>,
    stdout: String,
    stderr: String,
}

fn gateway(setting: Option<Value>, user: &PresetUser) -> Option<Gateway> {
    let mut keys = match setting? {
        Value::Table(table) => Keys(table),
        on => Keys(on.as_bool().unwrap().then(Table::new)?),
    };
    let production = keys.text("production");
    let mut config = production.map_or(Config::sandbox(1), |target| Config::production(1, &target));
    config.control = Control::On;
    config.ip_allow_list = match keys.text("refuses").as_deref() {
        None => IpAllowList::Open,
        Some("reads") => IpAllowList::RefusesReads,
        _ => IpAllowList::RefusesAll,
    };
    if keys.flag("keys-add-up", false) {
        config.rotation = Rotation::KeysAddUp;
    }
    let bound = keys
        .text("bound")
        .map_or(Product::Collection, |name| *Product::ALL.iter().find(|p| p.segment() == name).unwrap());
    let gateway =
        Gateway::start(config.with_user(PresetUser { bound: Bound::To(bound), ..user.clone() })).unwrap();
    for path in ["script", "keys"] {
        for line in keys.list(path) {
            let line = line.as_str().unwrap();
            let mut stream = TcpStream::connect(gateway.address()).unwrap();
            let head = format!(
                "POST /_gateway/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}",
                line.len()
            );
            stream.write_all(format!("{head}\r\n\r\n{line}").as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{line}: {answer}");
        }
    }
    keys.end();
    Some(gateway)
}

fn run(mut case: Keys) -> Result<Got, String> {
    let sandbox = Sandbox::new();
    let user = PresetUser::generated(1, Bound::To(Product::Collection));
    let gateway = gateway(case.take("gateway"), &user);
    let vault = vault::Place::new();
    // The same seed: the keys are known without a gateway too.
    let ring = Gateway::start(Config::sandbox(1)).unwrap();
    let key = |role| ring.key(role).unwrap();
    let fixed = BTreeMap::from([
        ("DIR", sandbox.root().to_str().unwrap().to_owned()),
        ("URL", gateway.as_ref().map(|gateway| gateway.base_url().to_owned()).unwrap_or_default()),
        ("KEY", key(Role::Primary(Product::Collection))),
        ("SECONDARY", key(Role::Secondary(Product::Collection))),
        ("DISBURSEMENT", key(Role::Primary(Product::Disbursement))),
        ("VAULT", format!("http://127.0.0.1:{}", vault.port())),
        ("VAULT_PORT", vault.port().to_string()),
        ("USER", user.id.to_string()),
        ("API_KEY", user.api_key),
        ("OWNER", Owner::this_process().to_string()),
        ("BIG", "x".repeat(128 * 1024)),
    ]);
    drop(ring);
    let ports = gateway.iter().map(|gateway| gateway.address().port()).chain([vault.port()]).collect();
    let values = Values { fixed, ports };
    let vault = vault.serve(&case.list("vault"), &values);
    for file in case.list("files") {
        place(&sandbox, Keys(file.as_table().unwrap().clone()), &values);
    }
    let lock = case.flag("locked", false).then(|| File::create(sandbox.path(".env.lock")).unwrap());
    lock.iter().for_each(|lock| lock.lock().unwrap());
    let before = tree(sandbox.root());

    let closed = case.flag("stdin-closed", false);
    let mut command = sandbox.command(if closed { "/bin/sh" } else { MOMO_CRED });
    if closed {
        command.args(["-c", "exec \"$0\" \"$@\" <&-", MOMO_CRED]);
    }
    let bytes = |value: &Value| -> OsString {
        let hex = || OsString::from_vec(hex(value["hex"].as_str().unwrap()));
        value.as_str().map_or_else(hex, |text| values.fill(text).into())
    };
    for arg in case.list("args") {
        command.arg(bytes(&arg));
    }
    for (name, value) in case.take("env").map(|env| env.as_table().unwrap().clone()).unwrap_or_default() {
        command.env(name, bytes(&value));
    }
    without_terminal(&mut command);
    let stdin = case.text("stdin").map(|text| values.fill(&text));
    let input = if stdin.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if let Some(text) = stdin {
        // A run that does not read its input closes the pipe early.
        let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    }
    let output = child.wait_with_output().unwrap();
    let unchanged = case.flag("unchanged", true);
    case.end();
    vault.end()?;

    let mut canaries = values.canaries();
    canaries.extend(
        sandbox
            .env_value("MOMO_API_KEY")
            .filter(|key| key.len() > 16)
            .map(|key| Canary::of("an issued key", key)),
    );
    let hits = [scan(&output.stdout, &canaries), scan(&output.stderr, &canaries)].concat();
    if !hits.is_empty() {
        return Err(format!("printed: {hits:?}"));
    }
    let after = tree(sandbox.root());
    let changed: Vec<_> =
        before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).collect();
    if unchanged && !changed.is_empty() {
        return Err(format!("changed: {changed:?}"));
    }
    let status = output.status.code().map(i64::from);
    Ok(Got { status, stdout: values.settled(&output.stdout), stderr: values.settled(&output.stderr) })
}

fn place(sandbox: &Sandbox, mut file: Keys, values: &Values) {
    let path = values.fill(&file.text("path").unwrap());
    let mode = file.take("mode").map(|mode| u32::try_from(mode.as_integer().unwrap()).unwrap());
    if let Some(target) = file.text("link") {
        symlink(values.fill(&target), sandbox.path(&path)).unwrap();
    } else if file.flag("dir", false) {
        fs::create_dir_all(sandbox.path(&path)).unwrap();
        fs::set_permissions(sandbox.path(&path), fs::Permissions::from_mode(mode.unwrap_or(0o755))).unwrap();
    } else {
        let content = file.text("content").map(|text| values.fill(&text).into_bytes());
        let bytes = file.text("hex").map(|text| hex(&text));
        sandbox.write(&path, content.or(bytes).unwrap_or_default(), mode.unwrap_or(0o600));
    }
    file.end();
}

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

/// Every file below a folder with its mode and content, but lock files of `.env`.
fn tree(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let stat = path.symlink_metadata().unwrap();
        let mut content = Vec::new();
        if stat.is_symlink() {
            content = path.read_link().unwrap().as_os_str().as_bytes().to_vec();
        } else if stat.is_dir() {
            found.extend(tree(&path));
        } else if stat.is_file() {
            File::open(&path).unwrap().read_to_end(&mut content).unwrap();
        }
        if !path.ends_with(".env.lock") {
            found.insert(path, (stat.permissions().mode(), content));
        }
    }
    found
}

fn rendered(got: &Got) -> String {
    let mut text = got.status.map_or(String::new(), |status| format!("status = {status}\n"));
    for (key, value) in [("stdout", &got.stdout), ("stderr", &got.stderr)] {
        let quoted =
            if value.contains("'''") || value.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
                // JSON escapes what TOML escapes, in the same way.
                serde_json::Value::from(value.as_str()).to_string()
            } else {
                format!("'''\n{value}'''")
            };
        if !value.is_empty() {
            let _ = writeln!(text, "{key} = {quoted}");
        }
    }
    text
}

/// The lines of two texts between what they begin and end with alike.
fn difference(want: &str, got: &str) -> String {
    let (mut want, mut got): (Vec<_>, Vec<_>) = (want.lines().collect(), got.lines().collect());
    while !want.is_empty() && want.last() == got.last() {
        want.pop();
        got.pop();
    }
    let same = want.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let lines =
        |sign, lines: &[&str]| lines.iter().map(|line| format!("{sign} {line}\n")).collect::<String>();
    lines('-', &want[same..]) + &lines('+', &got[same..])
}
