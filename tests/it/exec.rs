//! `exec`: what the program gets, how it is started, and what is left of momo-cred.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use momo_cred_backend_testkit::Canary;

use super::sandbox::{MOMO_CRED, Momo, Sandbox};

const USER: &str = "01234567-89ab-4def-8123-456789abcdef";

/// A hand-written record, with canaries for keys.
fn record(sandbox: &Sandbox, name: &str, prefix: &str) -> [Canary; 2] {
    let canaries =
        [Canary::hex(format!("{prefix} subscription key")), Canary::hex(format!("{prefix} api key"))];
    let [subscription, api] = [canaries[0].value(), canaries[1].value()];
    let text = format!(
        "{prefix}_SUBSCRIPTION_KEY={subscription}\n{prefix}_API_USER={USER}\n{prefix}_API_KEY={api}\n"
    );
    sandbox.write(name, text, 0o600);
    canaries
}

/// The environment of a program that `exec` starts.
fn child_env(momo: Momo) -> Vec<(String, String)> {
    let ran = momo.run().code(0);
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    ran.out().split('\0').filter_map(pair).collect()
}

fn value<'a>(env: &'a [(String, String)], name: &str) -> Option<&'a str> {
    env.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_three_line_record_is_a_whole_environment() {
    let sandbox = Sandbox::new();
    let [subscription, api] = record(&sandbox, ".env", "MOMO");
    let env = child_env(sandbox.momo(["exec", "--", "env", "-0"]));
    assert_eq!(value(&env, "MOMO_SUBSCRIPTION_KEY"), Some(subscription.value()));
    assert_eq!(value(&env, "MOMO_API_USER"), Some(USER));
    assert_eq!(value(&env, "MOMO_API_KEY"), Some(api.value()));
    assert_eq!(value(&env, "MOMO_TARGET_ENVIRONMENT"), Some("sandbox"));
    assert_eq!(value(&env, "MOMO_BASE_URL"), Some("https://sandbox.momodeveloper.mtn.com"));
    assert_eq!(value(&env, "MOMO_CALLBACK_HOST"), None);
}

#[test]
fn managed_names_are_replaced_and_our_own_logins_are_not_passed_on() {
    let sandbox = Sandbox::new();
    let [_, api] = record(&sandbox, ".env", "MOMO");
    let momo = sandbox
        .momo(["exec", "--keep", "MOMO_CRED_LOG", "--", "env", "-0"])
        .env("MOMO_API_KEY", "stale")
        .env("MOMO_SUBSCRIPTION_KEY_SECONDARY", "stale")
        .env("VAULT_TOKEN", "ours")
        .env("MOMO_CRED_SUBSCRIPTION_KEY", "ours")
        .env("MOMO_CRED_LOG", "momo_cred=warn")
        .env("AWS_PROFILE", "theirs");
    let env = child_env(momo);
    assert_eq!(value(&env, "MOMO_API_KEY"), Some(api.value()));
    for gone in ["MOMO_SUBSCRIPTION_KEY_SECONDARY", "VAULT_TOKEN", "MOMO_CRED_SUBSCRIPTION_KEY"] {
        assert_eq!(value(&env, gone), None, "{gone}");
    }
    assert_eq!(value(&env, "MOMO_CRED_LOG"), Some("momo_cred=warn"));
    assert_eq!(value(&env, "AWS_PROFILE"), Some("theirs"));
}

#[test]
fn clean_only_and_prefix() {
    let sandbox = Sandbox::new();
    record(&sandbox, ".env", "MOMO");
    let args = ["exec", "--clean-env", "--prefix", "PAY", "--only", "api_user,api_key", "--", "env", "-0"];
    let env = child_env(sandbox.momo(args).env("JUNK", "1").env("LC_ALL", "C"));
    let mut names: Vec<_> = env.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "LANG", "LC_ALL", "PATH", "PAY_API_KEY", "PAY_API_USER", "TMPDIR", "TZ"]);
}

#[test]
fn several_profiles_in_one_run() {
    let sandbox = Sandbox::new();
    let [_, collection] = record(&sandbox, "a.env", "MOMO");
    let [_, disbursement] = record(&sandbox, "b.env", "MOMO");
    let config = "[profiles.collection]\nstore = \"dotenv:a.env\"\nenv.prefix = \"IN\"\n\
                  [profiles.payout]\nproduct = \"disbursement\"\nstore = \"dotenv:b.env\"\nenv.prefix = \"OUT\"\n\
                  env.names = { PAYOUT_KEY = \"api_key\" }\n";
    sandbox.write("momo-cred.toml", config, 0o644);
    let env = child_env(sandbox.momo(["exec", "-p", "collection,payout", "--", "env", "-0"]));
    assert_eq!(value(&env, "IN_API_KEY"), Some(collection.value()));
    assert_eq!(value(&env, "OUT_API_KEY"), Some(disbursement.value()));
    assert_eq!(value(&env, "PAYOUT_KEY"), Some(disbursement.value()));
}

#[test]
fn the_program_is_this_process() {
    let sandbox = Sandbox::new();
    record(&sandbox, ".env", "MOMO");
    let mut command = sandbox.momo(["exec", "--", "sh", "-c", "echo $$; exit 37"]).into_command();
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    let pid = child.id().to_string();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), pid);
    assert_eq!(output.status.code(), Some(37));

    let ran = sandbox.momo(["exec", "--", "sh", "-c", "kill -TERM $$"]).run();
    assert_eq!(ran.status.signal(), Some(15));
    let args = ["exec", "--", "printf", "%s|", "", "a b", "$HOME", "--json", "-x"];
    assert_eq!(sandbox.momo(args).run().code(0).out(), "|a b|$HOME|--json|-x|");
}

#[test]
fn codes_of_our_own_failures_and_of_the_shell() {
    let sandbox = Sandbox::new();
    let _ = sandbox.momo(["exec", "--", "true"]).run().code(125).says("error[not-found]");
    let _ = sandbox.momo(["exec", "--no-such-flag", "--", "true"]).run().code(125).says("error[usage]");
    let _ = sandbox.momo(["exec"]).run().code(125).says("after `--`");
}

#[test]
fn explain_shows_fingerprints_and_starts_nothing() {
    let sandbox = Sandbox::new();
    let canaries = record(&sandbox, ".env", "MOMO");
    let ran = sandbox.momo(["exec", "--explain", "--", "touch", "started"]).run().code(0).no_leak(&canaries);
    assert!(ran.out().contains("MOMO_API_KEY") && ran.out().contains("fingerprint"), "{}", ran.out());
    let ran = sandbox.momo(["exec", "--explain", "--json"]).run().code(0).no_leak(&canaries);
    assert_eq!(ran.json()[0]["variables"][0]["variable"], "MOMO_SUBSCRIPTION_KEY");
    assert!(!sandbox.path("started").exists());
}

/// What a parent gave is what the program has: an ignored SIGPIPE, closed standard input, the core limit.
#[test]
fn dispositions_descriptors_and_limits_are_given_back() {
    let sandbox = Sandbox::new();
    record(&sandbox, ".env", "MOMO");
    let probe = "grep -E '^Sig(Ign|Blk)' /proc/self/status; ulimit -Sc; ls /proc/self/fd | tr '\\n' ' '";
    let observe = |through_us: bool| {
        let us = if through_us { format!("{MOMO_CRED} exec -- ") } else { String::new() };
        let script = format!(
            "trap '' PIPE HUP; ulimit -Sc 0; ulimit -Sc 1 2>/dev/null; exec {us}sh -c \"$PROBE\" <&-"
        );
        let output = sandbox.command("sh").args(["-c", &script]).env("PROBE", probe).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(observe(true), observe(false));
}

/// While values are held: no core file, and not to be looked into by others of the same user.
#[test]
fn the_process_is_closed_to_others_while_it_holds_values() {
    let sandbox = Sandbox::new();
    // Root may look into everything, so the binary runs as somebody else where it can.
    let root = rustix::process::geteuid().is_root();
    let binary = copy_of_the_binary(&sandbox);
    let mut command = sandbox.command(&binary);
    command.args(["import", "--from", "-", "--no-verify"]).stdin(Stdio::piped());
    if root {
        command.uid(65534).gid(65534);
    }
    let mut child = command.spawn().unwrap();
    let proc = format!("/proc/{}", child.id());
    wait_for(|| {
        fs::read_to_string(format!("{proc}/wchan")).is_ok()
            && fs::read_to_string(format!("{proc}/status")).is_ok_and(|s| s.contains("State:\tS"))
    });
    let limits = fs::read_to_string(format!("{proc}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    // proc(5): what belongs to root in the folder of somebody else's process is not dumpable.
    let owner = fs::metadata(format!("{proc}/environ")).unwrap().uid();
    assert_eq!(owner, 0, "environ is open to its own user");
    child.stdin.take().unwrap().write_all(b"junk").unwrap();
    let _ = child.wait().unwrap();
}

/// The program itself is as open as it would be without us.
#[test]
fn the_program_may_be_traced_again() {
    let us = rustix::process::geteuid();
    let child = if us.is_root() { 65534 } else { us.as_raw() };
    let sandbox = Sandbox::new();
    record(&sandbox, ".env", "MOMO");
    rustix::fs::chown(sandbox.path(".env"), Some(rustix::process::Uid::from_raw(child)), None).unwrap();
    let binary = copy_of_the_binary(&sandbox);
    let mut command = sandbox.command(&binary);
    command.args(["exec", "--", "stat", "-c", "%u", "/proc/self/environ"]);
    if us.is_root() {
        command.uid(child).gid(child);
    }
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), child.to_string());
}

/// The shortest way: no runtime, no certificate store, no network, a handful of files.
#[test]
fn a_dotenv_start_opens_little() {
    if !super::sandbox::has_strace() {
        return;
    }
    let sandbox = Sandbox::new();
    record(&sandbox, ".env", "MOMO");
    let log = sandbox.path("strace");
    let mut command = sandbox.command("strace");
    command.args(["-f", "-qq", "-o"]).arg(&log);
    command.args([
        "-e",
        "trace=open,openat,read,ioctl,socket,epoll_create1,eventfd2,clone,clone3,execve,getrandom",
        MOMO_CRED,
    ]);
    let status = command.args(["exec", "--", "true"]).stdout(Stdio::null()).status().unwrap();
    assert!(status.success());
    let mut text = String::new();
    File::open(&log).unwrap().read_to_string(&mut text).unwrap();
    // Between our own execve and that of the program.
    let ours: Vec<_> = text.lines().skip(1).take_while(|line| !line.contains("execve(")).collect();
    // Nor is a terminal asked about, since nothing is printed.
    for call in ["ioctl(", "socket(", "epoll_create1(", "eventfd2(", "clone(", "clone3(", "/ssl/", "cert"] {
        assert!(!ours.iter().any(|line| line.contains(call)), "{call} in {ours:#?}");
    }
    let opened = ours.iter().filter(|line| line.contains("open") && line.contains("\".env\"")).count();
    assert_eq!(opened, 1, "{ours:#?}");
    let read = ours.iter().filter(|line| line.contains("read(") && line.contains("MOMO_")).count();
    let reads =
        ours.iter().skip_while(|line| !line.contains("\".env\"")).filter(|line| line.contains("read("));
    assert_eq!((read, reads.count()), (1, 1), "{ours:#?}");
}

/// No shared library is looked for, whatever the environment says.
#[test]
fn the_program_is_one_file() {
    if cfg!(not(without_shared_libraries)) {
        assert!(std::env::var_os("CI").is_none(), "libc.a and what belongs to it are required under CI");
        eprintln!("left out: this build has shared libraries; see build.rs");
        return;
    }
    let elf = fs::read(MOMO_CRED).unwrap();
    let number = |at: usize, bytes: usize| {
        elf[at..at + bytes].iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    // Of a header of 64 bits: where its program headers are, how long one is, how many there are. Each begins with its
    // type, and the type of the one that names a loader is 3.
    let (first, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    assert!(count > 0 && (0..count).all(|n| number(first + n * size, 4) != 3), "it names a loader");
}

/// A copy that anybody can start, wherever the build folder is. `cp` makes it: a file that this process had open for
/// writing could be busy in a child that another test starts just then.
pub(crate) fn copy_of_the_binary(sandbox: &Sandbox) -> PathBuf {
    for path in [sandbox.root(), &sandbox.path("")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let binary = sandbox.root().join("momo-cred");
    assert!(Command::new("cp").arg(MOMO_CRED).arg(&binary).status().unwrap().success());
    binary
}

fn wait_for(condition: impl Fn() -> bool) {
    for _ in 0..3000 {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("waited 30 s in vain");
}

/// A `.env` of ours reads the same in shells and by Docker's rules; python-dotenv and npm dotenv read it in the store's
/// own tests.
#[test]
fn shells_read_what_we_wrote() {
    let (sandbox, gateway) = (Sandbox::new(), super::sandbox::gateway());
    let args = ["provision", "--base-url", gateway.base_url(), "--callback-host", "localhost"];
    let _ = sandbox.momo(args).args_subscription_key(&sandbox, &gateway).run().code(0);
    let text = sandbox.read(".env");
    let mut ours: Vec<&str> = text.lines().collect();
    ours.sort_unstable();
    for shell in ["sh", "bash"] {
        let mut command = Command::new(shell);
        command.env_clear().env("PATH", "/usr/bin:/bin").current_dir(sandbox.path(""));
        let output = command.args(["-c", "set -a; . ./.env; env"]).output().unwrap();
        let lines: Vec<String> = BufReader::new(&output.stdout[..]).lines().map(Result::unwrap).collect();
        let mut read: Vec<&str> =
            lines.iter().map(String::as_str).filter(|line| line.starts_with("MOMO_")).collect();
        read.sort_unstable();
        assert_eq!(read, ours, "{shell}");
    }
    // docker --env-file takes everything after `=` as it stands, quotes included.
    assert!(!text.contains(['"', '\'', ' ', '\\']), "{text}");
}

/// The config of README.md for platform teams, whose second profile has a prefix, and the names of an SDK, which are fixed.
#[test]
fn a_preset_of_a_flag_goes_before_the_names_of_the_file() {
    let sandbox = Sandbox::new();
    let readme = include_str!("../../README.md");
    let config = &readme[readme.find("default-profile = \"collection\"\n").unwrap()..];
    sandbox.write("momo-cred.toml", &config[..config.find("```").unwrap()], 0o644);
    for name in ["collection", "disbursement"] {
        let text =
            format!("MOMO_SUBSCRIPTION_KEY={0}\nMOMO_API_USER={USER}\nMOMO_API_KEY={0}\n", "a".repeat(32));
        sandbox.write(format!("{name}.env"), text, 0o600);
    }
    let options = "-p collection,disbursement --preset momoapi-python";
    assert!(readme.split_whitespace().collect::<Vec<_>>().join(" ").contains(options));
    let run = |more: &[&str]| {
        sandbox.momo(["exec"].into_iter().chain(options.split(' ')).chain(more.iter().copied())).run()
    };
    let ran = run(&["--", "env"]).code(0);
    for name in ["COLLECTION_USER_ID", "DISBURSEMENT_USER_ID"] {
        assert!(ran.out().lines().any(|line| line == format!("{name}={USER}")), "{name}: {}", ran.out());
    }
    assert!(!ran.out().contains("PAYOUT"), "{}", ran.out());
    // What contradicts itself is refused as ever.
    let _ = run(&["--prefix", "PAY", "--", "env"]).code(125).says("are fixed: it takes no prefix");
}
