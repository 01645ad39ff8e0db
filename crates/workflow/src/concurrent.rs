//! Waiting for many futures, in an order that every replay repeats.
//!
//! Only those that were woken are polled, in the order in which they were woken. That order is part of what a replay
//! repeats, which is why nothing else decides it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Waits for many futures and gives their results in the order of the futures; made by
/// [`Ctx::join_all`](crate::Ctx::join_all) and [`Ctx::map_concurrent`](crate::Ctx::map_concurrent).
#[must_use = "a future does nothing until it is awaited"]
pub struct JoinAll<S: Source> {
    crowd: Crowd<S>,
    results: Results<Output<S>>,
}

/// Waits for many futures that give a `Result`: for all values, in the order of the futures, or for the first error; made
/// by [`Ctx::try_join_all`](crate::Ctx::try_join_all) and [`Ctx::try_map_concurrent`](crate::Ctx::try_map_concurrent).
#[must_use = "a future does nothing until it is awaited"]
pub struct TryJoinAll<S: Source<Item: IntoFuture<Output = Result<T, E>>>, T, E> {
    /// None when it is over.
    crowd: Option<Crowd<S>>,
    results: Results<T>,
    /// So that the error is known by its name.
    error: std::marker::PhantomData<fn() -> E>,
}

/// Where futures come from: any iterator of them.
pub trait Source: Iterator<Item: IntoFuture> {}

impl<S: Iterator<Item: IntoFuture>> Source for S {}

type Running<S> = <<S as Iterator>::Item as IntoFuture>::IntoFuture;
type Output<S> = <<S as Iterator>::Item as IntoFuture>::Output;

/// Results by the number of their future.
struct Results<T>(Vec<Option<T>>);

impl<T> Results<T> {
    fn keep(&mut self, number: usize, result: T) {
        if self.0.len() <= number {
            self.0.resize_with(number + 1, || None);
        }
        self.0[number] = Some(result);
    }

    fn take(&mut self) -> Vec<T> {
        std::mem::take(&mut self.0).into_iter().map(|result| result.expect("nothing runs or waits any more")).collect()
    }
}

/// The futures that run, and those that wait until they may.
struct Crowd<S: Source> {
    /// None when there are no more.
    source: Option<S>,
    begun: usize,
    running: BTreeMap<usize, Child<Running<S>>>,
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

impl<F: Future> Child<F> {
    fn poll(&mut self) -> Poll<F::Output> {
        self.waker.queued.store(false, Ordering::Release);
        let waker = Waker::from(Arc::clone(&self.waker));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

impl<S: Source> Crowd<S> {
    fn new(source: S, limit: usize) -> Self {
        Self { source: Some(source), begun: 0, running: BTreeMap::new(), limit: limit.max(1), woken: Arc::default() }
    }

    /// Begins as many as may run. Each result is kept; whether to go on.
    fn begin(&mut self, keep: &mut impl FnMut(usize, Output<S>) -> bool) -> bool {
        while self.running.len() < self.limit
            && let Some(source) = &mut self.source
        {
            let Some(future) = source.next() else {
                self.source = None;
                break;
            };
            let number = self.begun;
            self.begun += 1;
            let waker = Arc::new(ChildWaker { number, woken: Arc::clone(&self.woken), queued: AtomicBool::new(false) });
            let mut child = Child { future: Box::pin(future.into_future()), waker };
            match child.poll() {
                Poll::Ready(output) => {
                    if !keep(number, output) {
                        return false;
                    }
                }
                Poll::Pending => drop(self.running.insert(number, child)),
            }
        }
        true
    }

    /// Polls who was woken, and begins as many as may run. It is over when all are done, or when a result says so.
    fn poll(&mut self, waker: &Waker, mut keep: impl FnMut(usize, Output<S>) -> bool) -> Poll<()> {
        self.woken.tell(waker);
        if !self.begin(&mut keep) {
            return Poll::Ready(());
        }
        // Who is woken meanwhile has told the parent, and takes its turn after the others of the parent's task.
        for number in self.woken.take() {
            let Some(child) = self.running.get_mut(&number) else { continue };
            if let Poll::Ready(output) = child.poll() {
                drop(self.running.remove(&number));
                if !keep(number, output) || !self.begin(&mut keep) {
                    return Poll::Ready(());
                }
            }
        }
        if self.running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<S: Source> JoinAll<S> {
    pub(crate) fn new(source: S, limit: usize) -> Self {
        Self { crowd: Crowd::new(source, limit), results: Results(Vec::new()) }
    }

    /// Runs at most so many at a time, in order; 0 counts as 1.
    pub fn limit(mut self, limit: usize) -> Self {
        self.crowd.limit = limit.max(1);
        self
    }
}

impl<S: Source<Item: IntoFuture<Output = Result<T, E>>>, T, E> TryJoinAll<S, T, E> {
    pub(crate) fn new(source: S, limit: usize) -> Self {
        let crowd = Some(Crowd::new(source, limit));
        Self { crowd, results: Results(Vec::new()), error: std::marker::PhantomData }
    }

    /// Runs at most so many at a time, in order; 0 counts as 1.
    pub fn limit(mut self, limit: usize) -> Self {
        if let Some(crowd) = &mut self.crowd {
            crowd.limit = limit.max(1);
        }
        self
    }
}

// The futures are boxed; the iterator and the results are never pinned.
impl<S: Source> Unpin for JoinAll<S> {}
impl<S: Source<Item: IntoFuture<Output = Result<T, E>>>, T, E> Unpin for TryJoinAll<S, T, E> {}

impl<S: Source> Future for JoinAll<S> {
    type Output = Vec<Output<S>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { crowd, results } = &mut *self;
        let polled = crowd.poll(context.waker(), |number, output| {
            results.keep(number, output);
            true
        });
        polled.map(|()| results.take())
    }
}

impl<S: Source<Item: IntoFuture<Output = Result<T, E>>>, T, E> Future for TryJoinAll<S, T, E> {
    type Output = Result<Vec<T>, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { crowd: place, results, .. } = &mut *self;
        let crowd = place.as_mut().expect("a `try_join_all` is not polled again after it gave its results");
        let mut failed = None;
        let polled = crowd.poll(context.waker(), |number, output| match output {
            Ok(value) => {
                results.keep(number, value);
                true
            }
            Err(error) => {
                failed = Some(error);
                false
            }
        });
        if polled.is_pending() {
            return Poll::Pending;
        }
        // What the others had started is taken back before anything else happens.
        *place = None;
        Poll::Ready(match failed {
            Some(error) => Err(error),
            None => Ok(results.take()),
        })
    }
}

impl<S: Source> fmt::Debug for Crowd<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crowd")
            .field("begun", &self.begun)
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}

impl<S: Source> fmt::Debug for JoinAll<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinAll").field("crowd", &self.crowd).finish_non_exhaustive()
    }
}

impl<S: Source<Item: IntoFuture<Output = Result<T, E>>>, T, E> fmt::Debug for TryJoinAll<S, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryJoinAll").field("crowd", &self.crowd).finish_non_exhaustive()
    }
}
