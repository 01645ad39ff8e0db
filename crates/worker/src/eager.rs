//! Eager activities: attempts that come back with the answer to the workflow task that asked for them.
//!
//! A worker that has slots to spare keeps some of them for an answer, and says with the commands that it did. What the
//! server hands back at once saves the way through the queue. Only what this worker could poll as well is asked for in this
//! way: activities of its own queue that it can run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use perpetua_proto::workflowservice::PollActivityTaskQueueResponse;
use perpetua_vocab::{Command, CommandKind, StartActivity};
use tokio::task::JoinSet;

use crate::activity::ActivityDesk;
use crate::calls::read_activity;
use crate::poll::Source;
use crate::slots::{Slot, Slots};

/// How many attempts may come back with one answer.
const MOST: usize = 3;

/// Runs the attempts that come back with answers, beside those that are polled.
#[derive(Debug)]
pub(crate) struct EagerActivities {
    desk: Arc<ActivityDesk>,
    slots: Slots,
    /// What runs; it ends when this is dropped.
    running: Mutex<JoinSet<()>>,
}

/// Slots that are kept for what may come back with an answer.
#[derive(Debug, Default)]
pub(crate) struct Kept(Vec<Slot>);

impl EagerActivities {
    pub(crate) fn new(desk: Arc<ActivityDesk>, slots: Slots) -> Self {
        Self { desk, slots, running: Mutex::default() }
    }

    /// Keeps slots for activities among the commands, as far as there are any, and marks the commands.
    pub(crate) fn ask(&self, commands: &mut [Command]) -> Kept {
        let mut kept = Kept::default();
        for Command { kind, .. } in commands {
            if kept.0.len() == MOST {
                break;
            }
            let CommandKind::StartActivity(start) = kind else { continue };
            if !self.can_run(start) {
                continue;
            }
            let Some(slot) = self.slots.try_take() else { break };
            kept.0.push(slot);
            *kind = CommandKind::StartActivityEagerly(start.clone());
        }
        kept
    }

    fn can_run(&self, start: &StartActivity) -> bool {
        // An activity without a queue goes to that of its workflow, which is ours.
        let is_ours = start.task_queue.is_empty() || start.task_queue == *self.desk.calls.task_queue();
        is_ours && self.desk.activities.contains(start.activity_type.as_str())
    }

    /// Runs what came back, in the slots that were kept. Those that are not needed are free again.
    pub(crate) fn run(&self, mut kept: Kept, tasks: Vec<PollActivityTaskQueueResponse>) {
        let mut running = self.running();
        // Those that have ended meanwhile need no place any more.
        while running.try_join_next().is_some() {}
        for task in tasks.into_iter().filter_map(read_activity) {
            let (desk, slots, slot) = (Arc::clone(&self.desk), self.slots.clone(), kept.0.pop());
            running.spawn(async move {
                // A server that hands out more than it was asked for has to wait.
                let slot = match slot {
                    Some(slot) => slot,
                    None => slots.take().await,
                };
                desk.perform(task, slot).await;
            });
        }
    }

    /// Waits for what runs. To be called when no more can come.
    pub(crate) async fn finish(&self) {
        let mut running = std::mem::take(&mut *self.running());
        while let Some(ended) = running.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the worker is broken: an eager activity panicked; please report it");
            }
        }
    }

    fn running(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
