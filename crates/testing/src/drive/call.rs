//! What a driven workflow asks others to do (activities, local activities, child workflows), and what it is answered.

mod answer;

use std::fmt;
use std::marker::PhantomData;

use perpetua_contract::{
    ActivityDefinition, ActivityStub, NamedActivity, NamedWorkflow, WorkflowDefinition, WorkflowStub,
};
use perpetua_convert::{Arguments, DataConverter, RawValue};
use perpetua_vocab::Payloads;

use super::Drive;
use super::book::{Asked, Which};

/// A call that a driven workflow waits for: of an activity, a local activity or a child workflow. It takes the arguments
/// `I`, and is answered with an `O` or an error `E`.
pub struct Call<I, O, E> {
    which: Which,
    name: String,
    id: String,
    input: Payloads,
    is_to_stop: bool,
    converter: DataConverter,
    definition: Types<I, O, E>,
}

type Types<I, O, E> = PhantomData<fn() -> (I, O, E)>;

/// A call of the activity, or local activity, `D`.
pub type ActivityCalled<D> =
    Call<<D as ActivityDefinition>::Input, <D as ActivityDefinition>::Output, <D as ActivityDefinition>::Error>;

/// A call of the child workflow `D`.
pub type ChildCalled<D> =
    Call<<D as WorkflowDefinition>::Input, <D as WorkflowDefinition>::Output, <D as WorkflowDefinition>::Error>;

impl<I: Arguments, O, E> Call<I, O, E> {
    /// What it is called with, as a tuple.
    ///
    /// # Panics
    /// When the workflow has sent something else.
    #[track_caller]
    pub fn arguments(&self) -> I {
        match I::decode(self.input.clone(), self.converter.payloads()) {
            Ok(arguments) => arguments,
            Err(error) => panic!("the arguments of {self:?} cannot be read: {error}"),
        }
    }
}

impl<I, O, E> Call<I, O, E> {
    /// The name of the activity or the workflow.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the activity within the run, or of the child workflow.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the workflow had asked it to stop by the time that it was looked at.
    pub fn is_to_stop(&self) -> bool {
        self.is_to_stop
    }
}

impl<D: WorkflowDefinition> Drive<D> {
    /// The call of this activity that is not answered; the first, if there are several: `order.activity(charge)`.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn activity<A, S: ActivityStub<A>>(&self, stub: S) -> ActivityCalled<S::Definition> {
        let found = self.activities(stub).into_iter().next();
        self.some(found, "activity", <S::Definition as ActivityDefinition>::NAME)
    }

    /// All calls of this activity that are not answered, the first first.
    pub fn activities<A, S: ActivityStub<A>>(&self, _stub: S) -> Vec<ActivityCalled<S::Definition>> {
        let name = <S::Definition as ActivityDefinition>::NAME;
        self.calls(|which, asked| matches!(which, Which::Activity(_)) && asked.name == name)
    }

    /// The call of an activity that is known by its name only.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn activity_named(&self, name: &str) -> ActivityCalled<NamedActivity<Vec<RawValue>>> {
        let found = self.calls(|which, asked| matches!(which, Which::Activity(_)) && asked.name == name);
        self.some(found.into_iter().next(), "activity", name)
    }

    /// The call of this activity as a local one that is not answered; the first, if there are several.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn local_activity<A, S: ActivityStub<A>>(&self, stub: S) -> ActivityCalled<S::Definition> {
        let found = self.local_activities(stub).into_iter().next();
        self.some(found, "local activity", <S::Definition as ActivityDefinition>::NAME)
    }

    /// All calls of this activity as a local one that are not answered, the first first.
    pub fn local_activities<A, S: ActivityStub<A>>(&self, _stub: S) -> Vec<ActivityCalled<S::Definition>> {
        let name = <S::Definition as ActivityDefinition>::NAME;
        self.calls(|which, asked| matches!(which, Which::Local(_)) && asked.name == name)
    }

    /// The child workflow of this kind that has not ended; the first, if there are several: `order.child(Approval::run)`.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn child<A, S: WorkflowStub<A>>(&self, stub: S) -> ChildCalled<S::Definition> {
        let found = self.children(stub).into_iter().next();
        self.some(found, "child workflow", <S::Definition as WorkflowDefinition>::NAME)
    }

    /// All child workflows of this kind that have not ended, the first first.
    pub fn children<A, S: WorkflowStub<A>>(&self, _stub: S) -> Vec<ChildCalled<S::Definition>> {
        let name = <S::Definition as WorkflowDefinition>::NAME;
        self.calls(|which, asked| matches!(which, Which::Child(_)) && asked.name == name)
    }

    /// The child workflow that is known by its name only.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn child_named(&self, name: &str) -> ChildCalled<NamedWorkflow<Vec<RawValue>>> {
        let found = self.calls(|which, asked| matches!(which, Which::Child(_)) && asked.name == name);
        self.some(found.into_iter().next(), "child workflow", name)
    }

    fn calls<I, O, E>(&self, wanted: impl Fn(Which, &Asked) -> bool) -> Vec<Call<I, O, E>> {
        let calls = self.machine.book.calls.iter().filter(|(which, asked)| wanted(**which, asked));
        calls
            .map(|(which, asked)| Call {
                which: *which,
                name: asked.name.clone(),
                id: asked.id.clone(),
                input: asked.input.clone(),
                is_to_stop: asked.is_to_stop,
                converter: self.converter().clone(),
                definition: PhantomData,
            })
            .collect()
    }

    #[track_caller]
    fn some<T>(&self, found: Option<T>, kind: &str, name: &str) -> T {
        found.unwrap_or_else(|| {
            let waits = self.waits_in_words();
            self.fault(&format!("no call of {kind} `{name}` waits for an answer; {waits}"))
        })
    }
}

impl<I, O, E> Clone for Call<I, O, E> {
    fn clone(&self) -> Self {
        Self {
            which: self.which,
            name: self.name.clone(),
            id: self.id.clone(),
            input: self.input.clone(),
            is_to_stop: self.is_to_stop,
            converter: self.converter.clone(),
            definition: PhantomData,
        }
    }
}

impl<I, O, E> fmt::Debug for Call<I, O, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}` (id {})", self.which.kind(), self.name, self.id)
    }
}
