//! What a driven workflow sends to other workflows: signals, and requests to stop.

use std::fmt;

use perpetua_contract::WorkflowDefinition;
use perpetua_convert::{Arguments, DataConverter};
use perpetua_vocab::{
    CancelExternalWorkflowFailedCause, EventId, EventKind, ExternalWorkflowCancelRequested, ExternalWorkflowSignaled,
    Opaque, RequestCancelExternalWorkflowFailed, SignalExternalWorkflowFailed, SignalExternalWorkflowFailedCause,
    WorkflowId,
};

use super::Drive;
use super::book::{Content, Parcel};

/// A signal to another workflow, or a request to stop, that is on its way. Whether it arrives, the test decides with
/// [`Drive::deliver`] and [`Drive::return_to_sender`].
#[derive(Clone)]
pub struct Delivery {
    initiated: EventId,
    parcel: Parcel,
    converter: DataConverter,
}

impl Delivery {
    /// The workflow that it is for.
    pub fn workflow_id(&self) -> &WorkflowId {
        &self.parcel.to.workflow_id
    }

    /// The name of the signal; none for a request to stop.
    pub fn signal(&self) -> Option<&str> {
        match &self.parcel.what {
            Content::Signal(name, _) => Some(name.as_str()),
            Content::Cancel(_) => None,
        }
    }

    /// Why the other workflow is to stop; none for a signal.
    pub fn reason(&self) -> Option<&str> {
        match &self.parcel.what {
            Content::Signal(..) => None,
            Content::Cancel(reason) => Some(reason),
        }
    }

    /// Whether it is for children only.
    pub fn is_for_a_child(&self) -> bool {
        self.parcel.child_workflow_only
    }

    /// The arguments of the signal, as a tuple: `delivery.arguments::<(String,)>()`. A request to stop has none.
    ///
    /// # Panics
    /// When they are not of these types.
    #[track_caller]
    pub fn arguments<I: Arguments>(&self) -> I {
        let input = match &self.parcel.what {
            Content::Signal(_, input) => input.clone(),
            Content::Cancel(_) => Vec::new(),
        };
        match I::decode(input, self.converter.payloads()) {
            Ok(arguments) => arguments,
            Err(error) => panic!("the arguments of {self:?} cannot be read: {error}"),
        }
    }
}

impl<D: WorkflowDefinition> Drive<D> {
    /// What is on its way to other workflows, the earliest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        let delivery = |(initiated, parcel): (&EventId, &Parcel)| Delivery {
            initiated: *initiated,
            parcel: parcel.clone(),
            converter: self.converter().clone(),
        };
        self.machine.book.parcels.iter().map(delivery).collect()
    }

    /// It has reached the other workflow.
    #[track_caller]
    pub fn deliver(&mut self, delivery: Delivery) {
        let Parcel { to, what, .. } = self.hand_over(&delivery);
        let (namespace, initiated) = (self.machine.setup.namespace.clone(), delivery.initiated);
        self.tell(match what {
            Content::Signal(..) => EventKind::ExternalWorkflowSignaled(Box::new(ExternalWorkflowSignaled {
                namespace,
                execution: to,
                initiated,
                rest: Opaque::default(),
            })),
            Content::Cancel(_) => {
                EventKind::ExternalWorkflowCancelRequested(Box::new(ExternalWorkflowCancelRequested {
                    namespace,
                    execution: to,
                    initiated,
                    rest: Opaque::default(),
                }))
            }
        });
    }

    /// It has not reached the other workflow, because there is none of that id, or it has ended.
    #[track_caller]
    pub fn return_to_sender(&mut self, delivery: Delivery) {
        let Parcel { to, what, .. } = self.hand_over(&delivery);
        let (namespace, initiated) = (self.machine.setup.namespace.clone(), delivery.initiated);
        self.tell(match what {
            Content::Signal(..) => EventKind::SignalExternalWorkflowFailed(Box::new(SignalExternalWorkflowFailed {
                namespace,
                execution: to,
                cause: SignalExternalWorkflowFailedCause::WorkflowNotFound,
                initiated,
                rest: Opaque::default(),
            })),
            Content::Cancel(_) => {
                EventKind::RequestCancelExternalWorkflowFailed(Box::new(RequestCancelExternalWorkflowFailed {
                    namespace,
                    execution: to,
                    cause: CancelExternalWorkflowFailedCause::WorkflowNotFound,
                    initiated,
                    rest: Opaque::default(),
                }))
            }
        });
    }

    #[track_caller]
    fn hand_over(&mut self, delivery: &Delivery) -> Parcel {
        match self.machine.book.parcels.remove(&delivery.initiated) {
            Some(parcel) => parcel,
            None => self.fault(&format!("{delivery:?} is not on its way any more")),
        }
    }

    /// The request to stop that is on its way to this workflow.
    pub(super) fn cancel_for(&self, workflow_id: &str) -> Option<Delivery> {
        let is_it = |delivery: &Delivery| delivery.signal().is_none() && *delivery.workflow_id() == workflow_id;
        self.deliveries().into_iter().find(is_it)
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parcel.what {
            Content::Signal(name, _) => write!(f, "signal `{name}` to workflow {}", self.parcel.to.workflow_id),
            Content::Cancel(_) => write!(f, "the request to stop to workflow {}", self.parcel.to.workflow_id),
        }
    }
}
