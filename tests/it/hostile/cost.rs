//! What a run of the binary costs in time and memory, and how much it may cost.

use std::process::Stdio;
use std::time::{Duration, Instant};

use momo_cred_backend_testkit::{Canary, scan};

use crate::sandbox::Momo;

/// What `--timeout` says.
pub(crate) const TIMEOUT: &str = "2s";
/// And how long a run may take, its start and its end included: far more, since a machine that is busy with other things
/// says nothing of the program. What it took is for the figures.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);
/// 64 MiB.
const MEMORY: u64 = 64 * 1024;

/// A run that is over.
pub(crate) struct Cost {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
    pub(crate) took: Duration,
    /// The largest resident set, in KiB; 0 where it ended before anybody looked.
    pub(crate) peak: u64,
}

/// Runs it and looks at its memory all the time. The rusage of a child is no measure: it has that of its parent, too.
pub(crate) fn measured(momo: Momo) -> Cost {
    let mut command = momo.into_command();
    crate::pty::without_terminal(&mut command);
    let start = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    // The peak of a process never falls, and one that has ended has none any more.
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = number.unwrap_or(0).max(peak);
        std::thread::sleep(Duration::from_millis(2));
    }
    let took = start.elapsed();
    let output = child.wait_with_output().unwrap();
    Cost { code: output.status.code(), out: output.stdout, err: output.stderr, took, peak }
}

impl Cost {
    /// It came to an end in time and in little memory, showed none of these values, and left the terminal as it is.
    #[track_caller]
    pub(crate) fn assert_bounded(&self, what: &str, canaries: &[Canary]) {
        let said = String::from_utf8_lossy(&self.err);
        assert!(self.took <= LIMIT, "{what} took {:?}: {said}", self.took);
        assert!(self.peak < MEMORY, "{what} took {} KiB", self.peak);
        for stream in [&self.out, &self.err] {
            let hits = scan(stream, canaries);
            assert!(hits.is_empty(), "{what} leaked {hits:?}");
        }
        assert!(!self.err.contains(&0x1b), "{what} sent an escape code of the peer's on");
    }
}
