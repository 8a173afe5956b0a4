//! Where values are while the program runs: in no other process, but for what it prints.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::process::Stdio;

use momo_cred_backend_testkit::Canary;
use rustix::process::Pid;

use super::{Supervised, log, probe_pid, stage, until_logged, write_record};

/// How often a value stands in the memory of a process.
fn copies(pid: Pid, value: &str) -> usize {
    let maps = fs::read_to_string(format!("/proc/{}/maps", pid.as_raw_nonzero())).unwrap();
    let mut memory = File::open(format!("/proc/{}/mem", pid.as_raw_nonzero())).unwrap();
    let mut found = 0;
    for line in maps.lines().filter(|line| !line.ends_with("[vvar]") && !line.ends_with("[vsyscall]")) {
        let mut words = line.split_whitespace();
        let (from, to) = words.next().unwrap().split_once('-').unwrap();
        // What nobody can write to is a file: programs and libraries.
        if !words.next().unwrap().starts_with("rw") {
            continue;
        }
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut bytes = Vec::new();
        if memory.seek(SeekFrom::Start(from)).is_ok()
            && (&mut memory).take(to - from).read_to_end(&mut bytes).is_ok()
        {
            found += bytes.windows(value.len()).filter(|window| *window == value.as_bytes()).count();
        }
    }
    found
}

fn may_look() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        // The supervisor is closed to its own user.
        assert!(std::env::var_os("CI").is_none(), "root is needed under CI");
        eprintln!("left out: only root may look into the supervisor");
    }
    root
}

#[test]
fn no_value_is_in_the_supervisor() {
    if !may_look() {
        return;
    }
    for mode in ["--mask", "--watch", "--mask --watch"] {
        let (sandbox, keys) = stage();
        let args: Vec<&str> =
            ["exec"].into_iter().chain(mode.split(' ')).chain(["--", "python3", "probe.py"]).collect();
        let momo = sandbox.momo(args).env("MOMO_CRED_WATCH_INTERVAL", "100ms");
        let supervised = Supervised::start(&sandbox, momo);
        until_logged(&sandbox, "began");
        let program = probe_pid(&sandbox, 0);
        for key in &keys {
            // The control: the search finds what is there.
            assert!(copies(program, key.value()) > 0, "not even the program has it");
            assert_eq!(copies(supervised.pid(), key.value()), 0, "{mode}");
        }
        if mode.contains("watch") {
            // Nor after looks that read the record, and a restart.
            let new = Canary::hex("supervised new api key");
            write_record(&sandbox, new.value(), "");
            crate::sandbox::until("the restart", || {
                log(&sandbox).iter().filter(|line| line.starts_with("began")).count() == 2
            });
            for key in [&keys[0], &keys[1], &new] {
                assert_eq!(copies(supervised.pid(), key.value()), 0, "{mode}, after a restart");
            }
        }
    }
}

/// A program that prints nothing but its key: what the supervisor reads of it is wiped, and was in locked pages.
#[test]
fn what_was_printed_does_not_stay() {
    if !may_look() {
        return;
    }
    let (sandbox, keys) = stage();
    let script = "for n in 1 2 3 4 5 6 7 8 9; do echo $MOMO_API_KEY; printf $MOMO_API_KEY; done; echo; echo shown > shown; cat";
    let momo = sandbox.momo(["exec", "--mask", "--", "sh", "-c", script]);
    let mut supervised = Supervised::start_with(&sandbox, momo, Stdio::piped(), Stdio::piped());
    // A mask and a line feed each: two keys side by side are one run.
    let mut shown = [0; 9 * 4];
    supervised.child().stdout.as_mut().unwrap().read_exact(&mut shown).unwrap();
    assert_eq!(shown.as_slice(), "***\n".repeat(9).as_bytes());
    crate::sandbox::until("the last line", || sandbox.path("shown").exists());
    assert!(copies(supervised.pid(), keys[1].value()) <= 1);
    let smaps = fs::read_to_string(format!("/proc/{}/smaps", supervised.pid().as_raw_nonzero())).unwrap();
    let locked = smaps.lines().filter(|line| line.starts_with("VmFlags:") && line.contains(" lo"));
    assert!(locked.clone().count() > 0, "no locked pages");
    assert!(
        locked.clone().all(|line| line.contains(" dd") && line.contains(" wf")),
        "locked pages that are dumped or inherited"
    );
}
