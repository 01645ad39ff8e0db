//! What a test says of a mock, and asks of it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use perpetua_contract::{ActivityDefinition, WorkflowDefinition};
use perpetua_convert::{Arguments, CallError, DataConverter, Value};
use perpetua_vocab::WorkflowExecution;

use super::call::list;
use super::core::{Condition, Core, impossible};
use super::reply::{Decision, Reply};
use super::{Answer, Call, MockFunction, Received};

/// What stands in the place of an activity or a workflow: what it answers, and what it was called with. Made by
/// [`TestEnv::mock`](crate::TestEnv::mock) and [`TestEnv::mock_workflow`](crate::TestEnv::mock_workflow); clones are the
/// same mock.
///
/// ```text
/// let withdraw = env
///     .mock(Bank::withdraw)
///     .when(|_, cents, _| *cents > 100_000)
///     .answer(|_, cents, _| Err(BankError::InsufficientFunds { available: 0, needed: cents }))
///     .once(|_, _, _| Err(BankError::Down))
///     .after(days(2))
///     .answer(|_, _, booking| Ok(booking));
/// ```
///
/// A mock has a list of answers. A call gets the first one whose [condition](Self::when) holds and that is not used up;
/// `when` and `after` are about the answer that follows them. A call that no answer is for fails the test, with its
/// arguments; so does a closure that panics. The closures run when the call is made, in the worker; they take its
/// arguments and return what the activity or the workflow declares, or a [`Reply`].
pub struct Mock<M: Mocked> {
    core: Arc<Core<M::Input>>,
    when: Option<Condition<M::Input>>,
    after: Option<Duration>,
    mocked: PhantomData<fn() -> M>,
}

/// A mock of an activity.
pub type ActivityMock<D> = Mock<OfActivity<D, <D as ActivityDefinition>::Input>>;

/// A mock of a workflow.
pub type WorkflowMock<D> = Mock<OfWorkflow<D, <D as WorkflowDefinition>::Input>>;

/// Something that can be mocked: an activity or a workflow.
pub trait Mocked: 'static {
    /// Its arguments.
    type Input: Arguments;
    /// What it returns.
    type Output: Value;
    /// What it throws.
    type Error: CallError;
}

/// An activity `D` with the arguments `I`, as something that can be mocked.
#[derive(Debug)]
pub struct OfActivity<D, I>(PhantomData<fn() -> (D, I)>);

/// A workflow `D` with the arguments `I`, as something that can be mocked.
#[derive(Debug)]
pub struct OfWorkflow<D, I>(PhantomData<fn() -> (D, I)>);

impl<D: ActivityDefinition<Input = I>, I: Arguments> Mocked for OfActivity<D, I> {
    type Input = I;
    type Output = D::Output;
    type Error = D::Error;
}

impl<D: WorkflowDefinition<Input = I>, I: Arguments> Mocked for OfWorkflow<D, I> {
    type Input = I;
    type Output = D::Output;
    type Error = D::Error;
}

impl<M: Mocked> Mock<M> {
    pub(crate) fn new(core: Arc<Core<M::Input>>) -> Self {
        Self { core, when: None, after: None, mocked: PhantomData }
    }

    /// The answer that follows comes so much later, by the clock of the world: the call is open for that long, and time
    /// skips over it. Asked to stop meanwhile, it ends as canceled; a deadline that is shorter passes.
    pub fn after(mut self, time: Duration) -> Self {
        self.after = Some(time);
        self
    }

    /// Finds fault at the end of the test with what was not called: each answer must have been given, one that is to be
    /// given a number of times that often.
    pub fn required(self) -> Self {
        self.core.require();
        self
    }

    /// Every call so far, in order, attempts that are tried again among them.
    ///
    /// # Panics
    /// When the arguments of a call cannot be read a second time.
    #[track_caller]
    pub fn calls(&self) -> Vec<Call<M::Input>> {
        let converter = self.core.world.upgrade().map(|world| world.client.converter().clone()).unwrap_or_default();
        let read = |recorded: super::call::Recorded| match M::Input::decode(recorded.payloads, converter.payloads()) {
            Ok(arguments) => {
                Call { arguments, attempt: recorded.attempt, time: recorded.time, workflow: recorded.workflow }
            }
            Err(error) => panic!("the arguments of a call of {} cannot be read again: {error}", self.core.described()),
        };
        self.core.calls().into_iter().map(read).collect()
    }

    /// How often it was called so far, attempts that are tried again among them.
    pub fn call_count(&self) -> usize {
        self.core.calls().len()
    }

    /// Whether it was called so often.
    ///
    /// # Panics
    /// When it was not; the message lists its calls.
    #[track_caller]
    pub fn assert_called(&self, times: usize) {
        let calls = self.core.calls();
        let described = self.core.described();
        assert!(
            calls.len() == times,
            "{described} was called {} times, not {times}:{}",
            calls.len(),
            list(self.core.name, &calls)
        );
    }

    /// Whether it was called with these arguments, once or more often. They are a tuple: `("ann".to_owned(), 2_500)`.
    ///
    /// # Panics
    /// When it was not; the message lists its calls.
    #[track_caller]
    pub fn assert_called_with(&self, arguments: M::Input)
    where
        M::Input: PartialEq + fmt::Debug,
    {
        let found = self.calls().iter().any(|call| call.arguments == arguments);
        assert!(
            found,
            "{} was not called with {arguments:?}:{}",
            self.core.described(),
            list(self.core.name, &self.core.calls())
        );
    }

    fn add<F>(mut self, times: Option<usize>, answer: F) -> Self
    where
        F: Fn(M::Input) -> Reply<M::Output, M::Error> + Send + Sync + 'static,
    {
        let after = self.after.take();
        let decide = move |input, converter: &DataConverter| {
            let mut reply = answer(input);
            reply.after = reply.after.or(after);
            Decision::of(reply, converter).unwrap_or_else(|error| {
                Decision::fail(impossible(&format!("the answer of a mock cannot be encoded: {error}")))
            })
        };
        self.core.add(self.when.take(), times, Arc::new(decide));
        self
    }

    /// The answer to every call that no earlier one is for.
    pub(crate) fn answer_by(self, function: impl MockFunction<M::Input, M::Output, M::Error>) -> Self {
        self.add(None, move |input| function.call(input))
    }
}

impl<D: WorkflowDefinition<Input = I>, I: Arguments> Mock<OfWorkflow<D, I>> {
    /// The signals that its runs were sent, in the order in which they came.
    pub fn signals(&self) -> Vec<Received> {
        self.core.signals()
    }

    /// The runs that were asked to stop while they were open, and did.
    pub fn canceled(&self) -> Vec<WorkflowExecution> {
        self.core.canceled()
    }
}

macro_rules! answers {
    ($(($($value:ident),*))+) => {$(
        answers! { @of OfActivity ActivityDefinition ($($value),*) }
        answers! { @of OfWorkflow WorkflowDefinition ($($value),*) }
    )+};
    (@of $of:ident $definition:ident ($($value:ident),*)) => {
        #[allow(non_snake_case)]
        impl<Definition, $($value),*> Mock<$of<Definition, ($($value,)*)>>
        where
            Definition: $definition<Input = ($($value,)*)>,
            $($value: Value,)*
        {
            /// The answer that follows is only for calls with such arguments; it looks at them by reference.
            pub fn when(mut self, condition: impl Fn($(&$value),*) -> bool + Send + Sync + 'static) -> Self {
                self.when = Some(Arc::new(move |($($value,)*): &($($value,)*)| condition($($value),*)));
                self
            }

            /// Answers every call that no earlier answer is for, as often as there are any.
            pub fn answer<R>(self, answer: impl Fn($($value),*) -> R + Send + Sync + 'static) -> Self
            where
                R: Answer<Definition::Output, Definition::Error>,
            {
                self.add(None, move |($($value,)*)| answer($($value),*).into_reply())
            }

            /// Answers one call; the next one gets what follows.
            pub fn once<R>(self, answer: impl Fn($($value),*) -> R + Send + Sync + 'static) -> Self
            where
                R: Answer<Definition::Output, Definition::Error>,
            {
                self.times(1, answer)
            }

            /// Answers so many calls; the next one gets what follows.
            pub fn times<R>(self, times: usize, answer: impl Fn($($value),*) -> R + Send + Sync + 'static) -> Self
            where
                R: Answer<Definition::Output, Definition::Error>,
            {
                self.add(Some(times), move |($($value,)*)| answer($($value),*).into_reply())
            }
        }
    };
}

answers! { () (A) (A, B) (A, B, C) (A, B, C, E) (A, B, C, E, G) (A, B, C, E, G, H) (A, B, C, E, G, H, I) (A, B, C, E, G, H, I, J) }

impl<M: Mocked> Clone for Mock<M> {
    fn clone(&self) -> Self {
        Self { core: Arc::clone(&self.core), when: self.when.clone(), after: self.after, mocked: PhantomData }
    }
}

impl<M: Mocked> fmt::Debug for Mock<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mock({}){}", self.core.described(), list(self.core.name, &self.core.calls()))
    }
}
