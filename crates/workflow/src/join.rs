//! Waiting for several futures, in an order that every replay repeats.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Waits for all of its futures, polled in the order in which they are written, and gives their results as a tuple.
///
/// ```
/// # use std::time::Duration;
/// # use perpetua_contract::Activity;
/// # use perpetua_workflow::{Ctx, join};
/// # async fn example(ctx: Ctx) {
/// let charge = Activity::named("charge").args(("Ann".to_owned(), 250));
/// let (charged, waited) = join!(
///     ctx.activity(charge).start_to_close(Duration::from_secs(60)),
///     ctx.sleep(Duration::from_secs(10)),
/// );
/// # }
/// ```
#[macro_export]
macro_rules! join {
    ($a:expr $(,)?) => {
        (::core::future::IntoFuture::into_future($a).await,)
    };
    ($a:expr, $b:expr $(,)?) => {
        $crate::__private::join2($a, $b).await
    };
    ($a:expr, $b:expr, $c:expr $(,)?) => {
        $crate::__private::join3($a, $b, $c).await
    };
    ($a:expr, $b:expr, $c:expr, $d:expr $(,)?) => {
        $crate::__private::join4($a, $b, $c, $d).await
    };
    ($a:expr, $b:expr, $c:expr, $d:expr, $e:expr $(,)?) => {
        $crate::__private::join5($a, $b, $c, $d, $e).await
    };
    ($a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr $(,)?) => {
        $crate::__private::join6($a, $b, $c, $d, $e, $f).await
    };
    ($($more:expr),+ $(,)?) => {
        ::core::compile_error!(
            "`join!` takes up to 6 futures; for more, put them in a `Vec` and use `ctx.join_all(..)`"
        )
    };
    () => {
        ::core::compile_error!("`join!` needs at least one future")
    };
}

macro_rules! joins {
    ($($name:ident($($value:ident $future:ident $output:ident),+; $($last:ident)+);)+) => {$(
        /// Polls each future in turn until all are done.
        pub async fn $name<$($future: IntoFuture),+>($($value: $future),+) -> ($($future::Output,)+) {
            $(
                let $value = $value.into_future();
                let mut $output = None;
            )+
            // What is declared last is dropped first.
            $(let mut $last = std::pin::pin!($last);)+
            std::future::poll_fn(|context| {
                let mut all = true;
                $(
                    if $output.is_none() {
                        match $value.as_mut().poll(context) {
                            Poll::Ready(value) => $output = Some(value),
                            Poll::Pending => all = false,
                        }
                    }
                )+
                if all { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            ($($output.expect("polled until every output is there"),)+)
        }
    )+};
}

joins! {
    join2(a A x, b B y; b a);
    join3(a A x, b B y, c C z; c b a);
    join4(a A x, b B y, c C z, d D u; d c b a);
    join5(a A x, b B y, c C z, d D u, e E v; e d c b a);
    join6(a A x, b B y, c C z, d D u, e E v, f F w; f e d c b a);
}

/// Waits for many futures; made by [`Ctx::join_all`](crate::Ctx::join_all). Only those that were woken are polled, in the
/// order in which they were woken.
///
/// That order is part of what a replay repeats, which is why nothing else decides it.
#[must_use = "a future does nothing until it is awaited"]
pub struct JoinAll<F: Future> {
    waiting: VecDeque<(usize, F)>,
    running: BTreeMap<usize, Child<F>>,
    /// None when they were given.
    results: Option<Vec<Option<F::Output>>>,
    limit: usize,
    woken: Arc<Woken>,
}

struct Child<F> {
    future: Pin<Box<F>>,
    waker: Arc<ChildWaker>,
}

/// The futures that were woken, and who is to be told.
#[derive(Default)]
struct Woken {
    queue: Mutex<VecDeque<usize>>,
    parent: Mutex<Option<Waker>>,
}

struct ChildWaker {
    number: usize,
    woken: Arc<Woken>,
    queued: AtomicBool,
}

impl Wake for ChildWaker {
    fn wake(self: Arc<Self>) {
        Self::wake_by_ref(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        self.woken.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(self.number);
        let parent = self.woken.parent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(parent) = parent {
            parent.wake();
        }
    }
}

impl Woken {
    /// Tells this one from now on.
    fn tell(&self, waker: &Waker) {
        let mut parent = self.parent.lock().unwrap_or_else(PoisonError::into_inner);
        if !parent.as_ref().is_some_and(|parent| parent.will_wake(waker)) {
            let before = parent.replace(waker.clone());
            drop(parent);
            drop(before);
        }
    }

    fn take(&self) -> VecDeque<usize> {
        std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<F> Child<F> {
    fn poll(&mut self) -> Poll<F::Output>
    where
        F: Future,
    {
        self.waker.queued.store(false, Ordering::Release);
        let waker = Waker::from(Arc::clone(&self.waker));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

impl<F: Future> JoinAll<F> {
    pub(crate) fn new(futures: Vec<F>) -> Self {
        Self {
            results: Some(futures.iter().map(|_| None).collect()),
            waiting: futures.into_iter().enumerate().collect(),
            running: BTreeMap::new(),
            limit: usize::MAX,
            woken: Arc::default(),
        }
    }

    /// Runs at most so many at a time, in order; 0 counts as 1.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit.max(1);
        self
    }

    /// Begins as many as may run.
    fn begin(&mut self) {
        while self.running.len() < self.limit
            && let Some((number, future)) = self.waiting.pop_front()
        {
            let waker = Arc::new(ChildWaker { number, woken: Arc::clone(&self.woken), queued: AtomicBool::new(false) });
            let mut child = Child { future: Box::pin(future), waker };
            match child.poll() {
                Poll::Ready(output) => self.keep(number, output),
                Poll::Pending => drop(self.running.insert(number, child)),
            }
        }
    }

    fn keep(&mut self, number: usize, output: F::Output) {
        if let Some(results) = &mut self.results {
            results[number] = Some(output);
        }
    }
}

// The futures are boxed, the results never pinned.
impl<F: Future> Unpin for JoinAll<F> {}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.woken.tell(context.waker());
        this.begin();
        // Who is woken meanwhile has told the parent, and takes its turn after the others of the parent's task.
        for number in this.woken.take() {
            let Some(child) = this.running.get_mut(&number) else { continue };
            if let Poll::Ready(output) = child.poll() {
                drop(this.running.remove(&number));
                this.keep(number, output);
                this.begin();
            }
        }
        if !this.running.is_empty() {
            return Poll::Pending;
        }
        let results = this.results.take().expect("a `join_all` is not polled again after it gave its results");
        Poll::Ready(results.into_iter().map(|result| result.expect("nothing runs or waits any more")).collect())
    }
}

impl<F: Future> fmt::Debug for JoinAll<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinAll")
            .field("waiting", &self.waiting.len())
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}
