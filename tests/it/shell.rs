//! `exec` without a program: a shell with credentials, never one inside another.

use momo_cred_backend_testkit::Canary;

use super::pty::{Job, Pty, Status};
use super::sandbox::{MOMO_CRED, Sandbox};

const USER: &str = "01234567-89ab-4def-8123-456789abcdef";

/// A place with a record.
fn stage() -> (Sandbox, Canary) {
    let (sandbox, key) = (Sandbox::new(), Canary::hex("api key of a shell"));
    let text = format!(
        "MOMO_SUBSCRIPTION_KEY={}\nMOMO_API_USER={USER}\nMOMO_API_KEY={}\n",
        Canary::hex("subscription key of a shell").value(),
        key.value()
    );
    sandbox.write(".env", text, 0o600);
    (sandbox, key)
}

/// `exec` in a terminal, with a shell whose prompt can be waited for.
fn start<'a>(pty: &'a Pty, sandbox: &Sandbox, args: &[&str]) -> Job<'a> {
    let mut command = sandbox.command(MOMO_CRED);
    command.arg("exec").args(args).env("SHELL", "/bin/sh").env("PS1", "ready> ").env("TERM", "dumb");
    pty.run(command)
}

/// Types a line and waits for the next prompt.
fn type_line(pty: &Pty, line: &str) {
    pty.send(format!("{line}\n"));
    pty.wait_for("ready> ");
}

#[test]
fn a_shell_has_the_credential_and_the_mark() {
    let ((sandbox, key), pty) = (stage(), Pty::open());
    let mut job = start(&pty, &sandbox, &[]);
    pty.wait_for("a shell with the credentials of profile default; `exit` ends it");
    pty.wait_for("ready> ");
    type_line(
        &pty,
        "printf '%s %s\\n' \"$IN_MOMO_CRED\" \"$MOMO_API_USER\" >seen; echo \"$MOMO_API_KEY\" >key",
    );
    assert_eq!(sandbox.read("seen"), format!("1 {USER}\n"));
    assert_eq!(sandbox.read("key").trim(), key.value());
    // A second one is refused, and says how to go on; a program nests, and another below it.
    type_line(&pty, &format!("'{MOMO_CRED}' exec; echo \"ended: $?\""));
    assert!(pty.transcript().contains("ended: 125") && pty.transcript().contains("leave it with `exit`"));
    // Nor is one started from a program with a clean environment.
    type_line(&pty, &format!("'{MOMO_CRED}' exec --clean-env -- '{MOMO_CRED}' exec; echo \"again: $?\""));
    assert!(pty.transcript().contains("again: 125"), "{}", pty.transcript());
    let inner = format!("'{MOMO_CRED}' exec --prefix IN -- '{MOMO_CRED}' exec --prefix DEEP -- ");
    type_line(&pty, &format!("{inner} sh -c 'echo \"$IN_MOMO_CRED $IN_API_USER $DEEP_API_USER\" >nested'"));
    assert_eq!(sandbox.read("nested"), format!("1 {USER} {USER}\n"));
    pty.send("exit 7\n");
    // The process became the shell: its status is ours.
    assert_eq!(job.status(), Status::Exited(7));
    assert!(!pty.transcript().contains(key.value()));
}

/// Only the shell has the mark: a program that is started with a credential may start its own.
#[test]
fn a_program_has_no_mark() {
    let (sandbox, _) = stage();
    let ran = sandbox.momo(["exec", "--", "env"]).run().code(0);
    assert!(!ran.out().contains("IN_MOMO_CRED"), "{}", ran.out());
    let ran = sandbox.momo(["exec", "--", "env"]).env("IN_MOMO_CRED", "1").run().code(0);
    assert!(ran.out().contains("IN_MOMO_CRED=1\n"), "the parent's is passed on");
}

#[test]
fn a_clean_shell_is_marked_and_found_too() {
    let ((sandbox, _), pty) = (stage(), Pty::open());
    let mut command = sandbox.command(MOMO_CRED);
    // Without SHELL it is /bin/sh.
    command.args(["exec", "--clean-env", "-q", "--keep", "PS1"]);
    command.env("PS1", "ready> ").env("TERM", "dumb").env("JUNK", "1");
    let mut job = pty.run(command);
    pty.wait_for("ready> ");
    type_line(&pty, "echo \"$IN_MOMO_CRED$JUNK $0\" >seen");
    assert_eq!(sandbox.read("seen"), "1 /bin/sh\n");
    pty.send("exit\n");
    assert_eq!(job.status(), Status::Exited(0));
    assert!(!pty.transcript().contains("a shell with"), "{}", pty.transcript());
}

/// A script that forgot the program is told: its input is not for a shell.
#[test]
fn without_a_terminal_there_is_no_shell() {
    let (sandbox, _) = stage();
    let momo = sandbox.momo(["exec"]).env("SHELL", "/bin/sh").stdin("touch started\n");
    let _ = momo.run().code(125).says("error[usage]: there is no program to start");
    assert!(!sandbox.path("started").exists());
    // Nor with messages that go elsewhere, as a shell would ask nobody.
    let pty = Pty::open();
    let mut command = sandbox.command("sh");
    command.args(["-c", &format!("exec '{MOMO_CRED}' exec 2>messages")]);
    let mut job = pty.run(command);
    assert_eq!(job.status(), Status::Exited(125));
    assert!(sandbox.read("messages").contains("needs a terminal"));
}
