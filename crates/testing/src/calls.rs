//! Calls at a time of the world.
//!
//! ```text
//! after(days(2), call) --> waits, without being a reason to skip time --> the time has come: time is held
//!     --> the call is made --> it ended, or waits for something itself --> time goes on
//! ```

use std::future::{Future, IntoFuture, poll_fn};
use std::panic::{AssertUnwindSafe, Location};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use perpetua_server::{Bell, Rung, Server};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::env::Inner;
use crate::harness::Outcome;
use crate::mock::said;
use crate::{Check, Finding, TestEnv};

/// How often it is looked whether a call goes on.
const LOOK: Duration = Duration::from_millis(10);
/// How often in a row nothing may happen until a call that has not ended is held to wait for something itself. Between two
/// looks everybody has a turn, however busy the machine is.
const LOOKS: u32 = 10;
/// How long a call that was made before the test ended may take to end, by the clock on the wall.
const PATIENCE: Duration = Duration::from_secs(1);

/// A call that is to be made.
pub(crate) struct TimedCall {
    at: &'static Location<'static>,
    due: SystemTime,
    progress: Arc<Mutex<Progress>>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Waits,
    Runs,
    Ended,
}

impl TestEnv {
    /// Makes a call when so much time of the world has passed, in the background:
    ///
    /// ```text
    /// let handle = env.start(Approval::run(order())).await?;
    /// let approval = handle.clone();
    /// env.after(days(2), async move { approval.approve("ann".into()).await });
    /// handle.result().await?;
    /// ```
    ///
    /// By itself it is no reason to skip time: that needs somebody who waits, for a result or a [time](Self::sleep). Time
    /// stands still while the call is made. Its error, or its panic, fails the test, and so does the end of the test if it
    /// comes before the end of the call.
    ///
    /// # Panics
    /// When there is no tokio runtime here.
    #[track_caller]
    pub fn after<C>(&self, time: Duration, call: C)
    where
        C: IntoFuture<Output: Outcome, IntoFuture: Send + 'static>,
    {
        self.at(self.now() + time, call);
    }

    /// Makes a call at this time of the world, in the background; otherwise as [`after`](Self::after). What is past is done
    /// at once.
    ///
    /// # Panics
    /// When there is no tokio runtime here.
    #[track_caller]
    pub fn at<C>(&self, time: SystemTime, call: C)
    where
        C: IntoFuture<Output: Outcome, IntoFuture: Send + 'static>,
    {
        let at = Location::caller();
        let progress = Arc::new(Mutex::new(Progress::Waits));
        let world = Arc::downgrade(&self.inner);
        // Set now, so that time does not pass it before the task begins.
        let bell = self.inner.server.clone().map(|server| (server.ring_at(time).ok(), server));
        let call = call.into_future();
        let task = tokio::spawn({
            let progress = Arc::clone(&progress);
            let set = move |to| *progress.lock().unwrap_or_else(PoisonError::into_inner) = to;
            async move {
                let problem = match bell {
                    Some((bell, server)) => {
                        let Some(held) = hear(&server, bell, time).await else { return };
                        set(Progress::Runs);
                        make_held(&server, held, call).await
                    }
                    None => {
                        sleep(time.duration_since(SystemTime::now()).unwrap_or_default()).await;
                        set(Progress::Runs);
                        make(call).await
                    }
                };
                set(Progress::Ended);
                if let (Some(problem), Some(world)) = (problem, world.upgrade()) {
                    world.add(Finding::new(Check::Calls, format!("the call at {at} {problem}")));
                }
            }
        });
        let timed = TimedCall { at, due: time, progress, task };
        self.inner.timed.lock().unwrap_or_else(PoisonError::into_inner).push(timed);
    }
}

/// Waits until it is time. A server that has crashed is waited for; none if it is stopped.
async fn hear(server: &Server, mut bell: Option<Bell>, time: SystemTime) -> Option<Rung> {
    loop {
        let set = match bell.take() {
            Some(set) => set,
            None => {
                server.is_back().await;
                server.ring_at(time).ok()?
            }
        };
        if let Ok(rung) = set.rung().await {
            return Some(rung);
        }
    }
}

/// Makes a call, and says what went wrong.
async fn make<C: Future<Output: Outcome>>(call: C) -> Option<String> {
    match AssertUnwindSafe(call).catch_unwind().await {
        Ok(outcome) => outcome.problem().map(|problem| format!("failed: {problem}")),
        Err(panic) => Some(format!("panicked: {}", said(&*panic))),
    }
}

/// The same while time stands still until the call ends, or nothing happens any more: then it is waiting itself.
async fn make_held<C: Future<Output: Outcome>>(server: &Server, held: Rung, call: C) -> Option<String> {
    let mut call = pin!(make(call));
    let polls = AtomicU64::new(0);
    let watched = poll_fn(|context| {
        polls.fetch_add(1, Ordering::Relaxed);
        call.as_mut().poll(context)
    });
    tokio::select! {
        biased;
        problem = watched => return problem,
        () = quiet(server, &polls) => {}
    }
    drop(held);
    call.await
}

/// Waits until nothing happens: the server does nothing, and the call is not woken.
async fn quiet(server: &Server, polls: &AtomicU64) {
    let mut looks = 0;
    while looks < LOOKS {
        let before = (server.steps(), polls.load(Ordering::Relaxed));
        sleep(LOOK).await;
        // The look itself wakes the call once.
        let is_quiet = server.steps() == before.0 && polls.load(Ordering::Relaxed) <= before.1 + 1;
        looks = if is_quiet { looks + 1 } else { 0 };
    }
}

impl Inner {
    /// Gives up the calls that have not ended, and takes note of them.
    pub(crate) async fn end_timed_calls(&self) {
        let calls = std::mem::take(&mut *self.timed.lock().unwrap_or_else(PoisonError::into_inner));
        for TimedCall { at, due, progress, mut task } in calls {
            let read = || *progress.lock().unwrap_or_else(PoisonError::into_inner);
            if read() != Progress::Waits && timeout(PATIENCE, &mut task).await.is_ok() {
                continue;
            }
            task.abort();
            let problem = match read() {
                Progress::Ended => continue,
                Progress::Runs => "had not come to its end when the test ended".to_owned(),
                Progress::Waits => match due.duration_since(self.now()) {
                    Ok(left) => {
                        format!("was never made: the test ended {left:?} before its time, by the clock of the world")
                    }
                    Err(_) => "was never made: the test ended at its time".to_owned(),
                },
            };
            self.add(Finding::new(Check::Calls, format!("the call at {at} {problem}")));
        }
    }
}
