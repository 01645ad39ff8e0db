//! The explorer: what is right is right in every order, what is wrong in one is found.

use perpetua::prelude::*;
use perpetua::testing::{Explored, drive, explore};

#[activity]
async fn charge(cents: u32) -> Result<String, ActivityError> {
    Ok(format!("receipt for {cents}"))
}

/// Approved within three days, it charges; canceled, it does not.
#[derive(Default)]
struct Approval {
    approved_by: State<Option<String>>,
    notes: State<Vec<String>>,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<String> {
        match ctx.wait_until(|| self.approved_by.get().is_some()).timeout(days(3)).await {
            Ok(()) => {}
            Err(WaitFailure::Elapsed(_)) => return Ok("nobody approved".to_owned()),
            Err(canceled) => return Err(canceled.into()),
        }
        let receipt = ctx.shielded(async { ctx.activity(charge(100)).start_to_close(seconds(10)).await }).await?;
        Ok(receipt)
    }

    #[signal]
    fn approve(&self, by: String) {
        self.approved_by.set(Some(by));
    }

    #[update]
    fn note(&self, text: String) -> Result<usize, ActivityError> {
        self.notes.update(|notes| notes.push(text));
        Ok(self.notes.with(Vec::len))
    }
}

#[test]
fn what_is_right_is_right_in_every_order() {
    let explored = explore(|| drive(Approval::run()))
        .signal(Approval::approve("ann".to_owned()))
        .update(Approval::note("fragile".to_owned()))
        .cancel()
        .returns(charge, "receipt".to_owned())
        .check(|end| {
            let charged = end.happened("charge returns (1)");
            match end.result() {
                Ok(result) => assert_eq!(result == "receipt", charged),
                Err(_) => assert!(end.happened("cancel") && !charged),
            }
        });
    let Explored { orders, cut_short, is_all, .. } = explored;
    assert!(is_all && cut_short == 0, "{explored:?}");
    assert!(orders > 50, "{explored:?}");
}

/// Takes one line after the other, and looks whether it is closed before it looks for more.
#[derive(Default)]
struct Hasty {
    lines: State<Vec<String>>,
    closed: State<bool>,
}

#[workflow]
impl Hasty {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<Vec<String>> {
        let mut taken = Vec::new();
        loop {
            ctx.wait_until(|| self.closed.get() || self.lines.with(|lines| !lines.is_empty())).await?;
            if self.closed.get() {
                return Ok(taken);
            }
            taken.append(&mut self.lines.take());
        }
    }

    #[signal]
    fn add(&self, line: String) {
        self.lines.update(|lines| lines.push(line));
    }

    #[signal]
    fn close(&self) {
        self.closed.set(true);
    }
}

#[test]
fn a_message_that_comes_in_the_last_task_and_is_lost_is_found() {
    let explorer = || explore(|| drive(Hasty::run())).signal(Hasty::add("a".to_owned())).signal(Hasty::close());
    let check = |end: &mut perpetua::testing::End<'_, Hasty>| {
        let taken = end.result().expect("it completes");
        assert_eq!(taken.len(), usize::from(end.happened("add")), "every line is taken");
    };
    let failure = explorer().find(check).expect_err("one order is wrong");
    assert_eq!(failure.order, "add + close");
    assert_eq!(
        failure.to_string(),
        "3 orders were right before one was found that is not; the shortest of those that are wrong:

  0. the start
     the workflow: nothing
  1. add + close
     the workflow: WorkflowExecutionCompleted

the test panicked: assertion `left == right` failed: every line is taken
  left: 0
 right: 1

to play just this order again: PERPETUA_ORDER='add + close' cargo test -- --exact \
         a_message_that_comes_in_the_last_task_and_is_lost_is_found"
    );
    let again = explorer().replay(&failure.order, check).expect_err("it is wrong again");
    assert_eq!(again.problem, failure.problem);
    explorer().replay("add | close", check).expect("another order is right");
    let unknown = explorer().replay("add | nothing", check).expect_err("it cannot happen");
    assert_eq!(unknown.problem, "\"nothing\" cannot happen here");
}

/// Waits for one message after the other, and forgets what comes early.
#[derive(Default)]
struct Strict {
    last: State<u32>,
}

#[workflow]
impl Strict {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
        for number in 1..=2 {
            self.last.set(0);
            ctx.wait_until(|| self.last.get() == number).await?;
        }
        Ok(())
    }

    #[signal]
    fn first(&self) {
        self.last.set(1);
    }

    #[signal]
    fn second(&self) {
        self.last.set(2);
    }
}

#[test]
fn a_workflow_that_waits_for_ever_for_what_came_too_early_is_found() {
    let explorer = || explore(|| drive(Strict::run())).signal(Strict::first()).signal(Strict::second());
    let failure = explorer().find(|_| {}).expect_err("one order is wrong");
    assert!(failure.problem.contains("the workflow waits for:"), "{failure}");
    assert!(failure.problem.contains("tests/explore.rs:"), "{failure}");
    let explored = explorer().may_wait().find(|_| {}).expect("it may");
    assert_eq!(explored.orders, 4, "one after the other, and together, in each order");
}

/// Ends while an update is being answered.
#[derive(Default)]
struct Rude {
    over: State<bool>,
}

#[workflow]
impl Rude {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
        ctx.wait_until(|| self.over.get()).await?;
        Ok(())
    }

    #[signal]
    fn end(&self) {
        self.over.set(true);
    }

    #[update]
    async fn slow(&self, ctx: Ctx) -> WorkflowResult<()> {
        ctx.sleep(seconds(1)).await?;
        Ok(())
    }
}

#[test]
fn a_handler_that_is_cut_off_is_found() {
    let failure = explore(|| drive(Rude::run())).signal(Rude::end()).update(Rude::slow()).find(|_| {});
    let failure = failure.expect_err("one order is wrong");
    assert!(failure.problem.contains("slow"), "{failure}");
    assert_eq!(failure.order, "slow | end");
}

/// Says that it took too long although it has charged.
#[workflow]
async fn racing(ctx: Ctx) -> WorkflowResult<String> {
    Ok(select! {
        _ = ctx.sleep(minutes(1)) => "too late".to_owned(),
        receipt = ctx.activity(charge(100)).start_to_close(minutes(5)) => receipt?,
    })
}

#[test]
fn a_race_of_a_timer_and_a_result_is_found() {
    let failure = explore(|| drive(racing())).returns(charge, "receipt".to_owned()).find(|end| {
        let charged = end.happened("charge returns (1)");
        assert_eq!(end.result().expect("it completes") == "receipt", charged, "what was charged is said");
    });
    let failure = failure.expect_err("one order is wrong");
    let together = ["time passes + charge returns (1)", "charge returns (1) + time passes"];
    assert!(together.contains(&&*failure.order), "{failure}");
}

/// Fails for good if the second of two charges fails, whichever is the second.
#[workflow]
async fn twice(ctx: Ctx) -> WorkflowResult<usize> {
    let charge = |cents| ctx.activity(charge(cents)).start_to_close(minutes(5)).start();
    let (one, other) = (charge(1), charge(2));
    let results = [one.await.is_ok(), other.await.is_ok()];
    Ok(results.into_iter().filter(|paid| *paid).count())
}

#[test]
fn every_answer_to_every_call_is_tried() {
    let seen = std::cell::RefCell::new(std::collections::BTreeMap::<usize, u32>::new());
    let explored = explore(|| drive(twice()))
        .returns(charge, "receipt".to_owned())
        .fails(charge, || ActivityError::from(std::fmt::Error))
        .find(|end| *seen.borrow_mut().entry(end.result().expect("it completes")).or_default() += 1)
        .expect("all are right");
    // Two orders one after the other, two together, four pairs of answers each.
    assert_eq!(explored.orders, 16);
    assert_eq!(seen.into_inner().into_iter().collect::<Vec<_>>(), [(0, 4), (1, 8), (2, 4)]);
}

/// Goes on for ever.
#[workflow]
async fn forever(ctx: Ctx) -> WorkflowResult<()> {
    loop {
        ctx.sleep(hours(1)).await?;
    }
}

#[test]
fn all_orders_are_tried() {
    let explored = explore(|| drive(Collecting::run()))
        .signal(Collecting::add(1))
        .signal(Collecting::add(2))
        .signal(Collecting::add(3))
        .signal(Collecting::add(4))
        .check(|end| assert_eq!(end.result().expect("it completes"), 10));
    // 24 sequences, each cut into tasks in eight ways.
    assert_eq!((explored.orders, explored.is_all), (192, true));
}

/// Adds up four numbers.
#[derive(Default)]
struct Collecting {
    count: State<u32>,
    sum: State<u32>,
}

#[workflow]
impl Collecting {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<u32> {
        ctx.wait_until(|| self.count.get() == 4).await?;
        Ok(self.sum.get())
    }

    #[signal]
    fn add(&self, number: u32) {
        self.count.update(|count| *count += 1);
        self.sum.update(|sum| *sum += number);
    }
}

#[test]
fn what_has_no_end_is_cut_short_and_what_is_too_much_is_said_to_be() {
    let explored = explore(|| drive(forever())).longest(5).find(|_| panic!("it has no end")).expect("nothing is wrong");
    assert_eq!((explored.orders, explored.cut_short, explored.is_all), (0, 1, true));
    let explored = explore(|| drive(forever())).at_most(3).find(|_| panic!("it has no end")).expect("nothing is wrong");
    assert_eq!((explored.orders, explored.cut_short, explored.is_all), (0, 0, false));
}
