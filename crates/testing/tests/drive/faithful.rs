//! The history of a driven run is the one that a server writes.

use perpetua::prelude::*;
use perpetua::testing::drive;
use perpetua::{History, Replayer};

use crate::{Approval, NoteError, charge};

fn names(history: &History) -> Vec<String> {
    history.events.iter().map(|event| event.kind.name().to_owned()).collect()
}

fn driven() -> History {
    let mut order = drive(Approval::run("ann".into(), 4_200)).start();
    order.update(Approval::note("fragile".into())).expect("it is taken");
    order.update(Approval::note(" ".into())).expect_err("it is refused");
    order.signal(Approval::approve("bob".into()));
    order.complete(order.activity(charge), "4200 of ann".into());
    order.result().expect("it is charged");
    order.history()
}

#[perpetua::test]
async fn it_has_the_events_of_a_server(env: TestEnv) {
    env.worker().workflow(Approval::run).activity(charge).start();
    let handle = env.start(Approval::run("ann".into(), 4_200)).await.expect("it starts");
    // Answered only when the workflow waits.
    assert_eq!(handle.approver().await.expect("it answers"), None);
    assert_eq!(handle.note("fragile".into()).await.expect("it is taken"), 1);
    let refused = handle.note(" ".into()).await.expect_err("it is refused");
    assert_eq!(refused.application(), Some(&NoteError::Empty));
    handle.approve("bob".into()).await.expect("it is delivered");
    handle.result().await.expect("it is charged");
    let served = handle.history().await.expect("it is there");
    // A runtime is in reach here, which a driven workflow must not have.
    let driven = std::thread::spawn(driven).join().expect("it does not panic");
    assert_eq!(names(&driven), names(&served));
    let replayer = Replayer::new().workflow(Approval::run);
    let (driven, served) =
        (replayer.replay(&driven).expect("it replays"), replayer.replay(&served).expect("it replays"));
    assert_eq!((driven.turns, driven.events), (served.turns, served.events));
}
