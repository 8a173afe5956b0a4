//! Where a value is once the program runs: in the program, once, and in no process besides.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::{Child, Command, Stdio};

use super::{Stage, Way};
use crate::sandbox::until;

/// What the environment of each process to be looked at has: whoever we start or leave behind inherits it.
const MARK: &str = "FIDELITY_MARK";

/// The processes with a mark.
fn marked(mark: &str) -> Vec<u32> {
    let entry = format!("{MARK}={mark}\0").into_bytes();
    let pids =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let has = |pid: &u32| {
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ.windows(entry.len()).any(|part| part == entry)
    };
    let mut found: Vec<u32> = pids.filter(has).collect();
    found.sort_unstable();
    found
}

/// How often a value is in the memory of a process.
fn copies(pid: u32, value: &str) -> usize {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut count = 0;
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        // The kernel's own pages hold nothing of anybody's, and may not be read.
        if !rest.starts_with('r') || rest.contains("[v") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let bounds = [start, end].map(|bound| u64::from_str_radix(bound, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(bounds[1] - bounds[0]).unwrap()];
        if memory.read_exact_at(&mut bytes, bounds[0]).is_ok() {
            count += bytes.windows(value.len()).filter(|part| *part == value.as_bytes()).count();
        }
    }
    count
}

/// Starts a program that stays, and waits until it is the one that runs.
fn staying(stage: &Stage, way: Way, mark: &str, shell: &str, value: &str) -> Child {
    let mut command = stage.command(shell, &stage.words(way, &["sleep", "600"].map(Into::into)));
    let child = command.env(MARK, mark).env("VALUE", value).stdout(Stdio::null()).spawn().unwrap();
    until("the program", || {
        marked(mark).iter().any(|pid| {
            fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"sleep\0"))
        })
    });
    child
}

fn end(mut child: Child, mark: &str) {
    for pid in marked(mark) {
        let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
    }
    let _ = child.wait();
}

#[test]
fn no_process_but_the_program_has_the_value() {
    let stage = Stage::new();
    // The shell stays as the parent, so that there is somebody else to look at.
    let shell = r#""$@"; exit $?"#;
    let child = staying(&stage, Way::Exec, "no process but the program", shell, "");
    let found = marked("no process but the program");
    assert_eq!(found.len(), 2, "the shell and the program, and nobody of ours");
    let program = *found.iter().find(|pid| **pid != child.id()).unwrap();
    let counts = (copies(child.id(), stage.key.value()), copies(program, stage.key.value()));
    let name = fs::read(format!("/proc/{program}/cmdline")).unwrap();
    end(child, "no process but the program");
    assert!(name.starts_with(b"sleep\0"));
    assert_eq!(counts, (0, 1), "copies in the shell and in the program, whose environment has it once");
}

/// The scan finds a value where there is one: here the shell has it, too.
#[test]
fn the_scan_finds_a_value_in_another_process() {
    let stage = Stage::new();
    let child = staying(&stage, Way::Direct, "another process", r#""$@"; exit $?"#, stage.key.value());
    let counts = copies(child.id(), stage.key.value());
    end(child, "another process");
    assert!(counts >= 1, "{counts}");
}
