//! What is not the same when it is done again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use perpetua::prelude::*;
use perpetua::testing::Check;

use crate::{assert_found_at_the_end, note, note as noted};

mod the_order_of_a_hash_map {
    use super::*;

    #[workflow]
    async fn mistaken(ctx: Ctx) -> WorkflowResult<()> {
        let names: HashMap<_, _> = ["ann", "bob", "carol", "dave", "eve", "fred"].map(|name| (name, name.len())).into();
        #[allow(clippy::iter_over_hash_type)]
        for name in names.keys() {
            ctx.activity(note((*name).to_owned())).start_to_close(seconds(1)).await?;
        }
        Ok(())
    }

    /// Each map has an order of its own.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(mistaken).activity(note).start();
        env.run(mistaken()).await.expect("it seems to work");
        assert_found_at_the_end(env, Check::Replay, "It then waits for:\n  activity `note`").await;
    }
}

mod a_counter_of_the_program {
    use super::*;

    static COUNTER: AtomicU32 = AtomicU32::new(0);

    #[workflow]
    async fn mistaken(ctx: Ctx) -> WorkflowResult<u32> {
        ctx.sleep(seconds(1)).await?;
        Ok(COUNTER.fetch_add(1, Ordering::Relaxed))
    }

    /// The result depends on how often the program has run it.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(mistaken).start();
        env.run(mistaken()).await.expect("it seems to work");
        assert_found_at_the_end(env, Check::Replay, "its result was 0, and is").await;
    }
}

mod something_done_once_a_process {
    use super::*;

    static DONE: AtomicBool = AtomicBool::new(false);

    #[workflow]
    async fn mistaken(ctx: Ctx) -> WorkflowResult<()> {
        if !DONE.swap(true, Ordering::Relaxed) {
            ctx.activity(noted("once".to_owned())).start_to_close(seconds(1)).await?;
        }
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }

    /// A second worker, or the same one later, would not do it.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(mistaken).activity(noted).start();
        env.run(mistaken()).await.expect("it seems to work");
        assert_found_at_the_end(env, Check::Replay, "start_activity  name=note").await;
    }
}

mod state_beside_the_workflow {
    use super::*;

    static SEEN: AtomicU32 = AtomicU32::new(0);

    #[derive(Default)]
    struct Mistaken;

    #[workflow]
    impl Mistaken {
        #[run]
        async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
            SEEN.fetch_add(1, Ordering::Relaxed);
            ctx.sleep(seconds(1)).await?;
            SEEN.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }

        #[query]
        fn seen(&self) -> u32 {
            SEEN.load(Ordering::Relaxed)
        }
    }

    /// What a query shows is not what the history has led to.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(Mistaken::run).start();
        env.run(Mistaken::run()).await.expect("it seems to work");
        assert_found_at_the_end(env, Check::Replay, "query `seen` is answered with").await;
    }
}

mod addresses_of_memory {
    use super::*;

    #[workflow]
    async fn mistaken(ctx: Ctx) -> WorkflowResult<String> {
        let boxes: Vec<_> = (0..8).map(Box::new).collect();
        ctx.sleep(seconds(1)).await?;
        Ok(format!("{:p} {:p}", boxes[0], boxes[7]))
    }

    /// An address is another one each time.
    #[perpetua::test]
    async fn is_found(env: TestEnv) {
        env.worker().workflow(mistaken).start();
        env.run(mistaken()).await.expect("it seems to work");
        assert_found_at_the_end(env, Check::Replay, "its result was").await;
    }
}
