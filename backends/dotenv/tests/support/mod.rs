//! What the tests of this crate share.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod generate;

use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use momo_cred_backend_api::{
    At, Backend, Document, Expect, FieldName, Lookup, Notice, RecordName, Result, Revision, Secret, Stored,
};
use momo_cred_backend_dotenv::{DotenvConfig, DotenvStore, FieldSet};
use rustix::process::Uid;
use tempfile::TempDir;

/// The fields of a MoMo credential.
pub(crate) fn fields() -> FieldSet {
    let names = [
        "subscription_key",
        "subscription_key_secondary",
        "provisioning_subscription_key",
        "api_user",
        "api_key",
        "product",
        "target_environment",
        "base_url",
        "callback_host",
        "schema",
        "issued_at",
        "retired_api_users",
    ];
    FieldSet::new(&names, &["pending_"], &["subscription_key", "api_user", "api_key"]).unwrap()
}

pub(crate) fn open(path: &Path) -> DotenvStore {
    DotenvStore::new(DotenvConfig { path: path.to_owned(), fields: fields(), allow_shared_fs: false })
        .unwrap()
}

/// A folder with a `.env` in it.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
    pub(crate) path: PathBuf,
}

impl Place {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join(".env");
        Self { dir, path }
    }

    pub(crate) fn with(text: impl AsRef<[u8]>) -> Self {
        let place = Self::empty();
        put(&place.path, text);
        place
    }

    pub(crate) fn store(&self) -> DotenvStore {
        open(&self.path)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        get(&self.path)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes()).unwrap()
    }

    /// Names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Writes a file with mode 0600.
pub(crate) fn put(path: &Path, text: impl AsRef<[u8]>) {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
    file.write_all(text.as_ref()).unwrap();
}

pub(crate) fn get(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

pub(crate) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

pub(crate) fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn momo() -> RecordName {
    RecordName::new("MOMO").unwrap()
}

pub(crate) fn document<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Document {
    fields.into_iter().map(|(field, value)| (FieldName::new(field).unwrap(), Secret::from(value))).collect()
}

pub(crate) fn read(store: &DotenvStore) -> Result<Lookup> {
    block(store.read(&momo(), &At::Current))
}

pub(crate) fn found(store: &DotenvStore) -> Stored {
    match read(store).unwrap() {
        Lookup::Found(stored) => stored,
        other => panic!("{other:?}"),
    }
}

/// The fields of MOMO, opened.
pub(crate) fn values(store: &DotenvStore) -> Vec<(String, String)> {
    opened(&found(store).document)
}

pub(crate) fn opened(document: &Document) -> Vec<(String, String)> {
    #[expect(clippy::disallowed_methods, reason = "test values")]
    document.iter().map(|(field, value)| (field.to_string(), value.expose_secret().to_owned())).collect()
}

/// Writes what `change` makes of what is there.
pub(crate) fn edit(store: &DotenvStore, change: impl FnOnce(&mut Document)) -> Result<Revision> {
    let (mut document, expect) = match read(store)? {
        Lookup::Found(stored) => (stored.document, Expect::Revision(stored.revision)),
        _ => (Document::new(), Expect::Absent),
    };
    change(&mut document);
    block(store.write(&momo(), &document, &expect))
}

/// Sets fields of what is there.
pub(crate) fn set(store: &DotenvStore, fields: &[(&str, &str)]) -> Result<Revision> {
    edit(store, |document| {
        for (field, value) in fields {
            document.insert(FieldName::new(*field).unwrap(), Secret::from(*value));
        }
    })
}

/// What should be mended.
pub(crate) fn mend(notice: &Notice) -> &str {
    match notice {
        Notice::Mend(text) => text,
        Notice::Detail(_) => panic!("{notice:?}"),
    }
}

/// Runs git in the folder of a place.
pub(crate) fn git(place: &Place, args: &[&str]) -> bool {
    let run = std::process::Command::new("git").args(args).current_dir(place.dir.path()).output();
    run.is_ok_and(|output| output.status.success())
}

/// Runs `work` without the rights of root.
pub(crate) fn as_nobody<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let nobody = Uid::from_raw(65534);
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if rustix::process::geteuid().is_root() {
                rustix::thread::set_thread_res_uid(Some(nobody), Some(nobody), Some(nobody)).unwrap();
            }
            work()
        });
        thread.join().unwrap()
    })
}

/// Says that a test cannot run for want of a tool; fails where CI must have it.
pub(crate) fn skip(what: &str) {
    #[expect(clippy::disallowed_methods, reason = "whether this is CI")]
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!ci, "needed in CI: {what}");
    println!("skipped: {what}");
}
