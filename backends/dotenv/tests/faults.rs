//! Failures of the operating system: what is reported, and that the file is as it was.
//!
//! As root nothing is denied by a mode, so one thread gives its user id away; full and read-only disks are mounted in
//! a namespace of their own; single system calls are made to fail, or the process to die at them, by strace.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod support;

use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Command, Output};

use momo_cred_backend_api::{Backend, ErrorKind, Expect};
use support::{Place, as_nobody, block, chmod, document, momo, put, read, set, skip, values};

const BEFORE: &str = "# kept\nMOMO_API_KEY=old\nA='1'\n";
const AFTER: &str = "# kept\nMOMO_API_KEY=new\nA='1'\n";

/// What the children below do: one write, and a line that says how it ended. Without its variable it does nothing.
#[test]
fn child() {
    #[expect(clippy::disallowed_methods, reason = "how the parent names the file")]
    let Some(path) = std::env::var_os("MOMO_CRED_TEST_FILE") else { return };
    let outcome = match set(&support::open(Path::new(&path)), &[("api_key", "new")]) {
        Ok(_) => "written".to_owned(),
        Err(error) => {
            let reason = error.reason().unwrap();
            format!("{} {:?} {reason}; {}", error.kind().token(), error.effect(), reason.next().unwrap())
        }
    };
    println!("OUTCOME: {outcome}.");
}

/// Runs `child` under `wrapper`, which ends in the words before its program.
fn run_child(wrapper: &[&str], path: &Path) -> Output {
    let this = std::env::current_exe().unwrap();
    let mut command = Command::new(wrapper[0]);
    command.args(&wrapper[1..]).arg(this).args(["--exact", "child", "--nocapture"]);
    command.env("MOMO_CRED_TEST_FILE", path).output().unwrap()
}

fn outcome(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let outcome = text.split("OUTCOME: ").nth(1).and_then(|rest| rest.split(".\n").next());
    outcome.map_or_else(|| format!("none: {text} {}", String::from_utf8_lossy(&output.stderr)), str::to_owned)
}

fn works(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

#[test]
fn refused_access_is_denied_and_never_missing() {
    let place = Place::with(BEFORE);
    let store = place.store();
    let content = document([("api_key", "new")]);
    chmod(&place.path, 0o000);
    for (folder, why) in [(0o555, "the mode of the file"), (0o000, "the mode of the folder")] {
        chmod(place.dir.path(), folder);
        let errors = as_nobody(|| {
            [read(&store).map(drop), block(store.write(&momo(), &content, &Expect::Absent)).map(drop)]
                .map(Result::unwrap_err)
        });
        for error in errors {
            assert_eq!((error.kind(), error.retryable()), (ErrorKind::Denied, false), "{why}: {error:?}");
        }
    }
    chmod(place.dir.path(), 0o700);
    chmod(&place.path, 0o600);
    assert_eq!((place.text().as_str(), place.names()), (BEFORE, vec![".env".to_owned()]));
}

#[test]
fn a_file_of_another_user_is_not_taken_from_him() {
    if !rustix::process::geteuid().is_root() {
        return println!("skipped: needs root, to give a file away");
    }
    let place = Place::with(BEFORE);
    chown(&place.path, Some(65534), None).unwrap();
    assert_eq!(values(&place.store())[0].1, "old");
    let error = set(&place.store(), &[("api_key", "new")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    assert!(error.reason().unwrap().to_string().contains("65534"));
    assert_eq!(place.text(), BEFORE);
}

/// Runs a script in a mount namespace of its own, then the child in it.
fn in_mounts(script: &str) -> Option<(String, String)> {
    let user = if rustix::process::geteuid().is_root() { "-m" } else { "-rm" };
    if !works("unshare", &[user, "sh", "-c", "mount -t tmpfs -o size=8k none /mnt"]) {
        let why = "the right to mount in a namespace (unshare -m)";
        if user == "-m" {
            skip(why);
        } else {
            println!("skipped: needs {why}");
        }
        return None;
    }
    let prepare = "mount -t tmpfs -o size=8k,mode=700 none /mnt && umask 077 && cd /mnt";
    let script =
        format!("{prepare} && {script} && {{ \"$@\"; printf 'FILE: '; cat /mnt/.env; ls -A /mnt; }}");
    let output = run_child(&["unshare", user, "sh", "-c", &script, "sh"], Path::new("/mnt/.env"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rest = text.split("FILE: ").nth(1).unwrap_or_else(|| panic!("{output:?}")).to_owned();
    Some((outcome(&output), rest))
}

#[test]
fn a_full_disk_changes_nothing() {
    let long = format!("printf '#%05000d\\n%s' 0 '{}' > .env", "MOMO_API_KEY=old\n");
    let Some((outcome, rest)) = in_mounts(&long) else { return };
    assert!(outcome.starts_with("unavailable NotApplied"), "{outcome}");
    assert!(outcome.contains("full; free some space"), "{outcome}");
    assert!(rest.ends_with("MOMO_API_KEY=old\n.env\n.env.lock\n"), "the temporary file is gone: {rest}");
}

#[test]
fn a_read_only_disk_is_denied() {
    let Some((outcome, rest)) = in_mounts("echo MOMO_API_KEY=old > .env && mount -o remount,bind,ro /mnt")
    else {
        return;
    };
    assert!(outcome.starts_with("denied NotApplied") && outcome.contains("read-only"), "{outcome}");
    assert_eq!(rest, "MOMO_API_KEY=old\n.env\n");
}

#[test]
fn a_file_that_is_a_mount_is_explained() {
    let script = "echo MOMO_API_KEY=old > real && touch .env && mount --bind real .env";
    let Some((outcome, rest)) = in_mounts(script) else { return };
    assert!(outcome.starts_with("misconfigured NotApplied"), "{outcome}");
    assert!(outcome.contains("mount the folder"), "{outcome}");
    assert_eq!(rest, "MOMO_API_KEY=old\n.env\n.env.lock\nreal\n");
}

/// Runs the child with one system call made to fail.
fn injected(inject: &str) -> Option<(Place, Output)> {
    if !works("strace", &["-qq", "-o", "/dev/null", "true"]) {
        skip("strace");
        return None;
    }
    let place = Place::with(BEFORE);
    let inject = format!("inject={inject}");
    let output = run_child(&["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject], &place.path);
    Some((place, output))
}

#[test]
fn failures_before_the_rename_change_nothing_and_leave_nothing() {
    for (inject, expected) in [
        ("fsync:error=EIO:when=1", "unavailable NotApplied syncing the new file: the disk reported an error"),
        ("/^rename:error=EXDEV", "misconfigured NotApplied replacing the file: the file is a mount"),
        ("/^rename:error=EBUSY", "misconfigured NotApplied replacing the file: the file is a mount"),
        ("/^rename:error=EPERM", "denied NotApplied replacing the file: permission denied"),
        ("/^rename:error=EIO", "unavailable NotApplied replacing the file: the disk reported an error"),
        ("flock:error=ENOLCK", "unavailable NotApplied taking the lock: the system is short"),
        ("fsync:error=EREMOTEIO:when=1", "other NotApplied syncing the new file: system error 121"),
    ] {
        let Some((place, output)) = injected(inject) else { return };
        let outcome = outcome(&output);
        assert!(outcome.starts_with(expected), "{inject}: {outcome}");
        assert_eq!(
            (place.text().as_str(), place.names().len()),
            (BEFORE, 2),
            "{inject}: {:?}",
            place.names()
        );
    }
}

#[test]
fn a_limit_on_file_sizes_changes_nothing() {
    let before = format!("#{}\n{BEFORE}", "x".repeat(4000));
    let place = Place::with(&before);
    // The signal would kill; the program ignores it.
    let script = "ulimit -f 1; trap '' XFSZ; exec \"$@\"";
    let outcome = outcome(&run_child(&["sh", "-c", script, "sh"], &place.path));
    assert!(
        outcome.starts_with("unavailable NotApplied writing the new file: a limit on the size"),
        "{outcome}"
    );
    assert_eq!((place.text(), place.names().len()), (before, 2));
}

#[test]
fn a_folder_that_cannot_be_synced_is_settled_by_reading() {
    for inject in ["fsync:error=EIO:when=2", "fsync:error=EINVAL:when=2"] {
        let Some((place, output)) = injected(inject) else { return };
        assert_eq!(outcome(&output), "written", "{inject}");
        assert_eq!(place.text(), AFTER);
    }
}

#[test]
fn a_kill_leaves_the_old_file_or_the_new_and_the_next_run_tidies_up() {
    for (inject, text, names) in [
        ("fsync:signal=KILL:when=1", BEFORE, 3),
        ("/^rename:error=EIO:signal=KILL", BEFORE, 3),
        ("fsync:signal=KILL:when=2", AFTER, 2),
    ] {
        let Some((place, output)) = injected(inject) else { return };
        assert!(!output.status.success(), "{inject}: {}", outcome(&output));
        assert_eq!(
            (place.text().as_str(), place.names().len()),
            (text, names),
            "{inject}: {:?}",
            place.names()
        );
        for name in place.names() {
            assert_eq!(support::mode(&place.dir.path().join(name)), 0o600);
        }
        set(&place.store(), &[("api_key", "again")]).unwrap();
        assert_eq!(place.names(), [".env", ".env.lock"], "{inject}");
    }
}

fn wait_for(condition: impl Fn() -> bool) {
    for _ in 0..4000 {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("waited 20 s in vain");
}

#[test]
fn an_editor_that_saves_at_the_same_moment_wins() {
    if !works("strace", &["-qq", "-o", "/dev/null", "true"]) {
        return skip("strace");
    }
    let place = Place::with(BEFORE);
    let path = place.path.clone();
    // Holds the child between its first read and its second.
    let child = std::thread::spawn(move || {
        let inject = "inject=fsync:delay_enter=5000000:when=1";
        outcome(&run_child(&["strace", "-f", "-qq", "-o", "/dev/null", "-e", inject], &path))
    });
    wait_for(|| place.names().iter().any(|name| name.starts_with(".env.momo-cred.tmp-")));
    let saved = format!("{BEFORE}# saved by an editor\n");
    put(&place.path, &saved);
    let outcome = child.join().unwrap();
    assert!(outcome.starts_with("conflict NotApplied the file was changed by another program"), "{outcome}");
    assert_eq!((place.text(), place.names().len()), (saved, 2));
}

#[test]
fn a_killed_holder_lets_go() {
    let place = Place::with(BEFORE);
    let lock = place.dir.path().join(".env.lock");
    put(&lock, "");
    if !works("flock", &["-n", lock.to_str().unwrap(), "true"]) {
        return skip("flock of util-linux");
    }
    let mut holder = Command::new("flock").arg("-o").arg(&lock).args(["sleep", "60"]).spawn().unwrap();
    wait_for(|| !works("flock", &["-n", lock.to_str().unwrap(), "true"]));
    assert_eq!(set(&place.store(), &[("api_key", "new")]).unwrap_err().kind(), ErrorKind::Conflict);
    holder.kill().unwrap();
    holder.wait().unwrap();
    set(&place.store(), &[("api_key", "new")]).unwrap();
}

#[test]
fn a_read_is_four_system_calls() {
    if !works("strace", &["-qq", "-o", "/dev/null", "true"]) {
        return skip("strace");
    }
    let place = Place::with(BEFORE);
    let log = place.dir.path().join("log");
    let wrapper = ["strace", "-f", "-qq", "-o", log.to_str().unwrap()];
    run_child(&wrapper, &place.path);
    let log = String::from_utf8(support::get(&log)).unwrap();
    // The child's first look is a read without a lock.
    let calls = log.lines().skip_while(|line| !line.contains("/.env\"")).filter_map(|line| {
        let call = line.split_once(' ')?.1.trim_start();
        Some(call.split('(').next()?.to_owned())
    });
    // std checks a descriptor before it closes it, in debug builds.
    let first: Vec<_> = calls.filter(|call| call != "fcntl").take(4).collect();
    assert!(first[0].starts_with("open") && first[1].contains("stat"), "{first:?}");
    assert_eq!(first[2..], ["read", "close"]);
}
