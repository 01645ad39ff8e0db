//! Attempts of activities that are open although nobody works on them.
//!
//! An attempt in the hands of a worker keeps skipped time from passing: its code may take a while by the clock on the wall.
//! Where nothing is computed, and the attempt only stands for something that takes days, its worker says so and waits here;
//! time passes as if it were not there.
//!
//! ```text
//! started --linger_over--> open, without holding time --+-- the time has come ---> started, and holds time again
//!                                                       +-- asked to stop -------> the same
//!                                                       `-- over in another way -> nobody waits for it
//! ```

use perpetua_proto::enums::TimeoutType;

use crate::attempt::AttemptEnd;
use crate::token::TaskToken;
use crate::world::{Alarm, CallId, RunNumber, Waiting};
use crate::{Answer, Refusal, Reply, Time, World};

/// Why an attempt does not linger any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lingered {
    /// The time that was given has come.
    TimeCame,
    /// The activity was asked to stop.
    CancelRequested,
    /// The attempt is over: it timed out, or its workflow is closed.
    Over,
}

impl World {
    /// Lets a started attempt of a workflow's activity be open until this time, or without end, and hold no time meanwhile.
    ///
    /// # Errors
    /// When the token names no attempt that a worker has.
    pub fn linger_over(&mut self, call: CallId, token: &[u8], until: Option<Time>) -> Answer<()> {
        let (number, token) = self.started_attempt(token)?;
        if until.is_some_and(|until| until <= self.now) {
            self.cx().reply(call, Ok(Reply::Lingered(Lingered::TimeCame)));
            return Ok(());
        }
        self.calls.insert(call, Waiting::Linger(number));
        self.alarms.set(Alarm::Sleeper(call), until);
        self.attend(number, |run, _| run.let_linger(call, token));
        self.tell_lingering(number);
        Ok(())
    }

    /// Ends a started attempt of a workflow's activity as if this deadline had passed.
    ///
    /// # Errors
    /// When the token names no attempt that a worker has.
    pub fn time_out_attempt(&mut self, token: &[u8], kind: TimeoutType) -> Answer<()> {
        let (number, token) = self.started_attempt(token)?;
        self.with(number, |run, cx| run.end_activity_attempt(cx, token.scheduled, AttemptEnd::TimedOut(kind), ""));
        self.settle();
        Ok(())
    }

    fn started_attempt(&self, token: &[u8]) -> Answer<(RunNumber, TaskToken)> {
        let token = TaskToken::read(token, self.server)?;
        let run = self.run_of_id(&token.namespace, &token.run_id);
        match run.filter(|run| run.started_activity(&token).is_some()) {
            Some(run) => Ok((run.number, token)),
            None => Err(Refusal::not_found("no worker has this attempt of an activity of a workflow")),
        }
    }

    /// Ends the lingering of one attempt, whose call is answered otherwise.
    pub(crate) fn stop_lingering(&mut self, call: CallId) {
        if let Some(Waiting::Linger(number)) = self.calls.get(&call) {
            let number = *number;
            self.attend(number, |run, _| run.live.lingering.retain(|lingering| lingering.call != call));
        }
        self.alarms.set(Alarm::Sleeper(call), None);
    }

    /// Tells those that linger what became of their attempts.
    fn tell_lingering(&mut self, number: RunNumber) {
        let told = self.attend(number, crate::run::Run::tell_lingering).unwrap_or_default();
        for call in told {
            self.alarms.set(Alarm::Sleeper(call), None);
        }
    }
}
