//! INT, TERM and HUP between the request for a key and its publication: noted, not obeyed. The run goes on to a safe end
//! for at most a minute; a second signal ends it at once. Either way it says how things stand, and then ends by the
//! signal.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{Watch, World};
use crate::signals::Suspended;

/// How long a signal is not obeyed.
const AT_MOST: Duration = Duration::from_secs(60);

/// How often a waiting run looks for signals.
const LOOK: Duration = Duration::from_millis(50);

/// Notes signals while it lives.
#[derive(Debug)]
pub(super) struct Noted {
    which: Arc<AtomicUsize>,
    /// Gets a byte for each signal.
    arrivals: Option<UnixStream>,
    count: usize,
    since: Option<Duration>,
    suspended: Option<Suspended>,
}

impl Noted {
    /// Begins to note. A signal that cannot be registered keeps its effect: the claim makes that safe, too.
    pub(super) fn arm() -> Self {
        let which = Arc::new(AtomicUsize::new(0));
        let mut noted = Self { which, arrivals: None, count: 0, since: None, suspended: None };
        let Ok((arrivals, bell)) = UnixStream::pair() else { return noted };
        if arrivals.set_nonblocking(true).is_err() {
            return noted;
        }
        noted.suspended = Some(Suspended::begin(|signal| {
            let Ok(bell) = bell.try_clone() else { return Vec::new() };
            let number = usize::try_from(signal).unwrap_or(0);
            let which = signal_hook::flag::register_usize(signal, Arc::clone(&noted.which), number);
            let rung = signal_hook::low_level::pipe::register(signal, bell);
            [which, rung].into_iter().flatten().collect()
        }));
        noted.arrivals = Some(arrivals);
        noted
    }

    /// The signal that was noted, if one was: the process is to end by it once it has said how things stand.
    pub(super) fn signal(&mut self) -> Option<i32> {
        let mut bytes = [0; 16];
        if let Some(read) = self.arrivals.as_mut().and_then(|arrivals| arrivals.read(&mut bytes).ok()) {
            self.count += read;
        }
        let which = i32::try_from(self.which.load(Ordering::Relaxed)).ok();
        which.filter(|_| self.count > 0)
    }

    /// Waits for a call. `Err` with the signal if a second one came, or the first one's time is over; the call is dropped
    /// then.
    pub(super) async fn unless_stopped<T>(
        &mut self,
        call: impl Future<Output = T>,
        clock: &dyn World,
        watch: &mut dyn Watch,
    ) -> Result<T, i32> {
        let mut call = pin!(call);
        loop {
            tokio::select! {
                biased;
                answer = &mut call => return Ok(answer),
                () = tokio::time::sleep(LOOK) => {}
            }
            let Some(signal) = self.signal() else { continue };
            let now = clock.boot_time();
            let since = *self.since.get_or_insert_with(|| {
                watch.noted(signal, AT_MOST);
                now
            });
            if self.count > 1 || now.saturating_sub(since) > AT_MOST {
                return Err(signal);
            }
        }
    }
}
