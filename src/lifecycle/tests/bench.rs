//! One record and one gateway, and runs on them: each a process of its own that may be killed.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::Timestamp;
use momo_cred_backend_api::{At, Backend, Document, Expect, FieldName, RecordName, Secret, Work};
use momo_cred_backend_testkit::{Canary, Faults, Faulty, MemoryStore};
use uuid::{Builder, Uuid};

use super::double::{Double, subscription_key};
use super::stage::{Point, Stage};
use super::tap::Tap;
use crate::Error;
use crate::credential::{Field, Layout, Product, Record, TargetEnvironment};
use crate::lifecycle::{
    Check, ClaimStanding, Driver, Evidence, Finish, Inputs, KeyRole, Obtain, Owner, Plan, Published, Seeds,
    Seen, Takeover, Watch, World, judge,
};
use crate::momo::{Gateway, StepReport};

/// How long claims last on a bench.
pub(super) const LEASE: Duration = Duration::from_secs(300);

/// A field of another program in the same record.
pub(super) const FOREIGN: &str = "team_note";

/// The user of the credential that is there before.
pub(super) const OLD_USER: Uuid = Uuid::from_u128(0x01d0_0000_0000_4000_8000_0000_0000_0001);

/// One record, one gateway.
pub(super) struct Bench {
    pub(super) store: MemoryStore,
    pub(super) name: RecordName,
    pub(super) stage: Stage,
    pub(super) gateway: Double,
    pub(super) faults: Faults,
    pub(super) inputs: Inputs,
    pub(super) check: Check,
    pub(super) old: Option<Record>,
    pub(super) clock: Arc<Mutex<Duration>>,
    pub(super) steps: RefCell<Vec<StepReport>>,
    pub(super) foreign: Cell<bool>,
    runs: Cell<u32>,
}

/// How a run ended.
#[derive(Debug)]
pub(super) enum Ended {
    Killed,
    Finished(Finish),
}

impl Ended {
    #[track_caller]
    pub(super) fn published(self) -> Box<Published> {
        match self {
            Self::Finished(Finish::Published(published)) => published,
            other => panic!("not published: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn failed(self) -> Error {
        match self {
            Self::Finished(Finish::Failed(error)) => *error,
            other => panic!("not failed: {other:?}"),
        }
    }

    /// The exit code, and all that it says.
    #[track_caller]
    pub(super) fn code(self, code: u8) -> String {
        let error = self.failed();
        let said = format!("{error} {:?} {:?}", error.attempts(), error.next_steps());
        assert_eq!(error.kind().exit_code(), code, "{said}");
        said
    }

    #[track_caller]
    pub(super) fn killed(self) {
        assert!(matches!(self, Self::Killed), "not killed: {self:?}");
    }
}

/// A process with its own ids; the clocks are the bench's.
pub(super) struct TestWorld {
    run: u32,
    drawn: AtomicU64,
    clock: Arc<Mutex<Duration>>,
}

impl World for TestWorld {
    /// Each run is on a machine of its own: only a hold or the store's clock can tell whether it lives.
    fn owner(&self) -> Owner {
        Owner {
            host: "test".to_owned(),
            boot: format!("boot-{}", self.run),
            namespace: 1,
            pid: self.run,
            start: 1,
        }
    }

    fn uuid(&self) -> Uuid {
        let bits = u128::from(self.run) << 64 | u128::from(self.drawn.fetch_add(1, Ordering::Relaxed));
        Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + i64::from(self.run)).unwrap()
    }

    fn boot_time(&self) -> Duration {
        *self.clock.lock().unwrap()
    }
}

struct Notes<'a>(&'a RefCell<Vec<StepReport>>);

impl Watch for Notes<'_> {
    fn begins(&mut self, _: &'static str) {}

    fn noted(&mut self, _: i32, _: Duration) {}

    fn forgot(&mut self, _: Uuid) {}

    fn ended(&mut self, report: &StepReport) {
        self.0.borrow_mut().push(report.clone());
    }
}

pub(super) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Drives what never waits for anything outside, in the middle of a run too.
pub(super) fn now<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}

pub(super) fn field(name: &str) -> FieldName {
    FieldName::new(name).unwrap()
}

impl Bench {
    /// Nothing is there yet.
    pub(super) fn new() -> Self {
        Self::on(MemoryStore::new())
    }

    pub(super) fn on(store: MemoryStore) -> Self {
        let stage = Stage::default();
        Self {
            store,
            name: RecordName::new("momo/sandbox/collection").unwrap(),
            gateway: Double::new(&stage),
            stage,
            faults: Faults::new(),
            inputs: Inputs {
                product: Product::Collection,
                target_environment: TargetEnvironment::sandbox(),
                base_url: "https://sandbox.momodeveloper.mtn.com".to_owned(),
                callback_host: Some("pay.example.com".parse().unwrap()),
                subscription_key: subscription_key(KeyRole::Primary).secret(),
                secondary: None,
                provisioning: None,
            },
            check: Check::Full,
            old: None,
            clock: Arc::default(),
            steps: RefCell::default(),
            foreign: Cell::default(),
            runs: Cell::default(),
        }
    }

    /// The same record and gateway for another machine, whose runs may come in the middle of ours.
    pub(super) fn twin(&self) -> Self {
        let stage = self.stage.twin();
        Self {
            store: self.store.clone(),
            name: self.name.clone(),
            gateway: self.gateway.on(&stage),
            stage,
            faults: Faults::new(),
            inputs: self.inputs.clone(),
            check: self.check,
            old: self.old.clone(),
            clock: Arc::default(),
            steps: RefCell::default(),
            foreign: self.foreign.clone(),
            runs: Cell::new(self.runs.get() + 100),
        }
    }

    /// A vacant record with a field of another program.
    pub(super) fn vacant(self) -> Self {
        self.put([(FOREIGN, "keep me"), ("schema", "1")]);
        self
    }

    /// A complete credential of another subscription, with a field of another program.
    pub(super) fn with_old(mut self) -> Self {
        let key = Canary::hex("old api key");
        self.gateway.put(OLD_USER, &key);
        self.put([
            (FOREIGN, "keep me"),
            ("subscription_key", Canary::hex("old subscription key").value()),
            ("subscription_key_secondary", Canary::hex("old secondary key").value()),
            ("api_user", &OLD_USER.to_string()),
            ("api_key", key.value()),
            ("product", "collection"),
            ("target_environment", "sandbox"),
            ("base_url", "https://sandbox.momodeveloper.mtn.com"),
            ("callback_host", "old.example.com"),
            ("schema", "1"),
            ("issued_at", "2026-01-01T00:00:00Z"),
        ]);
        self.old = Some(self.record());
        self
    }

    /// A removed record.
    pub(super) fn removed(self) -> Self {
        let bench = self.vacant();
        let Expect::Revision(revision) = bench.seen().expect else { panic!("there is a record") };
        let removal = momo_cred_backend_api::Removal::Recoverable;
        now(bench.store.handle().remove(&bench.name, &revision, removal)).unwrap();
        bench.foreign.set(false);
        bench
    }

    pub(super) fn with_secondary(mut self) -> Self {
        self.inputs.secondary = Some(subscription_key(KeyRole::Secondary).secret());
        self
    }

    pub(super) fn with_provisioning_key(mut self) -> Self {
        self.inputs.provisioning = Some(subscription_key(KeyRole::Provisioning).secret());
        self
    }

    fn put<'a>(&self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let document: Document =
            fields.into_iter().map(|(name, value)| (field(name), Secret::from(value))).collect();
        self.foreign.set(document.get(FOREIGN).is_some());
        self.write(&document);
    }

    /// Writes as another program would that keeps to the contract.
    pub(super) fn write(&self, document: &Document) {
        now(self.store.handle().write(&self.name, document, &self.seen().expect)).unwrap();
    }

    /// The record as it is now, past the stage.
    pub(super) fn seen(&self) -> Seen {
        let lookup = now(self.store.handle().read(&self.name, &At::Current)).unwrap();
        Seen::new(lookup, &Layout::default())
    }

    pub(super) fn record(&self) -> Record {
        self.seen().record
    }

    /// How many versions there are.
    pub(super) fn versions(&self) -> usize {
        now(self.store.handle().history(&self.name)).unwrap().len()
    }

    /// `provision`, with what `--replace` takes where something is there.
    pub(super) fn provision(&self) -> Ended {
        self.obtain(Obtain::NewUser)
    }

    pub(super) fn obtain(&self, obtain: Obtain) -> Ended {
        let seen = self.seen();
        let standing = self.standing(&seen);
        assert!(matches!(standing, ClaimStanding::None | ClaimStanding::Dead(_)), "{standing:?}");
        self.run(seen, self.inputs.clone(), obtain)
    }

    /// `resume`: nothing where no claim is open.
    pub(super) fn resume(&self) -> Option<Ended> {
        self.resume_at(&self.gateway)
    }

    pub(super) fn resume_at(&self, gateway: &dyn Gateway) -> Option<Ended> {
        let seen = self.seen();
        match self.standing(&seen) {
            ClaimStanding::None => return None,
            ClaimStanding::Dead(_) => {}
            other => panic!("not dead: {other:?}"),
        }
        let inputs = self.inputs_of(&seen.record);
        Some(self.run_at(gateway, seen, inputs, Obtain::NewUser))
    }

    /// The inputs that a claim holds.
    fn inputs_of(&self, record: &Record) -> Inputs {
        let key = |field| record.input(field).cloned();
        let own = |field| record.get(field).cloned();
        let paired = match (key(Field::SubscriptionKey), own(Field::SubscriptionKey)) {
            (Some(input), Some(own)) => input.same_as(&own),
            _ => true,
        };
        let strange = |secondary: &Secret| {
            !paired && own(Field::SubscriptionKeySecondary).is_some_and(|own| own.same_as(secondary))
        };
        Inputs {
            product: record.input_text(Field::Product).unwrap().parse().unwrap(),
            target_environment: record.input_text(Field::TargetEnvironment).unwrap().parse().unwrap(),
            base_url: record.input_text(Field::BaseUrl).unwrap().to_owned(),
            callback_host: record.input_text(Field::CallbackHost).map(|host| host.parse().unwrap()),
            subscription_key: key(Field::SubscriptionKey).unwrap(),
            secondary: key(Field::SubscriptionKeySecondary).filter(|secondary| !strange(secondary)),
            provisioning: key(Field::ProvisioningSubscriptionKey),
        }
    }

    fn standing(&self, seen: &Seen) -> ClaimStanding {
        let here = self.world(0).owner();
        let held = now(self.store.handle().hold(&self.name, Work::Renewal)).unwrap().is_some();
        judge(&seen.record, Evidence { here: &here, held, age: seen.age, takeover: Takeover::OnEvidence })
    }

    pub(super) fn world(&self, run: u32) -> TestWorld {
        TestWorld { run, drawn: AtomicU64::default(), clock: Arc::clone(&self.clock) }
    }

    /// Runs steps from what was seen, in a process of their own.
    pub(super) fn run(&self, seen: Seen, inputs: Inputs, obtain: Obtain) -> Ended {
        self.run_at(&self.gateway, seen, inputs, obtain)
    }

    pub(super) fn run_at(&self, gateway: &dyn Gateway, seen: Seen, inputs: Inputs, obtain: Obtain) -> Ended {
        let ended = self.process(gateway, async |driver, seeds, watch| {
            let plan = Plan { seen, inputs, obtain, check: self.check, seeds };
            driver.run(plan, watch).await.0
        });
        ended.map_or(Ended::Killed, Ended::Finished)
    }

    /// Runs a driver in a process of its own; nothing comes of one that is killed.
    pub(super) fn process<T: std::fmt::Debug>(
        &self,
        gateway: &dyn Gateway,
        work: impl AsyncFnOnce(&Driver<'_>, Seeds, &mut dyn Watch) -> T,
    ) -> Option<T> {
        self.runs.set(self.runs.get() + 1);
        let world = self.world(self.runs.get());
        self.stage.begin(self.runs.get());
        self.steps.borrow_mut().clear();
        let store = Faulty::new(Tap::new(&self.store, &self.stage), self.faults.clone());
        let seeds = Seeds::draw(&world, LEASE);
        let driver =
            Driver { store: &store, name: &self.name, gateway, world: &world, msisdn: None, lease: LEASE };
        let mut watch = Notes(&self.steps);
        let ended = block_on(async {
            let _hold = store.hold(&self.name, Work::Renewal).await.unwrap();
            let mut run = pin!(work(&driver, seeds, &mut watch));
            poll_fn(|context| match run.as_mut().poll(context) {
                Poll::Ready(end) => Poll::Ready(Some(end)),
                Poll::Pending if self.stage.dead() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            })
            .await
        });
        self.faults.clear();
        assert_eq!(
            (self.stage.end(), self.gateway.orders_left()),
            (0, 0),
            "what was staged was not come to: {ended:?}"
        );
        self.assert_rendering(&format!("{ended:?} {:?}", self.steps.borrow()));
        ended
    }

    /// Points of the last run, in order.
    pub(super) fn points(&self) -> Vec<Point> {
        self.stage.points()
    }

    /// The run of the last process begun.
    pub(super) fn last_run(&self) -> u32 {
        self.runs.get()
    }
}
