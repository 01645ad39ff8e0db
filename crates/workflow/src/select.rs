//! Waiting for the first of several futures, in an order that every replay repeats.

use std::future::{Future, IntoFuture};
use std::task::Poll;

/// Waits for the first of its futures and runs the code beside it. The futures are polled in the order in which they are
/// written: if two are done, the upper one wins. The others are dropped before the code runs, and what they had started
/// is canceled: no timer and no activity is left behind.
///
/// ```
/// # use std::time::Duration;
/// # use perpetua_convert::WorkflowResult;
/// # use perpetua_workflow::{Ctx, State, select};
/// # async fn example(ctx: Ctx, paid: State<bool>) -> WorkflowResult<&'static str> {
/// let status = select! {
///     waited = ctx.wait_until(|| paid.get()) => {
///         waited?;
///         "paid"
///     }
///     slept = ctx.sleep(Duration::from_secs(3 * 24 * 60 * 60)) => {
///         slept?;
///         "expired"
///     }
/// };
/// # Ok(status)
/// # }
/// ```
///
/// The code may `return`, `break` and use `?`. To keep a future beyond the `select!`, start it and pass it by `&mut`; once
/// it is done, do not await it again.
#[macro_export]
macro_rules! select {
    ($($tokens:tt)*) => { $crate::__select!(() $($tokens)*) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    // One branch a step: `pattern = future => { block }` needs no comma, `=> expression` does, but for the last.
    (($($done:tt)*) $pattern:pat = $future:expr => $body:block , $($rest:tt)*) => {
        $crate::__select!(($($done)* [$pattern, $future, $body]) $($rest)*)
    };
    (($($done:tt)*) $pattern:pat = $future:expr => $body:block $($rest:tt)*) => {
        $crate::__select!(($($done)* [$pattern, $future, $body]) $($rest)*)
    };
    (($($done:tt)*) $pattern:pat = $future:expr => $body:expr , $($rest:tt)*) => {
        $crate::__select!(($($done)* [$pattern, $future, $body]) $($rest)*)
    };
    (($($done:tt)*) $pattern:pat = $future:expr => $body:expr) => {
        $crate::__select!(($($done)* [$pattern, $future, $body]))
    };
    (([$p1:pat, $f1:expr, $b1:expr])) => {{
        let first = ::core::future::IntoFuture::into_future($f1).await;
        match first {
            $p1 => $b1,
        }
    }};
    (([$p1:pat, $f1:expr, $b1:expr] [$p2:pat, $f2:expr, $b2:expr])) => {{
        let first = $crate::__private::select2($f1, $f2).await;
        match first {
            $crate::__private::Select2::A($p1) => $b1,
            $crate::__private::Select2::B($p2) => $b2,
        }
    }};
    (([$p1:pat, $f1:expr, $b1:expr] [$p2:pat, $f2:expr, $b2:expr] [$p3:pat, $f3:expr, $b3:expr])) => {{
        let first = $crate::__private::select3($f1, $f2, $f3).await;
        match first {
            $crate::__private::Select3::A($p1) => $b1,
            $crate::__private::Select3::B($p2) => $b2,
            $crate::__private::Select3::C($p3) => $b3,
        }
    }};
    (([$p1:pat, $f1:expr, $b1:expr] [$p2:pat, $f2:expr, $b2:expr] [$p3:pat, $f3:expr, $b3:expr]
      [$p4:pat, $f4:expr, $b4:expr])) => {{
        let first = $crate::__private::select4($f1, $f2, $f3, $f4).await;
        match first {
            $crate::__private::Select4::A($p1) => $b1,
            $crate::__private::Select4::B($p2) => $b2,
            $crate::__private::Select4::C($p3) => $b3,
            $crate::__private::Select4::D($p4) => $b4,
        }
    }};
    (([$p1:pat, $f1:expr, $b1:expr] [$p2:pat, $f2:expr, $b2:expr] [$p3:pat, $f3:expr, $b3:expr]
      [$p4:pat, $f4:expr, $b4:expr] [$p5:pat, $f5:expr, $b5:expr])) => {{
        let first = $crate::__private::select5($f1, $f2, $f3, $f4, $f5).await;
        match first {
            $crate::__private::Select5::A($p1) => $b1,
            $crate::__private::Select5::B($p2) => $b2,
            $crate::__private::Select5::C($p3) => $b3,
            $crate::__private::Select5::D($p4) => $b4,
            $crate::__private::Select5::E($p5) => $b5,
        }
    }};
    (([$p1:pat, $f1:expr, $b1:expr] [$p2:pat, $f2:expr, $b2:expr] [$p3:pat, $f3:expr, $b3:expr]
      [$p4:pat, $f4:expr, $b4:expr] [$p5:pat, $f5:expr, $b5:expr] [$p6:pat, $f6:expr, $b6:expr])) => {{
        let first = $crate::__private::select6($f1, $f2, $f3, $f4, $f5, $f6).await;
        match first {
            $crate::__private::Select6::A($p1) => $b1,
            $crate::__private::Select6::B($p2) => $b2,
            $crate::__private::Select6::C($p3) => $b3,
            $crate::__private::Select6::D($p4) => $b4,
            $crate::__private::Select6::E($p5) => $b5,
            $crate::__private::Select6::F($p6) => $b6,
        }
    }};
    (()) => { ::core::compile_error!("`select!` needs at least one branch: `value = future => expression,`") };
    (($($done:tt)*)) => { ::core::compile_error!("`select!` takes up to 6 branches; nest another one for more") };
    (($($done:tt)*) $($rest:tt)+) => {
        ::core::compile_error!("a branch of `select!` is `value = future => expression,`")
    };
}

macro_rules! selects {
    ($($name:ident $output:ident($($value:ident $variant:ident),+; $($last:ident)+);)+) => {$(
        /// Which future was first, with its output.
        #[derive(Debug)]
        pub enum $output<$($variant),+> {
            $(
                /// This one.
                $variant($variant),
            )+
        }

        /// Polls each future in turn until one is done, and drops the others in the same order.
        pub async fn $name<$($variant: IntoFuture),+>($($value: $variant),+) -> $output<$($variant::Output),+> {
            $(let $value = $value.into_future();)+
            // What is declared last is dropped first.
            $(let mut $last = std::pin::pin!($last);)+
            std::future::poll_fn(|context| {
                $(
                    if let Poll::Ready(value) = $value.as_mut().poll(context) {
                        return Poll::Ready($output::$variant(value));
                    }
                )+
                Poll::Pending
            })
            .await
        }
    )+};
}

selects! {
    select2 Select2(a A, b B; b a);
    select3 Select3(a A, b B, c C; c b a);
    select4 Select4(a A, b B, c C, d D; d c b a);
    select5 Select5(a A, b B, c C, d D, e E; e d c b a);
    select6 Select6(a A, b B, c C, d D, e E, f F; f e d c b a);
}
