//! What comes from outside of the history: clocks, randomness, threads, files.

use std::time::{Duration, Instant, SystemTime};

use perpetua::prelude::*;
use perpetua::testing::Check;

use crate::assert_found;

/// A workflow that does one thing that it must not do, and a test that finds it.
macro_rules! outside {
    ($($(#[$doc:meta])* $name:ident, $body:expr, $words:literal;)+) => {$(
        mod $name {
            use super::*;

            #[workflow]
            async fn mistaken(ctx: Ctx) -> WorkflowResult<()> {
                ctx.sleep(seconds(1)).await?;
                #[allow(clippy::let_unit_value)]
                let done = $body;
                std::hint::black_box(&done);
                Ok(())
            }

            $(#[$doc])*
            #[perpetua::test]
            async fn is_found(env: TestEnv) {
                env.worker().workflow(mistaken).start();
                env.run(mistaken()).await.expect_err("its task fails");
                assert_found(&env, Check::FailedTasks, $words);
                env.finish().await.expect("nothing more is found");
            }
        }
    )+};
}

outside! {
    /// The clock of the machine.
    the_clock, SystemTime::now(), "clock";
    /// The monotonic clock.
    a_stopwatch, Instant::now(), "clock";
    /// Randomness of the process.
    randomness, uuid::Uuid::new_v4(), "random";
    /// A thread.
    a_thread, std::thread::spawn(|| ()), "thread";
    /// A sleep that blocks the thread of all workflows.
    a_blocking_sleep, std::thread::sleep(Duration::from_millis(1)), "sleep";
    /// A variable of the environment.
    the_environment, std::env::var("HOME"), "environment";
    /// A file.
    a_file, std::fs::read_to_string("Cargo.toml"), "file";
    /// A connection.
    a_connection, std::net::TcpStream::connect("127.0.0.1:9"), "network";
    /// Another process.
    a_process, std::process::Command::new("true").spawn(), "process";
    /// A timer of tokio, which needs its runtime.
    a_timer_of_tokio, tokio::time::sleep(Duration::from_secs(1)).await, "tokio";
    /// A task of tokio.
    a_task_of_tokio, tokio::spawn(async {}), "runtime";
    /// A lock that somebody holds.
    a_lock_that_is_held, waits_for_a_lock(), "did not yield";
    /// Code that computes for ever.
    a_loop_without_end, computes_for_ever(), "did not yield";
}

fn waits_for_a_lock() {
    let (_sender, receiver) = std::sync::mpsc::channel::<()>();
    // Nothing comes. Whoever abandons the thread must not wait for it either.
    std::mem::forget(_sender);
    let _ = receiver.recv();
}

fn computes_for_ever() {
    let mut number = 0_u64;
    while std::hint::black_box(number) != u64::MAX {
        number = number.wrapping_add(2);
    }
}

mod a_channel_from_outside {
    use std::sync::{Mutex, PoisonError};

    use tokio::sync::oneshot;

    use super::*;

    static CHANNEL: Mutex<Option<oneshot::Receiver<u32>>> = Mutex::new(None);

    #[workflow]
    async fn listening(ctx: Ctx) -> WorkflowResult<u32> {
        let receiver = CHANNEL.lock().unwrap_or_else(PoisonError::into_inner).take();
        ctx.sleep(seconds(1)).await?;
        Ok(receiver.expect("there is a channel").await?)
    }

    /// Whoever sends into the channel is not in the history.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        let (sender, receiver) = oneshot::channel();
        *CHANNEL.lock().unwrap_or_else(PoisonError::into_inner) = Some(receiver);
        env.worker().workflow(listening).start();
        let handle = env.start(listening()).await.expect("it starts");
        env.sleep(seconds(2)).await.expect("time passes");
        sender.send(7).ok();
        handle.result().await.expect_err("its task fails");
        assert_found(&env, Check::FailedTasks, "awaits a future of another runtime, thread or channel");
        env.finish().await.expect("nothing more is found");
    }
}
