//! The one workflow that follows random plans.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use perpetua::prelude::*;
use perpetua::{CancellationType, ChildCancellationType, MemoUpdate};
use serde::{Deserialize, Serialize};

use super::plan::{COUNTED, Leaving, Plan};

/// An activity that fails so many times before it succeeds.
#[activity]
pub async fn stumble(ctx: ActivityContext, fails: u32) -> Result<u32, ActivityError> {
    let attempt = ctx.info().attempt;
    if attempt > fails { Ok(attempt) } else { Err(AnyError::message(format!("attempt {attempt}"))) }
}

/// What side effects see; each sees something else.
static EFFECTS: AtomicU64 = AtomicU64::new(0);

/// What a run is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Input {
    /// What to do, a run for each, unless the workflow is canceled.
    pub plans: Vec<Plan>,
    /// A workflow that takes signals.
    pub other: String,
    /// What the runs before have counted.
    pub count: u32,
    /// What the runs before have seen.
    pub log: Vec<String>,
}

/// What everything in a run shares.
#[derive(Debug)]
struct Shared {
    count: State<u32>,
    log: State<Vec<String>>,
    other: String,
}

impl Shared {
    fn note(&self, what: &dyn Debug) {
        self.log.update(|log| log.push(format!("{what:?}")));
    }
}

/// A workflow that follows plans.
#[derive(Debug)]
pub struct Program {
    shared: Rc<Shared>,
}

#[workflow]
impl Program {
    #[init]
    fn new(_ctx: &Ctx, input: &Input) -> Self {
        let (count, log) = (State::new(input.count), State::new(input.log.clone()));
        Self { shared: Rc::new(Shared { count, log, other: input.other.clone() }) }
    }

    /// What was seen on the way.
    #[run]
    pub async fn run(&self, ctx: Ctx, input: Input) -> WorkflowResult<Vec<String>> {
        let mut plans = input.plans.into_iter();
        while let Some(plan) = plans.next() {
            follow(plan, ctx.clone(), Rc::clone(&self.shared)).await;
            if !ctx.is_canceled() && plans.len() > 0 {
                let Shared { count, log, other } = &*self.shared;
                let (plans, other) = (plans.collect(), other.clone());
                let next = Input { plans, other, count: count.get(), log: log.get() };
                return ctx.continue_as_new(Program::run(next));
            }
        }
        Ok(self.shared.log.get())
    }

    /// Counts.
    #[signal]
    pub fn count(&self) {
        self.shared.count.update(|count| *count += 1);
    }

    /// Follows another plan.
    #[signal]
    pub async fn plan(&self, ctx: Ctx, plan: Plan) {
        follow(plan, ctx, Rc::clone(&self.shared)).await;
    }

    /// Counts, and says how far it is. Refused while the count is odd.
    #[update(validator = check_even)]
    pub fn step(&self) -> Result<u32, ActivityError> {
        self.shared.count.update(|count| *count += 1);
        Ok(self.shared.count.get())
    }

    fn check_even(&self) -> Result<(), ActivityError> {
        if self.shared.count.get().is_multiple_of(2) { Ok(()) } else { Err(AnyError::message("odd")) }
    }

    /// Follows another plan, and says how much was noted.
    #[update]
    pub async fn act(&self, ctx: Ctx, plan: Plan) -> WorkflowResult<usize> {
        follow(plan, ctx, Rc::clone(&self.shared)).await;
        Ok(self.shared.log.with(Vec::len))
    }

    /// What was noted.
    #[query]
    pub fn log(&self) -> Vec<String> {
        self.shared.log.get()
    }
}

type Followed = Pin<Box<dyn Future<Output = ()>>>;

/// Does what a plan says, and notes what comes of it.
fn follow(plan: Plan, ctx: Ctx, shared: Rc<Shared>) -> Followed {
    Box::pin(async move {
        let follow = {
            let (ctx, shared) = (ctx.clone(), Rc::clone(&shared));
            move |plan| follow(plan, ctx.clone(), Rc::clone(&shared))
        };
        let note = |what: &dyn Debug| shared.note(what);
        match plan {
            Plan::Sleep(time) => note(&ctx.sleep(milliseconds(time)).await),
            Plan::Call { fails, leaving } => {
                let eager = RetryPolicy::exponential().first_wait(milliseconds(5));
                let call = ctx.activity(stumble(fails)).start_to_close(minutes(5)).retry(eager);
                note(&in_words(call.cancellation(leaving.of_activity()).await));
            }
            Plan::CallInVain => {
                let call = ctx.activity(stumble(9)).start_to_close(minutes(5)).retry(RetryPolicy::none());
                note(&in_words(call.await));
            }
            Plan::CallHere { fails, leaving } => {
                let eager = RetryPolicy::exponential().first_wait(milliseconds(5));
                let call = ctx.local_activity(stumble(fails)).start_to_close(minutes(5)).retry(eager);
                note(&in_words(call.cancellation(leaving.of_activity()).await));
            }
            Plan::Patch(number) => {
                if ctx.patched(format!("patch-{number}")) {
                    note(&ctx.random().below(10));
                }
            }
            Plan::SideEffect => note(&ctx.side_effect(|| EFFECTS.fetch_add(1, Ordering::Relaxed))),
            Plan::Note(number) => ctx.upsert_memo([MemoUpdate::set(format!("note-{number}"), number)]),
            Plan::Limited(plan, time) => {
                let scope = ctx.scope();
                let limit = async {
                    if ctx.sleep(milliseconds(time)).await.is_ok() {
                        scope.cancel();
                    }
                };
                join!(scope.run(follow(*plan)), limit);
            }
            Plan::Child { plan, counts, cancels, leaving } => {
                let (plans, other) = (vec![*plan], shared.other.clone());
                let input = Input { plans, other, count: COUNTED, log: Vec::new() };
                let child = ctx.child(Program::run(input)).cancellation(leaving.of_child());
                match child.start().await {
                    Ok(child) => {
                        for _ in 0..counts {
                            note(&in_words(child.count().await));
                        }
                        if cancels {
                            child.cancel();
                        }
                        note(&in_words(child.result().await));
                    }
                    Err(failure) => note(&failure.to_string()),
                }
            }
            Plan::CountForOther => note(&in_words(ctx.external::<Program>(&shared.other).count().await)),
            Plan::CountForNobody => note(&in_words(ctx.external::<Program>("nobody").count().await)),
            Plan::CancelNobody => note(&in_words(ctx.external::<Program>("nobody").cancel().await)),
            Plan::WaitFor(count) => note(&ctx.wait_until(|| shared.count.get() >= count).await),
            Plan::WaitNoLonger(count, time) => {
                note(&ctx.wait_until(|| shared.count.get() >= count).timeout(milliseconds(time)).await);
            }
            Plan::Count => shared.count.update(|count| *count += 1),
            Plan::Draw => note(&ctx.random().below(100)),
            Plan::WaitToBeCanceled => note(&ctx.canceled().await),
            Plan::InOrder(plans) => {
                for plan in plans {
                    follow(plan).await;
                }
            }
            Plan::Both(plans) => {
                let [a, b] = *plans;
                join!(follow(a), follow(b));
            }
            Plan::First(plans) => {
                let [a, b, c] = *plans;
                let first = select! { () = follow(a) => 1, () = follow(b) => 2, () = follow(c) => 3 };
                note(&first);
            }
            Plan::All(plans, limit) => drop(ctx.join_all(plans.into_iter().map(follow)).limit(limit).await),
            Plan::Spawned(plan) => ctx.spawn(follow(*plan)).await,
            Plan::Detached(plan) => drop(ctx.spawn(follow(*plan))),
            Plan::Shielded(plan) => ctx.shielded(follow(*plan)).await,
        }
    })
}

/// What came of something, without what differs from run to run.
fn in_words<T: Debug, E: std::error::Error>(result: Result<T, E>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => error.to_string(),
    }
}

impl Leaving {
    fn of_activity(self) -> CancellationType {
        match self {
            Self::Try => CancellationType::TryCancel,
            Self::Wait => CancellationType::WaitCompleted,
            Self::Abandon => CancellationType::Abandon,
        }
    }

    fn of_child(self) -> ChildCancellationType {
        match self {
            Self::Try => ChildCancellationType::TryCancel,
            Self::Wait => ChildCancellationType::WaitCancellationCompleted,
            Self::Abandon => ChildCancellationType::Abandon,
        }
    }
}
