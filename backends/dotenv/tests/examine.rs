//! What `examine` finds, and that it leaves no trace.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod support;

use std::os::unix::fs::{chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use momo_cred_backend_api::{Backend, ErrorKind, Finding, RecordName, Verdict, Work};
use momo_cred_backend_dotenv::DotenvStore;
use support::{Place, as_nobody, block, chmod, git, momo, open, put, read, set, values};

const TEXT: &str = "# kept\nMOMO_API_KEY=s3krit\nOTHER_API_KEY=a b\n";

/// What is found, as one line each: verdict, what it is about, text and next step.
fn lines(store: &DotenvStore) -> Vec<String> {
    let findings = block(store.examine(&momo()));
    assert!(store.notices().is_empty(), "a finding is no notice");
    let line = |Finding { about, verdict, text, next }: Finding| {
        let next = next.map(|next| format!("; {next}")).unwrap_or_default();
        format!("{} {about}: {text}{next}", verdict.token())
    };
    findings.into_iter().map(line).collect()
}

/// Those that are not as they should be.
fn faults(store: &DotenvStore) -> Vec<String> {
    lines(store).into_iter().filter(|line| !line.starts_with("ok ")).collect()
}

const HERE: &str = "ok folder: files can be made in it";
const NO_GIT: &str = "ok git: the folder is in no work tree of git";

#[test]
fn a_good_file_has_no_fault_and_stays_as_it_is() {
    let place = Place::empty();
    let missing = "info file: not there yet, it is made by the first write";
    assert_eq!(lines(&place.store()), [missing, HERE, NO_GIT]);
    assert!(place.names().is_empty(), "no file, no lock: {:?}", place.names());
    put(&place.path, TEXT);
    let before = std::fs::metadata(&place.path).unwrap().modified().unwrap();
    assert_eq!(lines(&place.store()), ["ok file: it can be read and holds the record", HERE, NO_GIT]);
    assert_eq!((place.text().as_str(), place.names()), (TEXT, vec![".env".to_owned()]));
    assert_eq!(std::fs::metadata(&place.path).unwrap().modified().unwrap(), before);
    put(&place.path, "A=1\n");
    let vacant = "ok file: it can be read, and the record is not in it yet";
    assert_eq!(lines(&place.store()), [vacant, HERE, NO_GIT]);
    let hold = block(place.store().hold(&momo(), Work::Renewal)).unwrap();
    assert_eq!(lines(&place.store()), [vacant, HERE, NO_GIT], "another works on it, which is no fault");
    drop(hold);
}

#[test]
fn a_file_that_others_reach_should_be_mended() {
    let place = Place::with(TEXT);
    chmod(&place.path, 0o644);
    let path = place.path.display();
    let expected = format!("warning file: other users can reach the file (mode 0644); run: chmod 600 {path}");
    assert_eq!(faults(&place.store()), [expected]);
}

#[test]
fn what_cannot_be_read_is_said_as_the_read_says_it() {
    let lock = Place::empty();
    let socket = lock.dir.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    for text in ["MOMO_API_KEY=a b\n", "export MOMO_API_KEY=k\n", "A='\n", "\u{feff}A=1\n", "A=\0\n"] {
        let place = Place::with(text);
        said(&place.path);
    }
    let place = Place::with(vec![b'\n'; momo_cred_backend_dotenv::MAX_SIZE + 1]);
    for path in [&place.path, place.dir.path(), Path::new("/dev/null")] {
        said(path);
    }
    assert_eq!(
        faults(&open(&socket)),
        ["bad file: it is a socket or a device, not a regular file; point the location to a dotenv file"]
    );
    // Another record's fault is none of this one.
    assert_eq!(faults(&Place::with(TEXT).store()), Vec::<String>::new());
}

fn said(path: &Path) {
    let error = read(&open(path)).unwrap_err();
    let reason = error.reason().unwrap();
    let faults = faults(&open(path));
    let expected = format!("bad file: {reason}; {}", reason.next().unwrap());
    assert!(faults.contains(&expected), "{faults:?} is not {expected}");
}

#[test]
fn a_pipe_keeps_what_it_holds() {
    let (read_end, write_end) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut &write_end, b"MOMO_API_KEY=p\n").unwrap();
    drop(write_end);
    let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&read_end));
    let found = lines(&open(path.as_ref()));
    assert_eq!(found[0], "info file: it is a pipe, which is read once and was left alone");
    assert_eq!(values(&open(path.as_ref()))[0].1, "p");
}

#[test]
fn a_link_is_never_written_through() {
    let place = Place::with(TEXT);
    let link = place.dir.path().join("link.env");
    symlink(".env", &link).unwrap();
    let findings = lines(&open(&link));
    assert_eq!(findings[0], "ok file: it can be read and holds the record");
    assert!(
        findings[1].starts_with("warning symlink: ") && findings[1].contains("point the location to `.env`")
    );
    let dangling = place.dir.path().join("dangling.env");
    symlink("nowhere", &dangling).unwrap();
    let findings = lines(&open(&dangling));
    assert_eq!(findings[0], "info file: there is none where the link leads");
    assert!(findings[1].starts_with("warning symlink: "), "{findings:?}");
}

#[test]
fn what_keeps_us_out_is_told() {
    let place = Place::with(TEXT);
    chmod(place.dir.path(), 0o555);
    chmod(&place.path, 0o000);
    let next = "check the owner and the mode of the file and of its folder";
    let file = format!("bad file: opening the file: permission denied; {next}");
    let folder = format!("warning folder: making files in the folder: permission denied; {next}");
    assert_eq!(as_nobody(|| faults(&place.store())), [file, folder.clone()]);
    chmod(place.dir.path(), 0o000);
    let file = format!("bad file: looking at the file: permission denied; {next}");
    assert_eq!(as_nobody(|| faults(&place.store())), [file, folder]);
    chmod(place.dir.path(), 0o700);

    let found = faults(&open(&place.dir.path().join("none/.env")));
    let gone = "warning folder: making files in the folder: the folder does not exist; create the folder, or correct the path";
    assert_eq!(found, ["info file: not there yet, it is made by the first write", gone]);
    assert!(faults(&open(&place.path.join(".env"))).contains(&gone.to_owned()), "a file is no folder");
    assert_eq!(place.names(), [".env"]);
}

#[test]
fn a_file_of_another_user_keeps_writes_out() {
    if !rustix::process::geteuid().is_root() {
        return println!("skipped: needs root, to give a file away");
    }
    let place = Place::with(TEXT);
    chown(&place.path, Some(65534), None).unwrap();
    let expected = "warning file: the file belongs to the user with the number 65534; \
                    run as that user, or change the owner of the file";
    assert_eq!(faults(&place.store()), [expected]);
}

#[test]
fn a_lock_that_is_no_file_keeps_writes_out() {
    let place = Place::with(TEXT);
    let lock = place.dir.path().join(".env.lock");
    std::fs::create_dir(&lock).unwrap();
    let found = faults(&place.store());
    assert!(found.len() == 1 && found[0].starts_with("warning lock: "), "{found:?}");
    std::fs::remove_dir(&lock).unwrap();
    put(&lock, "");
    assert!(faults(&place.store()).is_empty());
    // Other users' files: this one can make files in the folder, and not lock.
    chmod(place.dir.path(), 0o777);
    chmod(&place.path, 0o666);
    if rustix::process::geteuid().is_root() {
        let found = as_nobody(|| faults(&place.store()));
        assert!(
            found
                .iter()
                .any(|line| line.starts_with("warning lock: opening the lock file: permission denied"))
        );
    }
}

#[test]
fn a_name_that_cannot_be_a_record_is_all_there_is_to_say() {
    let findings = block(Place::empty().store().examine(&RecordName::new("a/b").unwrap()));
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((finding.about, finding.verdict), ("prefix", Verdict::Bad(ErrorKind::Misconfigured)));
    assert!(finding.next.as_ref().is_some_and(|next| next.contains("choose another prefix")));
}

#[test]
fn what_git_would_take_should_be_mended() {
    let place = Place::with(TEXT);
    if !git(&place, &["init", "--quiet"]) {
        return println!("left out: there is no git");
    }
    let told = |place: &Place| lines(&place.store()).pop().unwrap();
    let all =
        "warning git: git does not ignore .env, .env.lock, .env.momo-cred.tmp-*; add that to .gitignore";
    assert_eq!(told(&place), all);
    put(&place.dir.path().join(".gitignore"), ".env\n");
    let rest = "warning git: git does not ignore .env.lock, .env.momo-cred.tmp-*; add that to .gitignore";
    assert_eq!(told(&place), rest);
    put(&place.dir.path().join(".gitignore"), ".env*\n");
    assert_eq!(told(&place), "ok git: git ignores the file and what is made beside it");
    put(&place.dir.path().join(".git/HEAD"), "broken");
    std::fs::remove_dir_all(place.dir.path().join(".git/refs")).unwrap();
    set(&place.store(), &[("api_key", "k")]).unwrap();
    assert_eq!(told(&place), "info git: git did not say whether it ignores the file");
}
