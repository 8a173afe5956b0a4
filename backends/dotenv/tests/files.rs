//! The file: edits in place, modes, links, temporary files, locks.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests")]

mod support;

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use momo_cred_backend_api::{
    At, Backend, Effect, ErrorKind, Expect, FieldName, Lookup, RecordName, Removal, Revision, Work,
};
use momo_cred_backend_dotenv::{MAX_SIZE, Problem};
use support::{
    Place, block, chmod, document, edit, found, get, git, mend, mode, momo, open, put, read, set, values,
};

#[test]
fn a_changed_line_keeps_its_place() {
    let place = Place::with(
        "# head\r\nexport A=\"x\r\ny\"\r\nMOMO_API_USER='u'\r\n# between\nMOMO_API_KEY=\"old\"\r\nB=$HOME\nC='no end\n'",
    );
    set(&place.store(), &[("api_key", "new"), ("schema", "1"), ("product", "collection")]).unwrap();
    assert_eq!(
        place.text(),
        "# head\r\nexport A=\"x\r\ny\"\r\nMOMO_API_USER='u'\r\n# between\nMOMO_API_KEY=new\n\
         MOMO_PRODUCT=collection\nMOMO_SCHEMA=1\nB=$HOME\nC='no end\n'"
    );
}

#[test]
fn new_lines_go_to_the_end_after_a_line_end() {
    let place = Place::with("A=1");
    set(&place.store(), &[("api_key", "k"), ("pending_id", ""), ("subscription_key", "s")]).unwrap();
    assert_eq!(place.text(), "A=1\nMOMO_SUBSCRIPTION_KEY=s\nMOMO_API_KEY=k\nMOMO_PENDING_ID=\n");
    let place = Place::with("MOMO_API_KEY=k");
    set(&place.store(), &[("product", "p")]).unwrap();
    assert_eq!(place.text(), "MOMO_API_KEY=k\nMOMO_PRODUCT=p\n");
}

#[test]
fn a_last_line_that_would_swallow_ours_is_kept_off() {
    for tail in ["DIR=C:\\", "DIR=C:\\\n", "yaml:\n", "yaml:"] {
        let place = Place::with(tail);
        set(&place.store(), &[("api_key", "k")]).unwrap();
        assert_eq!(place.text(), format!("{}\n\nMOMO_API_KEY=k\n", tail.trim_end()));
        set(&place.store(), &[("api_key", "l")]).unwrap();
        assert_eq!(values(&place.store()), [("api_key".to_owned(), "l".to_owned())]);
    }
}

#[test]
fn quoted_values_are_kept_until_they_change() {
    let place = Place::with("MOMO_API_KEY='a b'\nMOMO_API_USER=\"u\"\n");
    set(&place.store(), &[("product", "p")]).unwrap();
    assert_eq!(place.text(), "MOMO_API_KEY='a b'\nMOMO_API_USER=\"u\"\nMOMO_PRODUCT=p\n");
    let error = set(&place.store(), &[("api_key", "s3 krit")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let reason = error.reason().unwrap().to_string();
    assert!(
        reason.contains("`api_key`") && reason.contains("white space") && !reason.contains("s3"),
        "{reason}"
    );
    assert_eq!(place.text(), "MOMO_API_KEY='a b'\nMOMO_API_USER=\"u\"\nMOMO_PRODUCT=p\n");
}

#[test]
fn removal_leaves_every_other_byte() {
    let place = Place::with("# a\nMOMO_API_KEY=k\r\nB=\"\n\"\nMOMO_PRODUCT=p\nMOMO_X=y\nOTHER_API_KEY=o");
    let revision = found(&place.store()).revision;
    block(place.store().remove(&momo(), &revision, Removal::Destroy)).unwrap();
    assert_eq!(place.text(), "# a\nB=\"\n\"\nMOMO_X=y\nOTHER_API_KEY=o");
    assert!(matches!(read(&place.store()), Ok(Lookup::Missing)));
}

#[test]
fn an_empty_value_before_a_line_that_begins_with_a_quote_is_refused() {
    let before = "MOMO_API_KEY=k\n\n'odd'\n";
    let place = Place::with(before);
    let error = set(&place.store(), &[("api_key", "")]).unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Corrupt, Effect::NotApplied));
    assert_eq!(place.text(), before);
}

#[test]
fn the_revision_covers_the_record_alone() {
    let place = Place::with("# a\nMOMO_API_KEY=k\nOTHER_API_KEY=o\n");
    let first = found(&place.store()).revision;
    put(&place.path, "OTHER_API_KEY=p\nMOMO_API_KEY='k'\r\n# b\n");
    assert_eq!(found(&place.store()).revision, first);
    put(&place.path, "MOMO_API_KEY=l\n");
    assert_ne!(found(&place.store()).revision, first);
    put(&place.path, "MOMO_API_KEY=k\nMOMO_SCHEMA=\n");
    assert_ne!(found(&place.store()).revision, first);
    assert_eq!(first.as_str().len(), 32);
    let error = block(place.store().read(&momo(), &At::Revision(first))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn a_new_file_is_private_and_leaves_nothing_beside_it_but_the_lock() {
    let place = Place::empty();
    assert!(matches!(read(&place.store()), Ok(Lookup::Missing)));
    assert!(place.names().is_empty(), "readers touch nothing");
    set(&place.store(), &[("api_key", "k")]).unwrap();
    assert_eq!(place.names(), [".env", ".env.lock"]);
    assert_eq!((mode(&place.path), mode(&place.dir.path().join(".env.lock"))), (0o600, 0o600));
    chmod(&place.path, 0o400);
    set(&place.store(), &[("api_key", "l")]).unwrap();
    assert_eq!(mode(&place.path), 0o600);
}

#[test]
fn a_file_that_others_reach_is_read_with_a_warning_and_not_written() {
    for others in [0o640, 0o644, 0o620, 0o604, 0o601] {
        let place = Place::with("MOMO_API_KEY=k\n");
        chmod(&place.path, others);
        let store = place.store();
        assert!(store.notices().is_empty());
        found(&store);
        found(&store);
        let notices = store.notices();
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert!(
            mend(&notices[0]).contains("chmod 600") && mend(&notices[0]).contains(&format!("{others:04o}")),
            "{notices:?}"
        );
        let error = set(&store, &[("api_key", "l")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misconfigured);
        let next = format!("run: chmod 600 {}", place.path.display());
        assert_eq!(error.reason().unwrap().next().unwrap(), next);
        assert_eq!(place.text(), "MOMO_API_KEY=k\n");
    }
    let place = Place::with("MOMO_API_KEY=k\n");
    let store = place.store();
    found(&store);
    assert!(store.notices().is_empty());
}

#[test]
fn a_link_is_read_through_and_never_written_through() {
    let place = Place::with("MOMO_API_KEY=k\n");
    let link = place.dir.path().join("link.env");
    symlink(".env", &link).unwrap();
    assert_eq!(values(&open(&link))[0].1, "k");
    let error = set(&open(&link), &[("api_key", "l")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    let (reason, next) = (error.reason().unwrap().to_string(), error.reason().unwrap().next().unwrap());
    assert!(reason.contains("symbolic link to `.env`") && next.contains("`.env`"), "{reason}; {next}");
    assert_eq!(place.text(), "MOMO_API_KEY=k\n");
    assert!(link.is_symlink());
    let dangling = place.dir.path().join("dangling.env");
    symlink("nowhere", &dangling).unwrap();
    assert!(matches!(read(&open(&dangling)), Ok(Lookup::Missing)));
    assert_eq!(set(&open(&dangling), &[("api_key", "l")]).unwrap_err().kind(), ErrorKind::Misconfigured);
    assert!(!place.dir.path().join("nowhere").exists());
}

#[test]
fn only_files_are_written_and_only_files_and_pipes_read() {
    let place = Place::empty();
    let folder = place.dir.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    let socket = place.dir.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    for (path, what) in [(folder, "a folder"), (socket, "a socket"), ("/dev/null".into(), "a device")] {
        let error = read(&open(&path)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error:?}");
        assert!(error.reason().unwrap().to_string().contains(what), "{error:?}");
    }
    let fifo = place.dir.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let error =
        block(open(&fifo).write(&momo(), &document([("api_key", "k")]), &Expect::Absent)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    let writer = std::thread::spawn({
        let fifo = fifo.clone();
        move || put(&fifo, format!("#{}\nMOMO_API_KEY=k\n", "x".repeat(100_000)))
    });
    assert_eq!(values(&open(&fifo))[0].1, "k");
    writer.join().unwrap();
    let (read_end, write_end) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut &write_end, b"MOMO_API_KEY=p\n").unwrap();
    drop(write_end);
    let number = std::os::fd::AsRawFd::as_raw_fd(&read_end);
    assert_eq!(values(&open(format!("/dev/fd/{number}").as_ref()))[0].1, "p");
}

#[test]
fn a_file_over_the_cap_is_not_read() {
    let mut text = b"MOMO_API_KEY=k\n#".to_vec();
    text.resize(MAX_SIZE, b'x');
    let place = Place::with(&text);
    assert_eq!(values(&place.store())[0].1, "k");
    text.push(b'x');
    put(&place.path, &text);
    let error = read(&place.store()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    assert!(error.reason().unwrap().to_string().contains("1 MiB"));
}

#[test]
fn leftovers_are_swept_and_nothing_else() {
    let place = Place::with("MOMO_API_KEY=k\n");
    let beside = |name: &str| place.dir.path().join(name);
    for name in [".env.momo-cred.tmp-aaaaaaaaaaaa", ".env.momo-cred.tmp-012345678901"] {
        put(&beside(name), "MOMO_API_KEY=old\n");
    }
    let kept = [
        ".env.momo-cred.tmp-short",
        ".env.momo-cred.tmp-aaaaaaaaaaaa.bak",
        ".env.local.momo-cred.tmp-aaaaaaaaaaaa",
        ".env.momo-cred.tmp-link00000000",
    ];
    for name in &kept[..3] {
        put(&beside(name), "");
    }
    symlink(".env", beside(kept[3])).unwrap();
    set(&place.store(), &[("api_key", "l")]).unwrap();
    let mut expected = vec![".env", ".env.lock"];
    expected.extend(kept);
    expected.sort_unstable();
    assert_eq!(place.names(), expected);
    put(&beside(".env.momo-cred.tmp-bbbbbbbbbbbb"), "");
    drop(block(place.store().hold(&momo(), Work::Renewal)).unwrap());
    assert_eq!(place.names(), expected);
}

#[test]
fn a_hold_keeps_others_out_and_lets_its_owner_write() {
    let place = Place::empty();
    let (ours, other) = (place.store(), place.store());
    let hold = block(ours.hold(&momo(), Work::Renewal)).unwrap().unwrap();
    set(&ours, &[("api_key", "k")]).unwrap();
    assert_eq!(values(&other)[0].1, "k", "readers take no lock");
    let start = Instant::now();
    let error = set(&other, &[("api_key", "l")]).unwrap_err();
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(2) && waited < Duration::from_secs(20), "{waited:?}");
    assert_eq!(
        (error.kind(), error.effect(), error.retryable()),
        (ErrorKind::Conflict, Effect::NotApplied, true)
    );
    let reason = error.reason().unwrap().to_string();
    assert!(reason.contains(".env.lock") && reason.contains("another momo-cred"), "{reason}");
    let start = Instant::now();
    assert_eq!(block(other.hold(&momo(), Work::Renewal)).unwrap_err().kind(), ErrorKind::Conflict);
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(
        block(ours.hold(&momo(), Work::Renewal)).unwrap_err().kind(),
        ErrorKind::Conflict,
        "one lifecycle per handle"
    );
    set(&ours, &[("api_key", "m")]).unwrap();
    drop(hold);
    set(&other, &[("api_key", "l")]).unwrap();
    set(&ours, &[("api_key", "n")]).unwrap();
    assert!(block(other.hold(&momo(), Work::Renewal)).unwrap().is_some());
}

#[test]
fn a_lock_that_is_no_file_is_not_followed() {
    let place = Place::empty();
    symlink("elsewhere", place.dir.path().join(".env.lock")).unwrap();
    let error = set(&place.store(), &[("api_key", "k")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    assert_eq!(place.names(), [".env.lock"]);
    let place = Place::empty();
    std::fs::create_dir(place.dir.path().join(".env.lock")).unwrap();
    let error = set(&place.store(), &[("api_key", "k")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
}

#[test]
fn writers_in_threads_lose_no_update() {
    let place = Place::with("# kept\n");
    set(&place.store(), &[("schema", "0")]).unwrap();
    let shared = place.store();
    std::thread::scope(|scope| {
        for index in 0..6 {
            let (own, shared) = (place.store(), &shared);
            scope.spawn(move || {
                let store = if index % 2 == 0 { &own } else { shared };
                for _ in 0..10 {
                    while let Err(error) = edit(store, |document| {
                        let old = support::opened(document)[0].1.parse::<u32>().unwrap();
                        let new = (old + 1).to_string();
                        document.insert(FieldName::new("schema").unwrap(), new.into());
                    }) {
                        assert_eq!(error.kind(), ErrorKind::Conflict);
                    }
                }
            });
        }
    });
    assert_eq!(place.text(), "# kept\nMOMO_SCHEMA=60\n");
}

#[test]
fn records_are_found_by_their_anchors() {
    let place = Place::with(
        "MOMO_API_KEY=k\nMOMO_API_USER=u\nX_SUBSCRIPTION_KEY=\nAPP_PRODUCT=p\nMOMO_PENDING_API_USER=u\n\
         #Y_API_KEY=k\nZ=\"\nQ_API_KEY=k\n\"\n1_API_KEY=k\nlower_API_KEY='?$'\n",
    );
    let list = |prefix| {
        let mut names: Vec<_> =
            block(place.store().list(prefix)).unwrap().iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(list(""), ["MOMO", "X", "lower"]);
    assert_eq!(list("M"), ["MOMO"]);
    assert!(list("MOMOS").is_empty());
}

#[test]
fn one_bad_record_spoils_no_other() {
    let place = Place::with("export A_API_KEY=k\nB_API_KEY=k\nA_API_KEY=1\nA_API_KEY=2\n");
    let (a, b) = (RecordName::new("A").unwrap(), RecordName::new("B").unwrap());
    let answers = block(place.store().read_many(&[a, b.clone()]));
    assert!(answers[0].is_err() && matches!(answers[1], Ok(Lookup::Found(_))));
    let content = document([("api_key", "l")]);
    let revision = block(place.store().revision(&b)).unwrap().unwrap();
    block(place.store().write(&b, &content, &Expect::Revision(revision))).unwrap();
    assert_eq!(place.text(), "export A_API_KEY=k\nB_API_KEY=l\nA_API_KEY=1\nA_API_KEY=2\n");
}

#[test]
fn names_and_fields_are_checked_before_any_io() {
    let place = Place::empty();
    let store = open(&place.dir.path().join("no/such/folder/.env"));
    let content = document([("api_key", "k")]);
    for name in ["a b", "MOMO_PENDING", "X_PROVISIONING", "LD"] {
        let name = RecordName::new(name).unwrap();
        let any = Revision::new("x");
        for error in [
            block(store.read(&name, &At::Current)).unwrap_err(),
            block(store.revision(&name)).unwrap_err(),
            block(store.write(&name, &content, &Expect::Absent)).unwrap_err(),
            block(store.remove(&name, &any, Removal::Destroy)).unwrap_err(),
            block(store.hold(&name, Work::Renewal)).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Misconfigured);
            assert!(error.reason().unwrap().to_string().contains("prefix"), "{error:?}");
        }
    }
    let error = block(store.write(&momo(), &document([("other", "k")]), &Expect::Absent)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let mut odd = content.clone();
    odd.insert_json(FieldName::new("schema").unwrap(), "1".into());
    let error = block(store.write(&momo(), &odd, &Expect::Absent)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.reason().unwrap().to_string().contains("`schema` is no string"), "{error:?}");
    let error = block(store.write(&momo(), &content, &Expect::Absent)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    assert!(error.reason().unwrap().to_string().contains("the folder does not exist"));
}

#[test]
fn every_problem_has_a_next_step() {
    use momo_cred_backend_api::Reason;
    for problem in [Problem::Empty, Problem::Composed, Problem::Exists, Problem::TooLarge, Problem::NoHistory]
    {
        assert!(problem.next().is_some_and(|next| !next.is_empty() && !next.ends_with('.')));
    }
    assert!(get("/dev/null".as_ref()).is_empty());
}

/// A new file that git would take into a commit is told once; one that it ignores, or that lies elsewhere, is not.
#[test]
fn a_new_file_that_git_does_not_ignore_is_told() {
    let place = Place::empty();
    set(&place.store(), &[("api_key", "k")]).unwrap();
    let place_in = |ignored: &str| {
        let place = Place::empty();
        if !git(&place, &["init", "--quiet"]) {
            println!("left out: there is no git");
            return None;
        }
        put(&place.dir.path().join(".gitignore"), ignored.as_bytes());
        let store = place.store();
        set(&store, &[("api_key", "k")]).unwrap();
        let told = store.notices();
        set(&store, &[("api_key", "l")]).unwrap();
        assert!(store.notices().is_empty(), "told again");
        Some(told)
    };
    assert!(place.store().notices().is_empty());
    let Some(told) = place_in("") else { return };
    assert_eq!(told.len(), 1);
    assert!(
        mend(&told[0]).contains(".env, .env.lock, .env.momo-cred.tmp-*")
            && mend(&told[0]).contains(".gitignore"),
        "{told:?}"
    );
    let told = place_in(".env\n").unwrap();
    assert!(mend(&told[0]).contains("ignore .env.lock, .env.momo-cred.tmp-*"), "{told:?}");
    assert!(place_in(".env*\n").unwrap().is_empty());
}
