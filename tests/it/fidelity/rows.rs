//! What a parent gives is what the program gets, row by row.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use momo_gateway::{Bound, Config, Gateway, PresetUser, Product};
use serde_json::Value;

use super::{MANAGED, Stage, Way};

/// A parent, as a line of shell that starts the program as `"$@"`.
const ROWS: &[(&str, &str)] = &[
    ("nothing special", r#"exec "$@""#),
    ("SIGPIPE is ignored", r#"trap '' PIPE; exec "$@""#),
    (
        "many signals are ignored",
        r#"exec env --ignore-signal=HUP,INT,QUIT,USR1,TSTP,TTIN,TTOU,CHLD,XFSZ,34,64 "$@""#,
    ),
    ("signals are blocked", r#"exec env --block-signal=TERM,USR2,CHLD,PIPE,35,64 "$@""#),
    ("ignored and blocked", r#"exec env --ignore-signal=PIPE,TERM --block-signal=PIPE,TERM "$@""#),
    ("standard input is closed", r#"exec "$@" <&-"#),
    ("standard output is closed", r#"exec "$@" >&-"#),
    ("standard error is closed", r#"exec "$@" 2>&-"#),
    ("all three are closed", r#"exec "$@" <&- >&- 2>&-"#),
    ("input only is left", r#"exec "$@" >&- 2>&-"#),
    ("more descriptors", r#"exec "$@" 3</dev/zero 5>>log 7<>file 9<&0"#),
    ("descriptors where ours would be", r#"exec "$@" <&- 3<. 4>&1"#),
    ("another folder", r#"mkdir -p deep/er && cd deep/er && exec "$@""#),
    ("a umask", r#"umask 0137; exec "$@""#),
    ("an open umask", r#"umask 0; exec "$@""#),
    ("soft limits", r#"ulimit -S -n 99; ulimit -S -c 0; ulimit -S -s 4096; exec "$@""#),
    ("hard limits", r#"ulimit -n 77; ulimit -c 0; ulimit -f 100000; exec "$@""#),
    ("a core limit of one block", r#"ulimit -S -c 1 2>/dev/null || ulimit -S -c 0; exec "$@""#),
    ("a child that is no leader", r#""$@"; exit $?"#),
    ("a session of its own", r#"setsid -w "$@"; exit $?"#),
    ("less of the processor", r#"exec nice -n 5 "$@""#),
    ("no new rights", r#"exec setpriv --no-new-privs "$@""#),
    ("an empty environment", r#"exec env -i PATH="$PATH" "$@""#),
    (
        "odd names and values",
        "exec env 'a.b=c' 'a b=c d' E= 'N=1\n2' \"X=$(printf '\\377\\376=\\300')\" \"$@\"",
    ),
    (
        "a left-over of another credential",
        r#"MOMO_API_KEY=old MOMO_SUBSCRIPTION_KEY_SECONDARY=old exec "$@""#,
    ),
];

/// The environment is what it was, in its order, without the managed names; then these, each once.
fn assert_environment(row: &str, direct: &Value, through: &Value) {
    let list = |report: &Value| -> Vec<String> {
        let entries = report["environ"].as_array().unwrap().iter();
        entries.map(|entry| entry.as_str().unwrap().to_owned()).collect()
    };
    let managed = |entry: &String| {
        let name = entry.split('=').next().unwrap();
        MANAGED.contains(&name) || ["MOMO_SUBSCRIPTION_KEY_SECONDARY", "MOMO_CALLBACK_HOST"].contains(&name)
    };
    let (mut expected, got) = (list(direct), list(through));
    expected.retain(|entry| !managed(entry));
    assert_eq!(got.get(..expected.len()), Some(&expected[..]), "{row}");
    let set: Vec<_> = got[expected.len()..].iter().map(|entry| entry.split('=').next().unwrap()).collect();
    assert_eq!(set, MANAGED, "{row}");
}

#[test]
fn what_a_parent_gives_is_what_the_program_gets() {
    for (row, shell) in ROWS {
        let stage = Stage::new();
        let mut direct = stage.observe(Way::Direct, shell, &[]);
        let mut through = stage.observe(Way::Exec, shell, &[]);
        assert_environment(row, &direct, &through);
        (direct["environ"], through["environ"]) = (Value::Null, Value::Null);
        assert_eq!(through, direct, "{row}");
    }
}

/// What a network leaves in a process: descriptors, a handler or a disposition for SIGPIPE, and whatever takes the number of
/// one that was closed.
const OF_A_NETWORK: [&str; 4] =
    ["nothing special", "SIGPIPE is ignored", "standard input is closed", "more descriptors"];

fn assert_alike_after_a_network(stage: &Stage, way: Way) {
    let rows = ROWS.iter().filter(|(row, _)| OF_A_NETWORK.contains(row));
    assert_eq!(rows.clone().count(), OF_A_NETWORK.len());
    for (row, shell) in rows {
        let [mut direct, mut through] = [Way::Direct, way].map(|way| stage.observe(way, shell, &[]));
        (direct["environ"], through["environ"]) = (Value::Null, Value::Null);
        assert_eq!(through, direct, "{way:?} {row}");
    }
}

#[test]
fn so_it_is_after_an_exchange_at_the_gateway() {
    let user = PresetUser::generated(7, Bound::To(Product::Collection));
    let gateway = Gateway::start(Config::sandbox(1).with_user(user.clone())).unwrap();
    assert_alike_after_a_network(&Stage::served(&gateway, &user), Way::Token);
    assert_eq!(gateway.requests().len(), OF_A_NETWORK.len());
}

#[test]
fn so_it_is_after_a_login_to_vault() {
    let Some(vault) = crate::vault::stage::Stage::new().map(crate::vault::stage::Stage::with_old) else {
        return;
    };
    assert_alike_after_a_network(&Stage::in_vault(&vault), Way::Exec);
}

/// The probe sees what the rows are about: each of these differs from the first.
#[test]
fn the_probe_tells_the_rows_apart() {
    let stage = Stage::new();
    let plain = stage.observe(Way::Direct, ROWS[0].1, &[]);
    // Whoever started the tests may have left more of them open: those pass through, as in every row.
    assert!(["0", "1", "2"].iter().all(|number| plain["descriptors"][number].is_object()), "{plain}");
    // But 32 and 33: the C library has them for itself, and lets nobody change what it was started with.
    let of_programs = |set: &Value| u64::from_str_radix(set.as_str().unwrap(), 16).unwrap() & !(0b11 << 31);
    assert_eq!((of_programs(&plain["ignored"]), of_programs(&plain["blocked"])), (0, 0));
    for (row, shell) in &ROWS[1..] {
        // These are about what the first row has already: no old value, no core file, a session of its own.
        let alike = ["a left-over", "a core limit", "a session"].iter().any(|start| row.starts_with(start));
        if !alike {
            assert_ne!(stage.observe(Way::Direct, shell, &[]), plain, "{row}");
        }
    }
}

#[test]
fn arguments_are_the_same_bytes() {
    let long = "x".repeat(100_000);
    let words: Vec<OsString> =
        ["", " ", "a b", "$HOME", "*", "--", "--json", "-p", "exec", "é\n\t\"'\\", &long]
            .into_iter()
            .map(OsString::from)
            .chain([OsString::from_vec(vec![0xff, 0xfe, b'=', 1]), OsString::from_vec((1..=255).collect())])
            .collect();
    let stage = Stage::new();
    let plain = stage.observe(Way::Direct, ROWS[0].1, &words)["argv"].take();
    assert_eq!(plain.as_array().unwrap().len(), words.len() + 1);
    assert_eq!(stage.observe(Way::Exec, ROWS[0].1, &words)["argv"], plain);

    // The name of the program, too: as it was typed.
    let words = ["cat", "/proc/self/cmdline"].map(OsString::from);
    let output = stage.command(ROWS[0].1, &stage.words(Way::Exec, &words)).output().unwrap();
    assert_eq!(output.stdout, b"cat\0/proc/self/cmdline\0");
}

/// Only a program can make such an environment: one name twice, an entry without `=`.
#[test]
fn a_name_that_is_there_twice_is_there_once() {
    let stage = Stage::new();
    let script = "import ctypes, os, sys\n\
        libc = ctypes.CDLL(None)\n\
        words = [os.fsencode(word) for word in sys.argv[1:]]\n\
        environ = [b'PATH=' + os.fsencode(os.environ['PATH']), b'A=1', b'MOMO_API_KEY=old', b'B=2', b'A=3', \
                   b'MOMO_API_KEY=older', b'HOME=' + os.fsencode(os.environ['HOME'])]\n\
        array = lambda items: (ctypes.c_char_p * (len(items) + 1))(*items, None)\n\
        libc.execve(words[0], array(words), array(environ))\n";
    let mut words: Vec<OsString> = ["-c", script].map(OsString::from).to_vec();
    words.extend(stage.words(Way::Exec, &stage.probe(&[])));
    let output = Command::new("python3").args(words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let report = stage.reported();
    let entries: Vec<_> = report["environ"].as_array().unwrap().iter().map(|e| e.as_str().unwrap()).collect();
    let names: Vec<_> = entries.iter().map(|entry| entry.split('=').next().unwrap()).collect();
    assert_eq!(names, [&["PATH", "A", "B", "HOME"], &MANAGED[..]].concat());
    assert_eq!(entries[1], "A=1", "getenv gives the first");
}

#[test]
fn a_program_ends_as_it_ends() {
    let stage = Stage::new();
    let run = |script: &str| {
        let words = ["sh", "-c", script].map(OsString::from);
        stage.command("ulimit -c 0; exec \"$@\"", &stage.words(Way::Exec, &words)).status().unwrap()
    };
    for code in [0, 1, 2, 37, 64, 70, 77, 124, 125, 126, 127, 128, 129, 143, 255] {
        assert_eq!(run(&format!("exit {code}")).code(), Some(code));
    }
    for signal in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 25, 26, 27, 29, 30, 31, 34, 64]
    {
        assert_eq!(run(&format!("kill -{signal} $$")).signal(), Some(signal));
    }
}

#[test]
fn what_cannot_start_has_the_codes_of_a_shell() {
    let stage = Stage::new();
    stage.sandbox.write("plain", "#!/bin/sh\n", 0o644);
    stage.sandbox.write("lost", "#!/no/such/interpreter\n", 0o755);
    for (program, code, says) in [
        (&["no-such-program"][..], 127, "no such program in PATH"),
        (&["./no/such/path"], 127, "no such file"),
        (&["./lost"], 127, "interpreter"),
        (&["./plain"], 126, "it is not executable"),
        (&["./"], 126, "it is a directory"),
    ] {
        let words: Vec<_> = program.iter().map(OsString::from).collect();
        let output = stage.command(ROWS[0].1, &stage.words(Way::Exec, &words)).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{program:?}: {stderr}");
        assert!(stderr.contains(says), "{stderr}");
    }
}

/// More than the system takes is told with sizes and names, and no value. (One variable that alone is too large is in
/// tests/cmd.)
#[test]
fn too_large_an_environment_is_explained() {
    let stage = Stage::new();
    let record = stage.sandbox.read(".env");
    let large = "01234567-89ab-4def-8123-456789abcdef,".repeat(2700);
    stage.sandbox.write(".env", format!("{record}MOMO_RETIRED_API_USERS={large}\n"), 0o600);
    let names: Vec<_> = (10..40).map(|n| format!("LARGE_{n} = \"retired_api_users\"")).collect();
    let config = format!("[profiles.default]\nenv.names = {{ {} }}\n", names.join(", "));
    stage.sandbox.write("momo-cred.toml", config, 0o644);
    let words = stage.words(Way::Exec, &["true".into()]);
    let output = stage.command(r#"ulimit -S -s 8192; exec "$@""#, &words).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(125), "{stderr}");
    assert!(stderr.contains("the largest variable is LARGE_") && !stderr.contains("89ab"), "{stderr}");
}
