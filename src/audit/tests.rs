use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use momo_cred_backend_api::{Document, FieldName, Revision, Secret};

use super::{Audit, Ending, Entry, Fingerprints, Unwritten, line};
use crate::Kind;
use crate::config::{Origin, Setting};
use crate::credential::{Layout, Record};

fn entry() -> Entry {
    let mut document = Document::new();
    document.insert(FieldName::new("api_key").unwrap(), Secret::from("00000000000000000000000000000000"));
    let record = Record::new(document, Layout::default());
    Entry {
        time: Timestamp::UNIX_EPOCH,
        command: "rotate",
        profile: "default".to_owned(),
        location: Some("dotenv:.env#MOMO".to_owned()),
        ending: Ending::Ok,
        revision: Some(Revision::new("2")),
        previous: None,
        api_user: None,
        old: Fingerprints::default(),
        new: Fingerprints::of(&record),
    }
}

fn begin(path: &Path) -> crate::Result<Audit> {
    Audit::begin(&Setting::new(path.to_path_buf(), Origin::BuiltIn))
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    (folder, path)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_line_holds_names_and_fingerprints() {
    let text = line::rendered(&entry());
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["time"], "1970-01-01T00:00:00Z");
    assert_eq!(value["fingerprints"]["api_key"]["new"], "a1cb5551");
    assert_eq!((&value["outcome"], &value["error"]), (&"ok".into(), &serde_json::Value::Null));
    assert!(!text.contains("0000000000000000") && text.ends_with("}\n"));
    let failed = line::rendered(&Entry { ending: Ending::Failed(Kind::Conflict), ..entry() });
    assert!(failed.contains(r#""outcome":"failed""#) && failed.contains(r#""error":"conflict""#));
}

#[test]
fn a_line_is_never_longer_than_one_write_takes() {
    for c in ["x", "\u{1}", "\"", "\u{1f511}"] {
        let long = c.repeat(5000);
        let entry = Entry {
            location: Some(long.clone()),
            revision: Some(Revision::new(long.clone())),
            previous: Some(Revision::new(long)),
            ..entry()
        };
        assert!(line::rendered(&entry).len() <= 4096, "{c:?}");
    }
}

#[test]
fn a_file_is_made_for_its_owner_alone_and_made_anew_once_moved() {
    let (_folder, path) = folder();
    let audit = begin(&path).unwrap();
    assert_eq!((mode(&path), fs::read(&path).unwrap().len()), (0o600, 0));
    audit.add(&entry()).unwrap();
    fs::rename(&path, path.with_extension("1")).unwrap();
    audit.add(&entry()).unwrap();
    audit.add(&entry()).unwrap();
    let lines = |path: &Path| fs::read_to_string(path).unwrap().lines().count();
    assert_eq!((lines(&path.with_extension("1")), lines(&path), mode(&path)), (1, 2, 0o600));
}

#[test]
fn what_is_not_ours_alone_is_refused_each_time() {
    let (folder, path) = folder();
    let audit = begin(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
    assert_eq!(audit.add(&entry()), Err(Unwritten::Shared));
    assert_eq!(begin(&path).unwrap_err().kind(), Kind::Misconfigured);
    fs::remove_file(&path).unwrap();
    let target = folder.path().join("target");
    symlink(&target, &path).unwrap();
    assert_eq!(audit.add(&entry()), Err(Unwritten::Link));
    assert!(!target.exists());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(audit.add(&entry()), Err(Unwritten::NoFile));
    assert_eq!(begin(Path::new("/dev/full")).unwrap_err().kind(), Kind::Misconfigured);
    assert_eq!(begin(&folder.path().join("none/audit")).unwrap_err().kind(), Kind::CannotWrite);
}

#[test]
fn writers_at_once_leave_whole_lines() {
    let (_folder, path) = folder();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..200).for_each(|_| begin(&path).unwrap().add(&entry()).unwrap()));
        }
    });
    let (text, whole) = (fs::read_to_string(&path).unwrap(), line::rendered(&entry()));
    assert_eq!(text.lines().count(), 8 * 200);
    assert!(text.lines().all(|line| line == whole.trim_end()));
}

/// What a full disk has cut stays a line of its own.
#[test]
fn a_torn_line_swallows_nothing() {
    let (_folder, path) = folder();
    let audit = begin(&path).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
    fs::write(&path, "{\"half").unwrap();
    audit.add(&entry()).unwrap();
    audit.add(&entry()).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, "{\"half"));
    assert!(lines[1..].iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}
