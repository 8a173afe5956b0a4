//! From a record's name to a path of the server.

use momo_cred_backend_api::RecordName;

use crate::Problem;
use crate::config::MountPath;

/// The longest segment. Vault's storage cuts names at this length on some file systems.
const SEGMENT: usize = 255;

/// A record's place in a secrets engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where the engine is mounted.
    pub(crate) mount: String,
    /// The path in it.
    pub(crate) path: String,
}

impl Place {
    /// The place of a record below a mount, or below the first segment of its name.
    pub(crate) fn guess(name: &RecordName, mount: Option<&MountPath>) -> Result<Self, Problem> {
        check(name.as_str())?;
        match mount {
            None => {
                let (mount, path) = name
                    .as_str()
                    .split_once('/')
                    .ok_or(Problem::Name("it names a secrets engine and nothing in it"))?;
                Ok(Self { mount: mount.to_owned(), path: path.to_owned() })
            }
            Some(mount) => Self::below(name, mount.as_str())
                .ok_or(Problem::Name("it is not below the mount that is configured")),
        }
    }

    /// The place of a record below this mount, where it is.
    pub(crate) fn below(name: &RecordName, mount: &str) -> Option<Self> {
        let path = name.as_str().strip_prefix(mount)?.strip_prefix('/')?;
        Some(Self { mount: mount.to_owned(), path: path.to_owned() })
    }
}

/// Refuses what servers, proxies and clients read in different ways. Dots alone are refused by the name's own type.
pub(crate) fn check(name: &str) -> Result<(), Problem> {
    let odd = |b: u8| {
        !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b'@' | b':' | b'+' | b'='))
    };
    if name.bytes().any(odd) {
        return Err(Problem::Name("it holds something other than letters, digits and `-_.@:+=`"));
    }
    if name.split('/').any(|segment| segment.len() > SEGMENT) {
        return Err(Problem::Name("a part of it is longer than 255 bytes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> RecordName {
        RecordName::new(text).unwrap()
    }

    #[test]
    fn the_first_segment_is_the_mount_unless_one_is_configured() {
        let place = Place::guess(&name("secret/momo/a"), None).unwrap();
        assert_eq!((&*place.mount, &*place.path), ("secret", "momo/a"));
        let kv = MountPath::new("team/kv").unwrap();
        let place = Place::guess(&name("team/kv/momo"), Some(&kv)).unwrap();
        assert_eq!((&*place.mount, &*place.path), ("team/kv", "momo"));
        assert!(Place::guess(&name("secret"), None).is_err());
        assert!(Place::guess(&name("team/kvx/momo"), Some(&kv)).is_err());
        assert!(Place::guess(&name("team/kv"), Some(&kv)).is_err());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for bad in [
            "secret/a b",
            "secret/a%2fb",
            "secret/a?b",
            "secret/a#b",
            "secret/\u{e9}",
            "secret/a\\b",
            "secret/a*",
        ] {
            assert!(Place::guess(&name(bad), None).is_err(), "{bad}");
        }
    }
}
