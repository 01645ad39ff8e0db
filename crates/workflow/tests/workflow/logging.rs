//! Logging, and its silence.

use crate::support::*;

workflow! {
    Talkative
    run |_, ctx, ()| () => () {
        // One that is kept, and one that is made anew.
        let log = ctx.log();
        for number in 1..=3 {
            log.info(format_args!("kept {number}"));
            ctx.log().debug(format_args!("new {number}"));
            ctx.sleep(seconds(1)).await?;
        }
        log.error("last");
        Ok(())
    }
}

fn talkative() -> Scenario {
    Scenario::of::<Talkative>(|| ())
}

const SAID: [&[&str]; 4] = [
    &["INFO kept 1", "DEBUG new 1"],
    &["INFO kept 2", "DEBUG new 2"],
    &["INFO kept 3", "DEBUG new 3"],
    &["ERROR last"],
];

#[test]
fn each_line_is_logged_once_whether_the_run_is_known_or_not() {
    for evicted_before in 0..=4 {
        let scenario = talkative();
        let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
        for (turn, said) in SAID.into_iter().enumerate() {
            if turn > 0 {
                server.fire(&turn.to_string());
            }
            if turn == evicted_before {
                worker.evict();
            }
            assert_eq!(logged(|| worker.answer(&mut server)).0, said, "turn {turn}, evicted before {evicted_before}");
        }
    }
}

#[test]
fn a_replay_is_silent() {
    let run = talkative().start().turn(|server| server.fire("1"));
    let played = run.play_once();
    assert_eq!(logged(|| run.replay(&played)).0, [""; 0]);
}

#[test]
fn a_logger_knows_whether_it_is_silent() {
    // `replay_history` has no task to answer: the last turn is a replay, too.
    let run = Scenario::of::<Silent>(|| ()).start();
    run.check(expect![[r#"
        turn 1
            complete null
    "#]]);
    let played = run.play_once();
    SILENT.take();
    run.replay(&played);
    assert_eq!(SILENT.take(), [true]);
}

thread_local! {
    static SILENT: RefCell<Vec<bool>> = const { RefCell::new(Vec::new()) };
}

workflow! {
    Silent
    run |_, ctx, ()| () => () {
        SILENT.with_borrow_mut(|silent| silent.push(ctx.log().is_silent()));
        Ok(())
    }
}
