use std::time::Duration;

use momo_cred_backend_api::Revision;

use super::{Ended, Facts, run};
use crate::config::{Environment, HookCommand};

const LONG: Duration = Duration::from_secs(60);

fn facts() -> Facts {
    Facts {
        command: "rotate",
        profile: "p".to_owned(),
        product: "collection".to_owned(),
        target_environment: "sandbox".to_owned(),
        location: "dotenv:.env#MOMO".to_owned(),
        revision: Revision::new("2"),
        previous: None,
        api_user: "u".to_owned(),
    }
}

fn ended(hook: &HookCommand, limit: Duration) -> Ended {
    let variables = [("PATH", "/usr/bin:/bin"), ("MOMO_CRED_SUBSCRIPTION_KEY", "s3krit")];
    run(hook, &facts(), &Environment::new(variables, "/", 1), limit)
}

fn line(text: &str) -> HookCommand {
    HookCommand::Shell(text.to_owned())
}

fn list(words: &[&str]) -> HookCommand {
    let (program, arguments) = words.split_first().unwrap();
    let arguments = arguments.iter().map(|&word| word.to_owned()).collect();
    HookCommand::Program { program: (*program).to_owned(), arguments }
}

#[test]
fn ends_as_it_ends() {
    assert_eq!(ended(&line("exit 0"), LONG), Ended::Well);
    assert_eq!(ended(&line("exit 7"), LONG), Ended::Status(7));
    assert_eq!(ended(&line("kill -KILL $$"), LONG), Ended::Signal(9));
    assert_eq!(ended(&list(&["true", "a b"]), LONG), Ended::Well);
    assert_eq!(
        ended(&list(&["no-such-program-there"]), LONG),
        Ended::NotStarted(std::io::ErrorKind::NotFound)
    );
    assert_eq!(ended(&list(&["/etc/passwd"]), LONG), Ended::NotStarted(std::io::ErrorKind::PermissionDenied));
}

/// A list is not read by a shell, and neither form has a variable of ours but those that are meant for it.
#[test]
fn arguments_and_environment_are_what_was_given() {
    assert_eq!(ended(&list(&["test", "$(exit 1)", "=", "$(exit 1)"]), LONG), Ended::Well);
    assert_eq!(
        ended(&line("test -z \"$MOMO_CRED_SUBSCRIPTION_KEY$MOMO_CRED_HOOK_PREVIOUS_REVISION\""), LONG),
        Ended::Well
    );
    assert_eq!(ended(&line("test \"$MOMO_CRED_HOOK_REVISION\" = 2"), LONG), Ended::Well);
}

/// Also one whose own child would go on, and one that is stopped.
#[test]
fn one_that_hangs_is_stopped() {
    let limit = Duration::from_millis(50);
    assert_eq!(ended(&line("sleep 1000 & wait"), limit), Ended::TooLong(limit));
    assert_eq!(ended(&line("kill -STOP $$"), limit), Ended::TooLong(limit));
}

#[test]
fn one_that_hears_nothing_is_killed_with_all_that_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let alive = folder.path().join("alive");
    let mut command = std::process::Command::new("/bin/sh");
    // Its own name is in the arguments of all that it begins.
    let script = "trap '' TERM; (while :; do sleep 0.01; done) & while :; do sleep 0.01; done";
    command.arg("-c").arg(script).arg(&alive);
    crate::exec::start_apart(&mut command);
    let limit = Duration::from_millis(200);
    let ended = super::Watched::begin(command).unwrap().until_it_ends(limit, limit);
    assert_eq!(ended, Ended::TooLong(limit));
    let pids = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let named = |path: &std::path::Path| {
        let line = std::fs::read(path.join("cmdline")).unwrap_or_default();
        line.windows(alive.as_os_str().len()).any(|part| part == alive.as_os_str().as_encoded_bytes())
    };
    let left: Vec<_> = pids.filter(|path| named(path)).collect();
    let running = |path: &std::path::PathBuf| {
        let stat = std::fs::read_to_string(path.join("stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
    };
    // SIGKILL was sent to all of them; the kernel may still be at it.
    for _ in 0..6000 {
        if !left.iter().any(running) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("still there: {left:?}");
}
