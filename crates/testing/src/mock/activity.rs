//! Mocked activities, as a worker runs them.

use std::sync::Arc;
use std::time::Duration;

use perpetua_contract::ActivityDefinition;
use perpetua_convert::{Arguments, Canceled, RawValue};
use perpetua_proto::enums::TimeoutType;
use perpetua_server::Lingered;
use perpetua_vocab::{FailureInfo, Payload, TimeoutKind};
use perpetua_worker::{Activities, ActivityContext, ActivityExecution, CancelReason};
use tokio::time::{Instant, sleep, sleep_until};

use super::core::{Asked, Core};
use super::reply::{Decision, Thrown, reported};
use crate::env::Inner;

/// How often an attempt that stays open where time does not skip asks whether it should stop.
const PERIOD: Duration = Duration::from_secs(1);

/// Any activity, as the worker sees a mocked one.
struct Untyped;

impl ActivityDefinition for Untyped {
    const NAME: &'static str = "";
    type Input = Vec<RawValue>;
    type Output = RawValue;
    type Error = Thrown;
}

pub(super) fn register<I: Arguments>(core: &Arc<Core<I>>, activities: &mut Activities) {
    let core = Arc::clone(core);
    let name = core.name;
    let execute = move |ctx: ActivityContext, input: Vec<RawValue>| {
        let core = Arc::clone(&core);
        ActivityExecution::running(async move { attempt(&core, &ctx, input).await })
    };
    activities.replace::<Untyped>(execute, name);
}

async fn attempt<I: Arguments>(
    core: &Core<I>,
    ctx: &ActivityContext,
    input: Vec<RawValue>,
) -> Result<RawValue, Thrown> {
    let Some(world) = core.world.upgrade() else { return Err(Canceled::because("the test is over").into()) };
    let info = ctx.info();
    let asked = Asked {
        payloads: input.into_iter().map(Payload::from).collect(),
        attempt: info.attempt,
        time: world.now(),
        workflow: info.workflow_execution.clone(),
    };
    let mut decision = core.decide(asked, ctx.client().converter());
    let stays_open = decision.after.is_some() || decision.end.is_none();
    if stays_open && info.is_local() {
        let message = format!(
            "{} is called as a local activity, which runs while its workflow is at work, when no time passes; so its mock \
             can answer neither later nor never",
            core.described()
        );
        decision = core.object(&info.workflow_execution, &message);
    }
    let Decision { after, end } = decision;
    if after.is_some() || end.is_none() {
        // What never ends does not end after some time either.
        let after = end.as_ref().and(after);
        stay_open(&world, ctx, after).await?;
    }
    match end {
        Some(Err(failure)) => {
            if let FailureInfo::Timeout { kind, .. } = &failure.info {
                time_out(&world, ctx, *kind).await?;
            }
            reported(Err(failure))
        }
        Some(end) => reported(end),
        None => Err(Canceled::because("the mock never ends by itself").into()),
    }
}

/// Lets the attempt time out: a worker cannot say so, only the server can. One that is elsewhere takes its time.
///
/// # Errors
/// When it has timed out.
async fn time_out(world: &Inner, ctx: &ActivityContext, kind: TimeoutKind) -> Result<(), Thrown> {
    let info = ctx.info();
    if info.is_local() {
        return Ok(());
    }
    let kind = match kind {
        TimeoutKind::ScheduleToStart => TimeoutType::ScheduleToStart,
        TimeoutKind::ScheduleToClose => TimeoutType::ScheduleToClose,
        TimeoutKind::Heartbeat => TimeoutType::Heartbeat,
        _ => TimeoutType::StartToClose,
    };
    match &world.server {
        // Whether it worked is of no interest: either way nobody waits for the attempt.
        Some(server) => drop(server.time_out_attempt(&info.task_token.0, kind).await),
        None => drop(ctx.canceled().await),
    }
    Err(Canceled::from(CancelReason::TimedOut).into())
}

/// Keeps the attempt open so long, or without end.
///
/// # Errors
/// When it should stop.
async fn stay_open(world: &Inner, ctx: &ActivityContext, after: Option<Duration>) -> Result<(), Thrown> {
    let stop = |reason: CancelReason| Err(Thrown::from(Canceled::from(reason)));
    let Some(server) = &world.server else {
        tokio::select! {
            reason = ctx.canceled() => return stop(reason),
            () = beat(ctx, after) => return Ok(()),
        }
    };
    let until = after.map(|after| world.now() + after);
    let token = &ctx.info().task_token.0;
    let lingered = tokio::select! {
        reason = ctx.canceled() => return stop(reason),
        lingered = server.linger(token, until) => lingered,
    };
    match lingered {
        Ok(Lingered::TimeCame) => Ok(()),
        Ok(Lingered::CancelRequested) => {
            // The answer to it says so, as to any activity.
            ctx.heartbeat(());
            stop(ctx.canceled().await)
        }
        Ok(Lingered::Over) | Err(_) => stop(CancelReason::Gone),
    }
}

/// Heartbeats until the time is over.
async fn beat(ctx: &ActivityContext, after: Option<Duration>) {
    let end = after.map(|after| Instant::now() + after);
    loop {
        let next = Instant::now() + PERIOD;
        ctx.heartbeat(());
        match end {
            Some(end) if end <= next => return sleep_until(end).await,
            _ => sleep(PERIOD).await,
        }
    }
}
