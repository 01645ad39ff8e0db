//! What the attributes generate for callers, written by hand, to prove that the traits suffice.

use perpetua_contract::{
    Activity, ActivityCall, ActivityDefinition, ActivityStub, QueryCall, QueryTarget, Returned, SignalCall,
    SignalTarget, UpdateCall, UpdateTarget, Workflow, WorkflowCall, WorkflowDefinition, WorkflowReturned, WorkflowStub,
};
use perpetua_convert::{
    AnyError, Arguments, CallError, Canceled, DataConverter, RawValue, ReturnedError, Value, WorkflowError,
    WorkflowResult,
};

// `#[activity]` on functions of several numbers of arguments.

macro_rules! activities {
    ($($stub:ident $definition:ident($($argument:ident: $kind:ty),*);)+) => {$(
        struct $definition;

        impl ActivityDefinition for $definition {
            const NAME: &'static str = stringify!($stub);
            type Input = ($($kind,)*);
            type Output = ();
            type Error = AnyError;
        }

        #[allow(clippy::too_many_arguments)]
        fn $stub($($argument: $kind),*) -> ActivityCall<$definition> {
            ActivityCall::new(($($argument,)*))
        }
    )+};
}

activities! {
    none None_();
    one One(a: u8);
    two Two(a: u8, b: String);
    three Three(a: u8, b: u8, c: u8);
    four Four(a: u8, b: u8, c: u8, d: u8);
    five Five(a: u8, b: u8, c: u8, d: u8, e: u8);
    six Six(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8);
    seven Seven(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8);
    eight Eight(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: Option<u8>);
}

// `#[workflow] impl Approval` with a message of each kind.

struct Approval;

impl Approval {
    fn run(order: String, urgent: bool) -> WorkflowCall<Self> {
        WorkflowCall::new((order, urgent))
    }

    fn approve(by: String) -> SignalCall<Self, (String,)> {
        SignalCall::new("approve", (by,))
    }

    fn approver() -> QueryCall<Self, (), Option<String>> {
        QueryCall::new("approver", ())
    }

    fn note(text: String) -> UpdateCall<Self, (String,), usize, AnyError> {
        UpdateCall::new("note", (text,))
    }
}

impl WorkflowDefinition for Approval {
    const NAME: &'static str = "Approval";
    type Input = (String, bool);
    type Output = u64;
    type Error = AnyError;
    type Handle<T> = ApprovalHandle<T>;

    fn handle<T>(target: T) -> ApprovalHandle<T> {
        ApprovalHandle(target)
    }
}

struct ApprovalHandle<T>(T);

impl<T> ApprovalHandle<T> {
    fn approve(&self, by: String) -> T::Signal
    where
        T: SignalTarget<Approval>,
    {
        self.0.signal(Approval::approve(by))
    }

    fn approver(&self) -> T::Query<Option<String>>
    where
        T: QueryTarget<Approval>,
    {
        self.0.query(Approval::approver())
    }

    fn note(&self, text: String) -> T::Update<usize, AnyError>
    where
        T: UpdateTarget<Approval>,
    {
        self.0.update(Approval::note(text))
    }
}

// Something that delivers: it only says what it was given.

struct Printer;

fn print<I: Arguments>(name: &str, input: &I) -> String {
    let payloads = input.encode(DataConverter::default().payloads()).unwrap();
    let arguments: Vec<_> = payloads.iter().map(|payload| String::from_utf8_lossy(&payload.data)).collect();
    format!("{name}({})", arguments.join(", "))
}

impl<D: WorkflowDefinition> SignalTarget<D> for Printer {
    type Signal = String;

    fn signal<I: Arguments>(&self, call: SignalCall<D, I>) -> String {
        print(call.name(), call.input())
    }
}

impl<D: WorkflowDefinition> QueryTarget<D> for Printer {
    type Query<O: Value> = (String, Option<O>);

    fn query<I: Arguments, O: Value>(&self, call: QueryCall<D, I, O>) -> (String, Option<O>) {
        (print(call.name(), call.input()), None)
    }
}

impl<D: WorkflowDefinition> UpdateTarget<D> for Printer {
    type Update<O: Value, E: CallError> = Result<String, (O, E)>;

    fn update<I: Arguments, O: Value, E: CallError>(&self, call: UpdateCall<D, I, O, E>) -> Result<String, (O, E)> {
        let (name, input) = call.into_parts();
        Ok(print(&name, &input))
    }
}

// What registers: the definition is inferred from the stub.

fn activity_name<A, S: ActivityStub<A>>(_stub: S) -> (&'static str, usize) {
    (S::Definition::NAME, <S::Definition as ActivityDefinition>::Input::COUNT)
}

fn workflow_name<A, S: WorkflowStub<A>>(_stub: S) -> (&'static str, usize) {
    (S::Definition::NAME, <S::Definition as WorkflowDefinition>::Input::COUNT)
}

#[test]
fn a_stub_tells_its_activity_whatever_the_number_of_arguments() {
    assert_eq!(activity_name(none), ("none", 0));
    assert_eq!(activity_name(one), ("one", 1));
    assert_eq!(activity_name(two), ("two", 2));
    assert_eq!(activity_name(three), ("three", 3));
    assert_eq!(activity_name(four), ("four", 4));
    assert_eq!(activity_name(five), ("five", 5));
    assert_eq!(activity_name(six), ("six", 6));
    assert_eq!(activity_name(seven), ("seven", 7));
    assert_eq!(activity_name(eight), ("eight", 8));
}

#[test]
fn a_stub_tells_its_workflow() {
    assert_eq!(workflow_name(Approval::run), ("Approval", 2));
}

#[test]
fn a_call_is_a_name_and_arguments() {
    let call = two(1, "x".into());
    assert_eq!(print(call.name(), call.input()), r#"two(1, "x")"#);
    let call = Approval::run("o7".into(), true);
    assert_eq!(print(call.name(), call.input()), r#"Approval("o7", true)"#);
    let (name, input) = WorkflowCall::<Approval>::named("Approval2", ("o7".into(), false)).into_parts();
    assert_eq!(print(&name, &input), r#"Approval2("o7", false)"#);
    assert_eq!(print("eight", eight(1, 2, 3, 4, 5, 6, 7, None).input()), "eight(1, 2, 3, 4, 5, 6, 7, )");
}

#[test]
fn a_handle_delivers_typed_messages() {
    let handle = Approval::handle(Printer);
    assert_eq!(handle.approve("Ann".into()), r#"approve("Ann")"#);
    assert_eq!(handle.approver(), ("approver()".to_owned(), None::<Option<String>>));
    assert_eq!(handle.note("hi".into()).unwrap(), r#"note("hi")"#);
}

#[test]
fn a_call_by_name_is_raw_until_said_otherwise() {
    fn output<D: WorkflowDefinition<Output = O>, O>(_call: &WorkflowCall<D>) -> &'static str {
        std::any::type_name::<O>()
    }
    let call = Workflow::named("Order").args(("o7".to_owned(), 3u8));
    assert_eq!(output(&call), std::any::type_name::<RawValue>());
    let call = call.returning::<u64>();
    assert_eq!(output(&call), "u64");
    assert_eq!(print(call.name(), call.input()), r#"Order("o7", 3)"#);

    let call = Activity::named("charge").args(()).returning::<u64>();
    assert_eq!(print(call.name(), call.input()), "charge()");
}

#[test]
fn calls_show_their_name() {
    assert_eq!(format!("{:?}", one(1)), r#"ActivityCall { name: "one", .. }"#);
    assert_eq!(format!("{:?}", Approval::run(String::new(), true)), r#"WorkflowCall { name: "Approval", .. }"#);
    assert_eq!(format!("{:?}", Approval::approver()), r#"QueryCall { name: "approver", .. }"#);
}

/// What generated code does with a written return type.
fn declared<R: Returned>(returned: R) -> Result<R::Output, (&'static str, String)> {
    let name = std::any::type_name::<R::Error>().rsplit("::").next().unwrap();
    returned.into_result().map_err(|error| (name, error.into_failure(&DataConverter::default()).message))
}

#[test]
fn a_written_return_type_says_what_callers_get() {
    assert_eq!(declared(Ok::<u8, AnyError>(1)), Ok(1));
    assert_eq!(declared(Err::<u8, _>(AnyError::message("x"))), Err(("AnyError", "x".into())));
    let handler: WorkflowResult<u8> = Err(Canceled::default().into());
    assert_eq!(declared(handler), Err(("AnyError", "canceled".into())));
}

#[test]
fn a_workflow_may_write_its_return_type_out() {
    fn check<R: WorkflowReturned<Output = u8, Error = AnyError>>(returned: R) -> bool {
        returned.into_result().is_ok()
    }
    assert!(check(WorkflowResult::Ok(1)));
    assert!(!check(Err::<u8, WorkflowError<AnyError>>(Canceled::default().into())));
}
