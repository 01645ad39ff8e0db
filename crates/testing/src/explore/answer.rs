//! Answers that activities and child workflows may give.

use perpetua_contract::{ActivityDefinition, ActivityStub, WorkflowDefinition, WorkflowStub};

use crate::drive::{ActivityCalled, ChildCalled, Drive};

/// The ids of the calls that an answer could be given to.
type Pending<D> = Box<dyn Fn(&Drive<D>) -> Vec<String>>;
/// Gives an answer to the call of this id.
type Give<D> = Box<dyn Fn(&mut Drive<D>, &str)>;

/// One answer to the calls of an activity or a child workflow.
pub(super) struct Answer<D> {
    label: String,
    pending: Pending<D>,
    give: Give<D>,
}

impl<D: WorkflowDefinition> Answer<D> {
    pub(super) fn of_activity<A, S: ActivityStub<A> + Copy + 'static>(
        number: usize,
        stub: S,
        what: &str,
        answer: impl Fn(&mut Drive<D>, ActivityCalled<S::Definition>) + 'static,
    ) -> Self {
        let calls = move |run: &Drive<D>| {
            let mut calls = run.activities(stub);
            calls.extend(run.local_activities(stub));
            calls
        };
        Self {
            label: label(S::Definition::NAME, what, number),
            pending: Box::new(move |run| calls(run).iter().map(|call| call.id().to_owned()).collect()),
            give: Box::new(move |run, id| {
                if let Some(call) = calls(run).into_iter().find(|call| call.id() == id) {
                    answer(run, call);
                }
            }),
        }
    }

    pub(super) fn of_child<A, S: WorkflowStub<A> + Copy + 'static>(
        number: usize,
        stub: S,
        what: &str,
        answer: impl Fn(&mut Drive<D>, ChildCalled<S::Definition>) + 'static,
    ) -> Self {
        let pending = move |run: &Drive<D>| run.children(stub).iter().map(|call| call.id().to_owned()).collect();
        Self {
            label: label(S::Definition::NAME, what, number),
            pending: Box::new(pending),
            give: Box::new(move |run, id| {
                if let Some(call) = run.children(stub).into_iter().find(|call| call.id() == id) {
                    answer(run, call);
                }
            }),
        }
    }

    pub(super) fn label(&self) -> &str {
        &self.label
    }

    pub(super) fn pending(&self, run: &Drive<D>) -> Vec<String> {
        (self.pending)(run)
    }

    pub(super) fn give(&self, run: &mut Drive<D>, id: &str) {
        (self.give)(run, id);
    }
}

/// The number tells answers of the same words apart.
fn label(name: &str, what: &str, number: usize) -> String {
    format!("{name} {what} ({})", number + 1)
}
