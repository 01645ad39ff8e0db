//! Requests of every kind to an embedded server: right, wrong, hostile, in any order, twice, with what it has said before.
//!
//! Messages are made from the descriptors of `proto/`, so a method that is added is tried without a line here. What
//! answers contain (tokens, ids) goes into later requests, which thereby get far.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use perpetua_server::Server;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::messages::{Known, message};
use crate::raw::{self, Methods};
use crate::{Dice, Outcome};

/// What gets a workflow on its way; these come more often than the others.
const OFTEN: [&str; 14] = [
    "StartWorkflowExecution",
    "SignalWithStartWorkflowExecution",
    "SignalWorkflowExecution",
    "UpdateWorkflowExecution",
    "QueryWorkflow",
    "PollWorkflowTaskQueue",
    "RespondWorkflowTaskCompleted",
    "RespondWorkflowTaskCompleted",
    "PollActivityTaskQueue",
    "RespondActivityTaskCompleted",
    "RespondActivityTaskFailed",
    "RecordActivityTaskHeartbeat",
    "PollNexusTaskQueue",
    "CreateSchedule",
];

/// What hands out tasks.
const TASKS: [&str; 3] = ["PollWorkflowTaskQueue", "PollActivityTaskQueue", "PollNexusTaskQueue"];

/// How long a caller waits, by the server's clock.
const PATIENCE: Duration = Duration::from_secs(5);
/// By then even the longest call must be answered, by the server's clock.
const HANGS: Duration = Duration::from_secs(120);

/// Makes requests and sends them.
#[derive(Clone, Debug)]
pub struct Requests {
    pool: DescriptorPool,
    methods: Vec<MethodDescriptor>,
    often: Vec<MethodDescriptor>,
}

impl Requests {
    /// Reads the descriptors.
    ///
    /// # Errors
    /// When `proto/` cannot be compiled.
    pub fn new() -> Outcome<Self> {
        let Methods { pool, all: methods } = Methods::new()?;
        let named = |name: &&str| methods.iter().find(|method| method.name() == *name).cloned();
        let often = OFTEN.iter().filter_map(named).collect();
        Ok(Self { pool, methods, often })
    }

    /// The full names of all methods.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.methods.iter().map(MethodDescriptor::full_name)
    }

    /// Sends so many requests to a new server; how often each method has done what it was asked.
    ///
    /// # Panics
    /// When the server panics, does not answer, or answers with what is a fault of its own.
    pub fn play(&self, dice: &mut Dice, count: usize) -> BTreeMap<String, usize> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime can be made").block_on(self.send_all(dice, count)).done
    }

    async fn send_all(&self, dice: &mut Dice, count: usize) -> Known {
        let builder = Server::builder().seed(dice.below(u64::MAX)).search_attribute("Color", "Keyword");
        let builder = if dice.one_in(2) { builder.skip_time() } else { builder };
        let server = builder.start().expect("a server can be made");
        let mut known = Known::default();
        let mut waiting = JoinSet::new();
        for _ in 0..count {
            let method = self.method(dice, &mut known);
            let bytes = self.request(dice, &method, &known);
            let call = call(server.transport(), method, bytes);
            if dice.one_in(3) {
                waiting.spawn(call);
            } else {
                self.learn(&mut known, call.await);
            }
            if dice.one_in(10) {
                tokio::time::sleep(Duration::from_millis(1 << dice.below(22))).await;
            }
            while let Some(answered) = waiting.try_join_next() {
                self.learn(&mut known, answered.expect("a call does not panic"));
            }
        }
        while let Some(answered) = waiting.join_next().await {
            self.learn(&mut known, answered.expect("a call does not panic"));
        }
        known
    }

    /// What is asked next: mostly what answers a task that was just handed out, if there is one.
    fn method(&self, dice: &mut Dice, known: &mut Known) -> MethodDescriptor {
        let answers: &[&str] = match known.task.take() {
            Some("PollWorkflowTaskQueue") => &[
                "RespondWorkflowTaskCompleted",
                "RespondWorkflowTaskCompleted",
                "RespondWorkflowTaskFailed",
                "RespondQueryTaskCompleted",
            ],
            Some("PollActivityTaskQueue") => &[
                "RespondActivityTaskCompleted",
                "RespondActivityTaskFailed",
                "RespondActivityTaskCanceled",
                "RecordActivityTaskHeartbeat",
            ],
            Some("PollNexusTaskQueue") => &["RespondNexusTaskCompleted", "RespondNexusTaskFailed"],
            _ => &[],
        };
        if !answers.is_empty() && !dice.one_in(4) {
            let name = answers[dice.place(answers.len())];
            if let Some(method) = self.methods.iter().find(|method| method.name() == name) {
                return method.clone();
            }
        }
        let methods = if dice.one_in(3) { &self.methods } else { &self.often };
        methods[dice.place(methods.len())].clone()
    }

    fn request(&self, dice: &mut Dice, method: &MethodDescriptor, known: &Known) -> Bytes {
        let mut bytes = message(&self.pool, dice, &method.input(), known, 0).encode_to_vec();
        if dice.one_in(30) && !bytes.is_empty() {
            let at = dice.place(bytes.len());
            if dice.one_in(2) {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 1 << dice.below(8);
            }
        }
        bytes.into()
    }

    fn learn(&self, known: &mut Known, (method, answer): Answered) {
        match answer {
            Ok(bytes) => {
                let answer = DynamicMessage::decode(method.output(), bytes).expect("an answer can be read");
                known.learn(&answer);
                if answer
                    .get_field_by_name("task_token")
                    .is_some_and(|token| !token.as_bytes().is_none_or(|token| token.is_empty()))
                {
                    known.task = TASKS.into_iter().find(|name| *name == method.name());
                }
                *known.done.entry(method.full_name().to_owned()).or_default() += 1;
            }
            Err(status) => {
                let fault =
                    matches!(status.code(), Code::Unknown | Code::DataLoss | Code::Unauthenticated | Code::Unavailable);
                // What is no message at all is a fault that tonic finds, in words of its own.
                let unreadable = status.message().contains("failed to decode Protobuf message");
                let internal = status.code() == Code::Internal && !unreadable;
                assert!(!fault && !internal, "{} is answered with a fault: {status}", method.full_name());
                let says_why = !status.message().is_empty() || status.code() == Code::Unimplemented;
                assert!(says_why, "{} is refused without a word", method.full_name());
            }
        }
    }
}

type Answered = (MethodDescriptor, Result<Bytes, Status>);

/// Makes a call, with a deadline.
async fn call(transport: perpetua_server::Transport, method: MethodDescriptor, bytes: Bytes) -> Answered {
    let answered = tokio::time::timeout(HANGS, raw::call(transport, &method, bytes, PATIENCE)).await;
    let Ok(answered) = answered else { panic!("{} hangs", method.full_name()) };
    (method, answered)
}
