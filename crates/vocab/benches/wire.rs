//! Micro benchmarks of the wire: `cargo bench -p perpetua-vocab`. One history, recorded on a real server, in all its forms.

use bytes::Bytes;
use divan::Bencher;
use divan::counter::ItemsCount;
use perpetua_proto::command::Command as WireCommand;
use perpetua_proto::workflowservice::PollWorkflowTaskQueueResponse;
use perpetua_vocab::wire::{self, EventsToReplay};
use perpetua_vocab::{
    ActivityId, ActivityType, Command, CommandKind, Header, History, Payload, StartActivity, TaskQueue,
};
use prost::Message;

const JSON: &str = include_str!(
    "../../../testdata/histories/activities/twenty_activities_run_side_by_side_and_their_results_are_in_order/fan.json"
);

fn main() {
    divan::main();
}

fn history() -> History {
    History::from_json(JSON).expect("it is a history")
}

#[divan::bench]
fn read_events(bencher: Bencher) {
    let history = history();
    let bytes = history.to_bytes();
    bencher.counter(ItemsCount::new(history.events.len())).bench(|| History::from_bytes(&bytes));
}

#[divan::bench]
fn read_events_to_replay(bencher: Bencher) {
    let history = history();
    let bytes = history.to_bytes();
    let read = || EventsToReplay::new(bytes.as_slice()).filter(Result::is_ok).count();
    bencher.counter(ItemsCount::new(history.events.len())).bench(read);
}

#[divan::bench]
fn read_json(bencher: Bencher) {
    bencher.counter(ItemsCount::new(history().events.len())).bench(|| History::from_json(JSON));
}

#[divan::bench]
fn write_json(bencher: Bencher) {
    let history = history();
    bencher.counter(ItemsCount::new(history.events.len())).bench(|| history.to_json());
}

#[divan::bench]
fn read_a_task(bencher: Bencher) {
    let mut poll = PollWorkflowTaskQueueResponse { task_token: "token".into(), ..Default::default() };
    poll.workflow_execution = Some(Default::default());
    poll.workflow_type = Some(perpetua_proto::common::WorkflowType { name: "Fan".to_owned() });
    poll.history = Some(Message::decode(history().to_bytes().as_slice()).expect("it was written"));
    let bytes = Bytes::from(poll.encode_to_vec());
    bencher.counter(ItemsCount::new(history().events.len())).bench(|| {
        let poll = PollWorkflowTaskQueueResponse::decode(bytes.clone()).expect("it was written");
        wire::workflow_task(poll).expect("it is a task")
    });
}

#[divan::bench]
fn write_twenty_commands(bencher: Bencher) {
    let command = |number: u32| {
        let start = StartActivity {
            activity: ActivityId::new(number.to_string()),
            activity_type: ActivityType::new("noop"),
            task_queue: TaskQueue::new("bench"),
            input: vec![Payload::encoded("json/plain", number.to_string())],
            header: Header::new(),
            schedule_to_close: None,
            schedule_to_start: None,
            start_to_close: Some(std::time::Duration::from_secs(30)),
            heartbeat: None,
            retry_policy: None,
            priority: None,
        };
        Command::from(CommandKind::StartActivity(Box::new(start)))
    };
    let commands = || (0..20).map(command).collect::<Vec<_>>();
    bencher.counter(ItemsCount::new(20_u32)).with_inputs(commands).bench_values(|commands| {
        let written = |command: Command| WireCommand::from(command).encode_to_vec();
        commands.into_iter().map(written).map(|bytes| bytes.len()).sum::<usize>()
    });
}
