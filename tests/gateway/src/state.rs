//! Everything the gateway remembers, behind one lock.

use crate::call::Call;
use crate::config::Config;
use crate::fault::{Fault, Script};
use crate::keys::{Ring, Role};
use crate::log::Request;
use crate::rules::{self, Verdict};
use crate::seed::Generator;
use crate::users::Users;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The state of one gateway.
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) ring: Ring,
    pub(crate) users: Users,
    pub(crate) generator: Generator,
    pub(crate) key_generator: Generator,
    pub(crate) script: Script,
    log: Vec<Request>,
    arrivals: usize,
}

impl State {
    pub(crate) fn new(mut config: Config) -> Self {
        Self {
            ring: std::mem::take(&mut config.ring),
            users: Users::preset(std::mem::take(&mut config.users)),
            generator: Generator::new(config.seed, "issued values"),
            key_generator: Generator::new(config.seed, "regenerated keys"),
            script: Script::default(),
            log: Vec::new(),
            arrivals: 0,
            config,
        }
    }

    /// Logs a request and gives its number with the fault it meets.
    pub(crate) fn arrive(&mut self, call: &Call) -> (usize, Option<Fault>) {
        let fault = self.script.take(call.route.operation);
        self.arrivals += 1;
        let name = fault.as_ref().map(Fault::name);
        let request = Request::arrived(self.arrivals, call, self, name);
        self.log.push(request);
        (self.arrivals, fault)
    }

    /// Applies the rules, and notes the effect at once: the answer may never be sent.
    pub(crate) fn decide(&mut self, number: usize, call: &Call, odd_key: Option<&str>) -> Verdict {
        let verdict = rules::apply(self, call, odd_key);
        if let Some(entry) = self.entry(number) {
            entry.effect = verdict.effect;
        }
        verdict
    }

    pub(crate) fn answered(&mut self, number: usize, status: u16) {
        if let Some(entry) = self.entry(number) {
            entry.status = Some(status);
        }
    }

    pub(crate) fn regenerate(&mut self, role: Role) -> String {
        let value = self.key_generator.key();
        self.ring.put(role, value.clone());
        value
    }

    pub(crate) fn log(&self) -> &[Request] {
        &self.log
    }

    pub(crate) fn clear_log(&mut self) {
        self.log.clear();
    }

    fn entry(&mut self, number: usize) -> Option<&mut Request> {
        self.log.iter_mut().rev().find(|entry| entry.number == number)
    }
}

/// The state as the server's tasks and the test's thread share it.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(crate) fn new(config: Config) -> Self {
        Self(Arc::new(Mutex::new(State::new(config))))
    }

    /// Never held across an await. A test that panicked with the lock leaves data worth reading.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
