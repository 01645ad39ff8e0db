//! Waiting for several futures, in an order that every replay repeats.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, Stream};

/// Waits for all of its futures, polled in the order in which they are written, and gives their results as a tuple.
///
/// ```ignore
/// let (charged, shipped) = join!(ctx.activity(charge(card)).start_to_close(minutes(1)), ctx.sleep(hours(1)));
/// ```
#[macro_export]
macro_rules! join {
    ($a:expr $(,)?) => { (::core::future::IntoFuture::into_future($a).await,) };
    ($a:expr, $b:expr $(,)?) => { $crate::__private::join2($a, $b).await };
    ($a:expr, $b:expr, $c:expr $(,)?) => { $crate::__private::join3($a, $b, $c).await };
    ($a:expr, $b:expr, $c:expr, $d:expr $(,)?) => { $crate::__private::join4($a, $b, $c, $d).await };
    ($a:expr, $b:expr, $c:expr, $d:expr, $e:expr $(,)?) => { $crate::__private::join5($a, $b, $c, $d, $e).await };
    ($a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr $(,)?) => {
        $crate::__private::join6($a, $b, $c, $d, $e, $f).await
    };
    ($($more:expr),+ $(,)?) => {
        ::core::compile_error!("`join!` takes up to 6 futures; for more, put them in a `Vec` and use `ctx.join_all(..)`")
    };
}

macro_rules! joins {
    ($($name:ident($($value:ident $future:ident $output:ident),+);)+) => {$(
        /// Polls each future in turn until all are done.
        pub async fn $name<$($future: IntoFuture),+>($($value: $future),+) -> ($($future::Output,)+) {
            $(
                let mut $value = std::pin::pin!($value.into_future());
                let mut $output = None;
            )+
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
    join2(a A x, b B y);
    join3(a A x, b B y, c C z);
    join4(a A x, b B y, c C z, d D u);
    join5(a A x, b B y, c C z, d D u, e E v);
    join6(a A x, b B y, c C z, d D u, e E v, f F w);
}

/// Waits for many futures; made by [`Ctx::join_all`](crate::Ctx::join_all). Only those that were woken are polled.
#[must_use = "a future does nothing until it is awaited"]
pub struct JoinAll<F: Future> {
    waiting: VecDeque<(usize, F)>,
    running: FuturesUnordered<Numbered<F>>,
    results: Vec<Option<F::Output>>,
    limit: usize,
}

/// A future that remembers its place.
struct Numbered<F> {
    number: usize,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Numbered<F> {
    type Output = (usize, F::Output);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let number = self.number;
        self.future.as_mut().poll(context).map(|output| (number, output))
    }
}

impl<F: Future> JoinAll<F> {
    pub(crate) fn new(futures: Vec<F>) -> Self {
        let results = futures.iter().map(|_| None).collect();
        Self {
            waiting: futures.into_iter().enumerate().collect(),
            running: FuturesUnordered::new(),
            results,
            limit: usize::MAX,
        }
    }

    /// Runs at most so many at a time, in order; 0 counts as 1.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit.max(1);
        self
    }
}

// The futures are boxed, the results never pinned.
impl<F: Future> Unpin for JoinAll<F> {}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            while this.running.len() < this.limit
                && let Some((number, future)) = this.waiting.pop_front()
            {
                this.running.push(Numbered { number, future: Box::pin(future) });
            }
            match Pin::new(&mut this.running).poll_next(context) {
                Poll::Ready(Some((number, output))) => this.results[number] = Some(output),
                Poll::Ready(None) => {
                    let results = this.results.drain(..).map(|result| result.expect("nothing runs or waits any more"));
                    return Poll::Ready(results.collect());
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<F: Future> fmt::Debug for JoinAll<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinAll").field("of", &self.results.len()).finish_non_exhaustive()
    }
}
