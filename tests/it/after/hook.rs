use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

use momo_gateway::{Action, Fault, Operation};
use rustix::process::{Pid, Signal, test_kill_process};

use super::{Run, Site};
use crate::gate::Gate;
use crate::sandbox::until;

/// A hook that writes down all that it finds. The shell reads its signals itself: it blocks some while it starts a program.
const TELLS: &str = "env -0 >env; tr '\\0' ' ' </proc/$$/cmdline >argv; ls -l /proc/$$/fd >fds; \
                     while read -r l; do echo \"$l\"; done </proc/$$/status >signals; readlink /proc/$$/fd/0 >stdin; \
                     ps -o pgid= -p $$ | tr -d ' ' >group; echo $$ >pid; ulimit -c >core; echo told";

fn environment(site: &Site) -> BTreeMap<String, String> {
    let text = site.sandbox.read("env");
    let pairs = text.split_terminator('\0').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn a_hook_finds_names_and_no_value() {
    let site = Site::new();
    // A descriptor of whoever started us, and an ignored signal, are not the hook's.
    let mut command = site.sandbox.command("sh");
    let ran = site.momo(&["provision", "--hook-post", TELLS]).into_command();
    let variables = ran.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    command.envs(variables);
    let script = "ulimit -c 7 2>/dev/null; trap '' USR1 PIPE; exec 9</dev/zero; exec \"$0\" \"$@\"";
    command.args(["-c", script]).arg(ran.get_program()).args(ran.get_args());
    let output = command.stdin(Stdio::null()).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{err}");
    assert!(err.contains("\ntold\n") && output.stdout.is_empty(), "its output goes to standard error: {err}");

    let found = environment(&site);
    let value = |name: &str| site.sandbox.env_value(name).unwrap();
    let status = site.momo(&["status", "--json"]).run().code(0).json().remove(0);
    let home = site.sandbox.root().join("home").to_str().unwrap().to_owned();
    let mut expected = BTreeMap::from([
        ("LANG", "C.UTF-8".to_owned()),
        ("TZ", "UTC".to_owned()),
        ("HOME", home),
        ("MOMO_CRED_HOOK_EVENT", "published".to_owned()),
        ("MOMO_CRED_HOOK_COMMAND", "provision".to_owned()),
        ("MOMO_CRED_HOOK_PROFILE", "default".to_owned()),
        ("MOMO_CRED_HOOK_PRODUCT", "collection".to_owned()),
        ("MOMO_CRED_HOOK_TARGET_ENVIRONMENT", "sandbox".to_owned()),
        ("MOMO_CRED_HOOK_LOCATION", "dotenv:.env#MOMO".to_owned()),
        ("MOMO_CRED_HOOK_REVISION", status["revision"].as_str().unwrap().to_owned()),
        ("MOMO_CRED_HOOK_API_USER", value("MOMO_API_USER")),
    ]);
    // PATH is the tester's; PWD and the like are the shell's own.
    let shells = ["PATH", "PWD", "OLDPWD", "SHLVL", "_"];
    let found: BTreeMap<_, _> =
        found.iter().map(|(n, v)| (n.as_str(), v.clone())).filter(|(n, _)| !shells.contains(n)).collect();
    assert_eq!(found, expected);

    // `ls` and a shell that redirects have a few of their own; none is the inherited one or one of ours.
    let fds = site.sandbox.read("fds");
    assert!(!fds.contains("/dev/zero") && !fds.contains("socket:") && !fds.contains(".env"), "{fds}");
    assert_eq!(site.sandbox.read("stdin").trim(), "/dev/null");
    let signals = site.sandbox.read("signals");
    let masks = |line: &&str| line.starts_with("SigIgn:") || line.starts_with("SigBlk:");
    assert_eq!(signals.lines().filter(masks).count(), 2, "{signals}");
    for line in signals.lines().filter(masks) {
        let mask = u64::from_str_radix(line.rsplit('\t').next().unwrap(), 16).unwrap();
        // 32 and 33 are the C library's own, which lets nobody set them.
        assert_eq!(mask & !(0b11 << 31), 0, "{signals}");
    }
    assert_eq!(site.sandbox.read("group"), site.sandbox.read("pid"), "a process group of its own");
    assert_eq!(site.sandbox.read("core").trim(), "7");
    site.assert_clean();

    // The second time there is a revision before.
    let _ = site.momo(&["provision", "--replace", "--hook-post", TELLS]).run().code(0);
    expected.insert("MOMO_CRED_HOOK_PREVIOUS_REVISION", expected["MOMO_CRED_HOOK_REVISION"].clone());
    assert_eq!(
        environment(&site)["MOMO_CRED_HOOK_PREVIOUS_REVISION"],
        expected["MOMO_CRED_HOOK_PREVIOUS_REVISION"]
    );
    site.assert_clean();
}

#[test]
fn a_hook_runs_once_after_a_publish_and_after_nothing_else() {
    let site = Site::with("hook-post = \"echo x >>runs\"\n[profiles.default]\n");
    let runs = || fs::read_to_string(site.sandbox.path("runs")).unwrap_or_default().lines().count();
    site.gateway.script(Fault::on(Operation::CreateKey, Action::Drop));
    let _ = site.momo(&["provision"]).run().code(69);
    assert_eq!(runs(), 0, "after a failure");
    let _ = site.momo(&["resume"]).run().code(0);
    assert_eq!(runs(), 1);
    let _ = site.momo(&["resume"]).run().code(0);
    let _ = site.momo(&["abort"]).run().code(0);
    let _ = site.momo(&["provision"]).run().code(75);
    let _ = site.momo(&["verify"]).run().code(0);
    let _ = site.momo(&["import", "--from", ".env", "--replace", "--dry-run"]).run().code(0);
    assert_eq!(runs(), 1, "nothing was published");
    let _ = site.momo(&["import", "--from", ".env", "--replace"]).run().code(0);
    assert_eq!(runs(), 2);
    let _ = site.momo(&["import", "--from", ".env", "--replace", "--hook-post", "true"]).run().code(0);
    assert_eq!(runs(), 2, "the flag goes before the config");
    site.assert_clean();
}

/// The lock of `.env` is free again: a hook may work on another record of the same file.
#[test]
fn a_hook_may_use_the_same_file() {
    let site = Site::new();
    let hook =
        format!("{} import --from .env --store dotenv:.env#OTHER --no-verify", crate::sandbox::MOMO_CRED);
    let ran = site.momo(&["provision", "--json", "--hook-post", &hook]).run().code(0);
    assert_eq!(ran.json().last().unwrap()["hook"]["outcome"], "ok", "{}", ran.err());
    assert!(site.sandbox.env_value("OTHER_API_KEY").is_some());
}

#[test]
fn what_becomes_of_a_hook_is_told_and_changes_nothing() {
    let list = "hook-post = [\"no-such-program\", \"-x\"]\n[profiles.default]\n";
    let slow = "hook-post = \"sleep 1000 & sleep 1000\"\nhook-timeout = \"1s\"\n[profiles.default]\n";
    for (config, flag, (outcome, reason, status, signal), says) in [
        ("", Some("exit 3"), ("failed", Some("status"), Some(3), None), "status 3"),
        ("", Some("no-such-command"), ("failed", Some("status"), Some(127), None), "command not found"),
        ("", Some("kill -9 $$"), ("failed", Some("signal"), None, Some(9)), "signal 9"),
        ("", Some("true"), ("ok", None, Some(0), None), "hook       ok"),
        (list, None, ("failed", Some("not-started"), None, None), "no such program"),
        (slow, None, ("failed", Some("timeout"), None, None), "longer than 1 s"),
    ] {
        let site = Site::with(config);
        let mut args = vec!["provision", "--json"];
        args.extend(flag.iter().flat_map(|flag| ["--hook-post", flag]));
        let ran = site.momo(&args).run().code(0).says(says).no_leak(&site.canaries());
        let result = ran.json().pop().unwrap();
        let origin = if flag.is_some() { "--hook-post" } else { "named.toml, line 1" };
        let expected = serde_json::json!({
            "origin": origin, "outcome": outcome, "reason": reason, "status": status, "signal": signal,
        });
        assert_eq!((&result["hook"], &result["outcome"]), (&expected, &"ok".into()));
        let _ = site.momo(&["verify"]).run().code(0);
        site.assert_clean();
    }
}

/// A signal for us stops the hook; everything is said before we end by it.
#[test]
fn a_signal_stops_the_hook_and_then_us() {
    let site = Site::new();
    let hook = "echo $$ >pid.part; mv pid.part pid; sleep 1000";
    let run = Run::start(&site, &["provision", "--json", "--hook-post", hook]);
    until("the hook to run", || site.sandbox.path("pid").exists());
    run.signal(Signal::TERM);
    let (signal, result) = run.wait();
    assert_eq!(signal, Some(15));
    assert_eq!((&result["event"], &result["outcome"]), (&"result".into(), &"ok".into()));
    assert_eq!((&result["hook"]["reason"], &result["hook"]["signal"]), (&"interrupted".into(), &15.into()));
    let pid = site.sandbox.read("pid").trim().parse().unwrap();
    assert!(test_kill_process(Pid::from_raw(pid).unwrap()).is_err(), "the hook lives on");
    let _ = site.momo(&["verify"]).run().code(0);
}

/// A run that is to end as soon as it may begins nothing that takes long.
#[test]
fn a_signal_that_was_noted_before_leaves_the_hook_out() {
    let mut site = Site::new();
    let gate = Gate::holding("/token/", site.gateway.address());
    site.base_url = Some(gate.base_url());
    let run = Run::start(&site, &["provision", "--json", "--hook-post", "touch ran"]);
    gate.wait();
    run.signal(Signal::TERM);
    run.until_delivered();
    gate.open();
    let (signal, result) = run.wait();
    assert_eq!(signal, Some(15));
    assert_eq!((&result["outcome"], &result["hook"]["outcome"]), (&"ok".into(), &"skipped".into()));
    assert!(!site.sandbox.path("ran").exists());
}

#[test]
fn a_value_in_the_place_of_a_hook_is_refused_and_not_repeated() {
    let site = Site::new();
    let hook = format!("curl -H 'key: {}' https://example.com", crate::sandbox::key(&site.gateway));
    let ran = site.momo(&["provision", "--hook-post", &hook]).run().code(2).no_leak(&site.canaries());
    let _ = ran.says("--hook-post looks like a secret");
    assert!(!site.sandbox.path(".env").exists());
}
