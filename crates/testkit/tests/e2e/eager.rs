//! Activities that come back with the answer to the workflow task that asked for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use perpetua::prelude::*;
use perpetua_testkit::{Outcome, both_ways};

use crate::facts::count;

crate::recorded::replayed_with!(stamps);

/// A worker, as its activities see it.
struct Desk {
    name: &'static str,
    attempts: AtomicUsize,
}

impl Desk {
    fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self { name, attempts: AtomicUsize::new(0) })
    }
}

#[activities]
impl Desk {
    #[activity]
    async fn stamp(&self, number: u32) -> Result<(String, u32), ActivityError> {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        Ok((self.name.to_owned(), number))
    }
}

#[workflow]
async fn stamps(ctx: Ctx, rounds: u32) -> WorkflowResult<Vec<String>> {
    let mut desks = Vec::new();
    for round in 0..rounds {
        // As many as may come back with one answer.
        let stamps = (0..3).map(|number| ctx.activity(Desk::stamp(3 * round + number)).start_to_close(seconds(30)));
        for (number, stamped) in (3 * round..).zip(ctx.join_all(stamps).await) {
            let (desk, seen) = stamped?;
            assert_eq!(seen, number);
            desks.push(desk);
        }
    }
    Ok(desks)
}

#[tokio::test]
async fn activities_begin_where_the_workflow_ran_if_there_is_room() -> Outcome {
    both_ways(async |stage| {
        // Both could run the activities; only one runs the workflow.
        let (here, there) = (Desk::new("here"), Desk::new("there"));
        let worker = stage.worker().workflow(stamps).activities(Arc::clone(&here)).spawn()?;
        let other = stage.worker().activities(Arc::clone(&there)).spawn()?;
        let id = stage.id("stamps");
        let desks = stage.client().run(stamps(4)).task_queue(stage.task_queue()).id(&id).await?;
        assert_eq!(desks, ["here"; 12]);
        assert_eq!(there.attempts.load(Ordering::Relaxed), 0);
        let history = stage.history(&id).await?;
        assert_eq!(count(&history, "ActivityTaskScheduled"), 12);
        other.shutdown().await?;
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
