use std::fs::{File, Permissions};
use std::io::Write as _;

use super::*;
use crate::exec::Options;

fn replacement(path: &str, command: &[&str]) -> Replacement {
    let env = [("PATH".into(), path.into()), ("S3KRIT_NAME".into(), "s3krit".into())];
    let env = ChildEnv::build(env, &[], &Options::default()).unwrap();
    Replacement::new(command.iter().map(Into::into), env).unwrap()
}

/// Only for what cannot start: success would replace the test runner.
fn fails(path: &str, command: &[&str]) -> (u8, String) {
    let failure = replacement(path, command).start();
    (failure.exit_code(), failure.error().to_string())
}

fn file(folder: &Path, name: &str, mode: u32, text: &str) -> String {
    let path = folder.join(name);
    File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn failures_have_the_codes_of_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, at) = (folder.path().to_str().unwrap(), folder.path());
    fs::create_dir(at.join("folder")).unwrap();
    let plain = file(at, "plain", 0o644, "#!/bin/sh\n");
    let bare = file(at, "bare", 0o755, "echo no interpreter line\n");
    let lost = file(at, "lost", 0o755, "#!/nonexistent/sh\n");
    for (path, program, code, why) in [
        (dir, "nosuch", 127, "no such program in PATH"),
        (dir, "", 127, "the name of the program is empty"),
        ("", "nosuch", 127, "no such program in PATH"),
        (dir, "/nonexistent/x", 127, "no such file"),
        (dir, &format!("{plain}/x"), 127, "a part of its path is not a directory"),
        (dir, &lost, 127, "the interpreter or loader"),
        (dir, "lost", 127, "the interpreter or loader"),
        (dir, dir, 126, "it is a directory"),
        // A folder in PATH is no program.
        (dir, "folder", 127, "no such program in PATH"),
        (dir, &plain, 126, "it is not executable"),
        (dir, "plain", 126, "it is not executable"),
        // The first that is there tells why; later folders are searched all the same.
        (&format!("/nonexistent:{dir}:/proc"), "plain", 126, "it is not executable"),
        (dir, "a\u{1b}[2J", 127, "cannot start a\\u{1b}[2J"),
    ] {
        let (got, message) = fails(path, &[program]);
        assert_eq!(got, code, "{program}: {message}");
        assert!(message.contains(why), "{program}: {message}");
    }
    // A child forked by another test at the wrong moment may still hold the new file open for writing.
    let mut failure = fails(dir, &[&bare]);
    while failure.1.contains("Text file busy") {
        std::thread::sleep(std::time::Duration::from_millis(10));
        failure = fails(dir, &[&bare]);
    }
    assert_eq!(failure.0, 126);
    assert!(failure.1.contains("no interpreter line"), "{}", failure.1);
}

#[test]
#[cfg(target_os = "linux")]
fn too_big_is_explained_with_sizes() {
    let large = "x".repeat(200_000);
    let (code, message) = fails("/bin", &["/bin/true", &large]);
    assert_eq!(code, 125);
    assert!(message.contains("arguments take 200011 bytes and the environment 29;"), "{message}");
    assert!(
        message.contains("131072 for each one: the largest variable is S3KRIT_NAME with 19"),
        "{message}"
    );
    assert!(!message.contains("s3krit") && !message.contains("xxx"), "{message}");
}

#[test]
fn searches_like_execvp() {
    let list = |program: &str, path: &str| -> Vec<String> {
        candidates(OsStr::new(program), OsStr::new(path)).map(|c| c.into_string().unwrap()).collect()
    };
    assert_eq!(list("x", "/a:/b/:"), ["/a/x", "/b//x", "x"]);
    assert_eq!(list("x", ""), ["x"]);
    assert_eq!(list("x", "::/a"), ["x", "x", "/a/x"]);
    assert_eq!(list("./x", "/a"), ["./x"]);
    assert_eq!(list("d/x", "/a"), ["d/x"]);
    assert!(list("", "/a").is_empty());
}

#[test]
fn is_made_of_bytes_and_shows_names_only() {
    let words = [b"prog".to_vec(), b"--password=hunter2".to_vec(), b"\xff\xfe".to_vec(), Vec::new()];
    let env = ChildEnv::build([("A".into(), "s3krit".into())], &[], &Options::default()).unwrap();
    let made = Replacement::new(words.clone().map(OsString::from_vec), env).unwrap();
    assert_eq!(made.argv.iter().map(|word| word.to_bytes().to_vec()).collect::<Vec<_>>(), words);
    assert_eq!(format!("{made:?}"), r#"Replacement { program: "prog", env: ["A"], .. }"#);

    let empty = || ChildEnv::build([], &[], &Options::default()).unwrap();
    assert!(Replacement::new([], empty()).is_err());
    let error = Replacement::new(["a".into(), "s3k\0rit".into()], empty()).unwrap_err();
    assert!(!format!("{error:?}").contains("s3k"));
}
