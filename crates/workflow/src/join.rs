//! Waiting for a few futures, in an order that every replay repeats.

use std::future::{Future, IntoFuture};
use std::task::Poll;

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

/// Waits for all of its futures, which give a `Result`, and gives their values as a tuple; or the first error, as soon as
/// there is one. Then the others are dropped, and what they had started is canceled. The futures are polled in the order
/// in which they are written.
///
/// ```
/// # use std::time::Duration;
/// # use perpetua_contract::Activity;
/// # use perpetua_convert::{AnyError, WorkflowError, WorkflowResult};
/// # use perpetua_workflow::{Ctx, try_join};
/// # async fn example(ctx: Ctx) -> WorkflowResult<()> {
/// let call = |name: &'static str| Activity::named(name).args((250,)).returning::<u64>();
/// let (charged, reserved) = try_join!(
///     ctx.activity(call("charge")).start_to_close(Duration::from_secs(60)),
///     ctx.activity(call("reserve")).start_to_close(Duration::from_secs(60)),
/// )?;
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! try_join {
    ($a:expr $(,)?) => {
        ::core::result::Result::map(::core::future::IntoFuture::into_future($a).await, |a| (a,))
    };
    ($a:expr, $b:expr $(,)?) => {
        $crate::__private::try_join2($a, $b).await
    };
    ($a:expr, $b:expr, $c:expr $(,)?) => {
        $crate::__private::try_join3($a, $b, $c).await
    };
    ($a:expr, $b:expr, $c:expr, $d:expr $(,)?) => {
        $crate::__private::try_join4($a, $b, $c, $d).await
    };
    ($a:expr, $b:expr, $c:expr, $d:expr, $e:expr $(,)?) => {
        $crate::__private::try_join5($a, $b, $c, $d, $e).await
    };
    ($a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr $(,)?) => {
        $crate::__private::try_join6($a, $b, $c, $d, $e, $f).await
    };
    ($($more:expr),+ $(,)?) => {
        ::core::compile_error!(
            "`try_join!` takes up to 6 futures; for more, put them in a `Vec` and use `ctx.try_join_all(..)`"
        )
    };
    () => {
        ::core::compile_error!("`try_join!` needs at least one future")
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

macro_rules! try_joins {
    ($($name:ident($($value:ident $future:ident $output:ident $slot:ident),+; $($last:ident)+);)+) => {$(
        /// Polls each future in turn until all are done or one has failed, and drops the others in the same order.
        ///
        /// # Errors
        /// The first error of any of them.
        pub async fn $name<Error, $($future, $output),+>($($value: $future),+) -> Result<($($output,)+), Error>
        where
            $($future: IntoFuture<Output = Result<$output, Error>>,)+
        {
            $(
                let $value = $value.into_future();
                let mut $slot = None;
            )+
            // What is declared last is dropped first.
            $(let mut $last = std::pin::pin!($last);)+
            std::future::poll_fn(|context| {
                let mut all = true;
                $(
                    if $slot.is_none() {
                        match $value.as_mut().poll(context) {
                            Poll::Ready(Ok(value)) => $slot = Some(value),
                            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                            Poll::Pending => all = false,
                        }
                    }
                )+
                if all { Poll::Ready(Ok(())) } else { Poll::Pending }
            })
            .await?;
            Ok(($($slot.expect("polled until every output is there"),)+))
        }
    )+};
}

try_joins! {
    try_join2(a A X x, b B Y y; b a);
    try_join3(a A X x, b B Y y, c C Z z; c b a);
    try_join4(a A X x, b B Y y, c C Z z, d D U u; d c b a);
    try_join5(a A X x, b B Y y, c C Z z, d D U u, e E V v; e d c b a);
    try_join6(a A X x, b B Y y, c C Z z, d D U u, e E V v, f F W w; f e d c b a);
}
