//! Driven workflows: what a test tells them, and what they do.

mod calls;
mod checked;
mod faithful;
mod many;
mod messages;
mod runs;
mod time;

use perpetua::prelude::*;

/// An activity that no test runs: its answers are the tests'.
#[activity]
async fn charge(account: String, cents: u64) -> Result<String, BankError> {
    Ok(format!("{cents} of {account}"))
}

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
enum BankError {
    #[error("insufficient funds: {available}")]
    #[application(non_retryable)]
    InsufficientFunds { available: u64 },
}

/// An order that waits for its approval, and is charged.
#[derive(Default)]
struct Approval {
    approved_by: State<Option<String>>,
    notes: State<Vec<String>>,
}

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
enum OrderError {
    #[error("nobody approved it")]
    NotApproved,
}

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
enum NoteError {
    #[error("a note needs a text")]
    Empty,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(&self, ctx: Ctx, account: String, cents: u64) -> WorkflowResult<String, OrderError> {
        match ctx.wait_until(|| self.approved_by.get().is_some()).timeout(days(3)).await {
            Ok(()) => {}
            Err(WaitFailure::Elapsed(_)) => return Err(OrderError::NotApproved.into()),
            Err(canceled) => return Err(canceled.into()),
        }
        let payment = ctx.activity(charge(account, cents)).start_to_close(minutes(1)).await?;
        Ok(format!("{payment}, approved by {}", self.approved_by.get().unwrap_or_default()))
    }

    #[signal]
    fn approve(&self, by: String) {
        self.approved_by.update(|approved_by| {
            approved_by.get_or_insert(by);
        });
    }

    #[query]
    fn approver(&self) -> Option<String> {
        self.approved_by.get()
    }

    #[update(validator = check_note)]
    async fn note(&self, _ctx: Ctx, text: String) -> Result<usize, NoteError> {
        self.notes.update(|notes| notes.push(text));
        Ok(self.notes.with(Vec::len))
    }

    fn check_note(&self, text: &str) -> Result<(), NoteError> {
        if text.trim().is_empty() { Err(NoteError::Empty) } else { Ok(()) }
    }

    /// Says who approved it, once somebody has.
    #[update]
    async fn wait_for_approval(&self, ctx: Ctx) -> Result<String, AnyError> {
        ctx.wait_until(|| self.approved_by.get().is_some()).await?;
        Ok(self.approved_by.get().unwrap_or_default())
    }
}

/// Replays the history elsewhere, after its way through JSON.
fn replays(replayer: perpetua::Replayer, history: &perpetua::History) -> perpetua::Replayed {
    let json = history.to_json();
    let again = perpetua::History::from_json(&json).expect("it is a history");
    assert_eq!(again.to_json(), json);
    replayer.replay(&again).expect("it replays")
}
