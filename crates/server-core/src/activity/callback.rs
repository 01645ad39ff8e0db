//! Who is told when an activity that a client has started is over.

use perpetua_proto::activity::CallbackInfo;
use perpetua_proto::activity::activity_execution_outcome::Value;
use perpetua_proto::activity::callback_info::{ActivityClosed, Trigger, trigger};
use perpetua_proto::enums::ActivityExecutionStatus as Status;

use super::Activity;
use crate::nexus::Outcome;
use crate::run::callback::Completion;
use crate::time::Time;

impl Activity {
    /// What there is to tell, once it is over.
    pub(crate) fn completion(&self) -> Option<Completion> {
        let outcome = match &self.outcome.as_ref()?.value {
            Some(Value::Failure(failure)) if self.status() == Status::Canceled => {
                Outcome::Canceled(Box::new(failure.clone()))
            }
            Some(Value::Failure(failure)) => Outcome::Failed(Box::new(failure.clone())),
            Some(Value::Result(result)) => Outcome::completed(result.payloads.first().cloned()),
            None => Outcome::completed(None),
        };
        Some(Completion { outcome, start_time: Time::from_nanos(self.start_time), links: vec![self.link()] })
    }

    /// Who is told of its end, as descriptions show them.
    pub(super) fn callback_infos(&self) -> Vec<CallbackInfo> {
        let closed = || Trigger { variant: Some(trigger::Variant::ActivityClosed(ActivityClosed {})) };
        let infos = self.callbacks.iter().map(|it| CallbackInfo { trigger: Some(closed()), info: Some(it.info()) });
        infos.collect()
    }
}
