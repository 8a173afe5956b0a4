//! Who wrote a claim, and whether that process still lives.

use std::fmt;
use std::str::FromStr;

use crate::config::looks_like_secret;

/// A process, told apart from every other by what does not repeat: host, boot, pid namespace, pid and start time.
///
/// Prints as `host:boot:namespace:pid:start`, in characters that every store holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Host name, for people; other characters than letters, digits, `.` and `-` are left out.
    pub host: String,
    /// `/proc/sys/kernel/random/boot_id`, or `-` where there is none.
    pub boot: String,
    /// Inode of the pid namespace, or 0.
    pub namespace: u64,
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot, or 0.
    pub start: u64,
}

/// Whether the process behind a claim lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It runs.
    Alive,
    /// It is gone, or its pid is another process now.
    Dead,
    /// It is of another boot, container or machine: nothing to be seen from here.
    Elsewhere,
}

/// A `pending_owner` that does not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableOwner;

impl Owner {
    /// This process.
    pub fn this_process() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let host: String =
            host.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).take(64).collect();
        let pid = std::process::id();
        Self {
            host: if host.is_empty() { "-".to_owned() } else { host },
            boot: boot().unwrap_or_else(|| "-".to_owned()),
            namespace: rustix::fs::stat("/proc/self/ns/pid").map_or(0, |stat| stat.st_ino),
            pid,
            start: start_time(pid).unwrap_or(0),
        }
    }

    /// Whether the owner of a claim lives, as seen from `self`.
    pub fn sees(&self, other: &Self) -> Life {
        self.sees_with(other, start_time)
    }

    fn sees_with(&self, other: &Self, start_of: impl Fn(u32) -> Option<u64>) -> Life {
        let here = self.boot == other.boot && self.namespace == other.namespace;
        if !here || self.boot == "-" || self.namespace == 0 || other.start == 0 {
            return Life::Elsewhere;
        }
        if start_of(other.pid) == Some(other.start) { Life::Alive } else { Life::Dead }
    }
}

fn boot() -> Option<String> {
    #[cfg(feature = "faults")]
    if let Some(boot) = crate::faults::boot() {
        return Some(boot);
    }
    read("/proc/sys/kernel/random/boot_id")
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// Field 22 of `/proc/PID/stat` (proc(5)); the command name before it may hold spaces and parentheses. A zombie has
/// ended: it claims nothing any more.
fn start_time(pid: u32) -> Option<u64> {
    let stat = read(&format!("/proc/{pid}/stat"))?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}:{}:{}", self.host, self.boot, self.namespace, self.pid, self.start)
    }
}

impl FromStr for Owner {
    type Err = UnreadableOwner;

    fn from_str(text: &str) -> Result<Self, UnreadableOwner> {
        let parts: Vec<_> = text.split(':').collect();
        let [host, boot, namespace, pid, start] = parts.as_slice() else { return Err(UnreadableOwner) };
        // It is printed, so it may be nothing but what we write.
        let plain = |text: &str, more: char| {
            text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == more)
        };
        if !plain(host, '.') || !plain(boot, '-') || looks_like_secret(host) || looks_like_secret(boot) {
            return Err(UnreadableOwner);
        }
        Ok(Self {
            host: (*host).to_owned(),
            boot: (*boot).to_owned(),
            namespace: namespace.parse().map_err(|_| UnreadableOwner)?,
            pid: pid.parse().map_err(|_| UnreadableOwner)?,
            start: start.parse().map_err(|_| UnreadableOwner)?,
        })
    }
}

impl fmt::Display for UnreadableOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pending_owner is not host:boot:namespace:pid:start")
    }
}

impl std::error::Error for UnreadableOwner {}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(boot: &str, pid: u32, start: u64) -> Owner {
        Owner { host: "h".to_owned(), boot: boot.to_owned(), namespace: 7, pid, start }
    }

    #[test]
    fn prints_and_parses_the_same() {
        let this = Owner::this_process();
        assert_eq!(this.to_string().parse::<Owner>().unwrap(), this);
        assert!(this.to_string().bytes().all(momo_cred_backend_api::Values::portable), "{this}");
        assert!("a:b".parse::<Owner>().is_err());
    }

    #[test]
    fn this_process_is_alive_and_a_reused_pid_is_not_its_owner() {
        let this = Owner::this_process();
        assert_eq!(this.sees(&this), Life::Alive);
        assert_eq!(this.sees(&Owner { start: this.start + 1, ..this.clone() }), Life::Dead);
    }

    #[test]
    fn only_the_same_boot_and_namespace_can_tell() {
        let here = owner("boot", 1, 10);
        let running = |pid| (pid == 5).then_some(50);
        assert_eq!(here.sees_with(&owner("boot", 5, 50), running), Life::Alive);
        assert_eq!(here.sees_with(&owner("boot", 5, 49), running), Life::Dead);
        assert_eq!(here.sees_with(&owner("boot", 6, 50), running), Life::Dead);
        assert_eq!(here.sees_with(&owner("other", 6, 50), running), Life::Elsewhere);
        assert_eq!(here.sees_with(&Owner { namespace: 8, ..owner("boot", 6, 50) }, running), Life::Elsewhere);
        assert_eq!(here.sees_with(&owner("boot", 6, 0), running), Life::Elsewhere);
    }
}
