//! What happens around the effects of a run: it is killed at one, or somebody else acts just before or after it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use momo_cred_backend_api::Lookup;
use uuid::Uuid;

use crate::credential::Record;

/// Runs each case in a thread of its own: most of their time is pauses of the code under test.
pub(super) fn each<T: Send>(cases: impl IntoIterator<Item = T>, run: impl Fn(T) + Sync) {
    let run = &run;
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || run(case));
        }
    });
}

/// A step, as its effect reaches the store or the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Point {
    Preflight,
    Claim,
    User,
    Key,
    Token,
    Product,
    Fence,
    Publish,
    ReadBack,
    Withdraw,
}

/// On which side of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

/// What a store or a gateway did for a run.
#[derive(Clone, Debug)]
pub(super) enum Did {
    Stored(Point, Arc<Record>),
    MadeUser(Uuid),
    IssuedKey(Uuid),
}

/// Something done, and by which run.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) run: u32,
    pub(super) did: Did,
}

enum Act {
    Kill,
    Call(Box<dyn FnOnce() + Send>),
}

struct Order {
    point: Point,
    nth: usize,
    side: Side,
    act: Act,
}

#[derive(Default)]
struct State {
    run: u32,
    reached: BTreeMap<Point, usize>,
    points: Vec<Point>,
    orders: Vec<Order>,
    read_backs: VecDeque<Lookup>,
    fences: VecDeque<Lookup>,
    dead: bool,
}

/// Shared by the store, the gateway and the test of one bench.
#[derive(Clone, Default)]
pub(super) struct Stage {
    state: Arc<Mutex<State>>,
    log: Arc<Mutex<Vec<Entry>>>,
}

impl Stage {
    /// A stage for another process at work on the same record: the log is one.
    pub(super) fn twin(&self) -> Self {
        Self { state: Arc::default(), log: Arc::clone(&self.log) }
    }

    /// A process begins.
    pub(super) fn begin(&self, run: u32) {
        let mut state = self.state();
        state.run = run;
        state.reached.clear();
        state.points.clear();
        state.dead = false;
    }

    /// A process is over. What it did not come to is forgotten; a test asks first whether that is as it should be.
    pub(super) fn end(&self) -> usize {
        let mut state = self.state();
        std::mem::take(&mut state.orders).len()
            + std::mem::take(&mut state.read_backs).len()
            + std::mem::take(&mut state.fences).len()
    }

    /// Has the store answer the next read of a given revision like this.
    pub(super) fn read_back(&self, answer: Lookup) {
        self.state().read_backs.push_back(answer);
    }

    /// Has the store answer the next read at the fence like this.
    pub(super) fn fence(&self, answer: Lookup) {
        self.state().fences.push_back(answer);
    }

    /// What a read at this point is answered, where the test has said so.
    pub(super) fn scripted(&self, point: Point) -> Option<Lookup> {
        let mut state = self.state();
        if point == Point::ReadBack { state.read_backs.pop_front() } else { state.fences.pop_front() }
    }

    /// Kills the next run at the `nth` arrival (from 1) at a point.
    pub(super) fn kill(&self, point: Point, nth: usize, side: Side) {
        self.state().orders.push(Order { point, nth, side, act: Act::Kill });
    }

    /// Does something at that moment.
    pub(super) fn at(&self, point: Point, nth: usize, side: Side, act: impl FnOnce() + Send + 'static) {
        self.state().orders.push(Order { point, nth, side, act: Act::Call(Box::new(act)) });
    }

    pub(super) fn dead(&self) -> bool {
        self.state().dead
    }

    /// The points of the last run, in order.
    pub(super) fn points(&self) -> Vec<Point> {
        self.state().points.clone()
    }

    pub(super) fn log(&self) -> Vec<Entry> {
        self.entries().clone()
    }

    pub(super) fn did(&self, did: Did) {
        let run = self.state().run;
        self.entries().push(Entry { run, did });
    }

    /// An effect is about to happen. Does not return where the run is killed.
    pub(super) async fn before(&self, point: Point) {
        {
            let mut state = self.state();
            *state.reached.entry(point).or_default() += 1;
            state.points.push(point);
        }
        self.act(point, Side::Before).await;
    }

    /// An effect has happened and its answer is on its way.
    pub(super) async fn after(&self, point: Point) {
        self.act(point, Side::After).await;
    }

    async fn act(&self, point: Point, side: Side) {
        loop {
            let act = {
                let mut state = self.state();
                let nth = state.reached.get(&point).copied().unwrap_or_default();
                let due = |order: &Order| order.point == point && order.nth == nth && order.side == side;
                let Some(at) = state.orders.iter().position(due) else { return };
                let act = state.orders.remove(at).act;
                state.dead |= matches!(act, Act::Kill);
                act
            };
            match act {
                Act::Kill => std::future::pending::<()>().await,
                // Outside the lock: it may look at the stage.
                Act::Call(call) => call(),
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
