//! What a workflow notes: patches, side effects, search attributes, memo, current details.

use std::panic::{Location, resume_unwind};

use perpetua_convert::{Memo, MemoUpdate, SearchAttributeUpdate, SearchAttributes, Value};
use perpetua_core::{Fault, Origin, PatchAnswer, Place, SideEffect};
use perpetua_vocab::{Fields, Payload, UserMetadata, Weigh, WorkflowStarted};

use crate::Ctx;
use crate::contained::with_causes;
use crate::guard::unguarded;
use crate::read_only::{ReadOnly, while_read_only};
use crate::runtime::Runtime;

/// What is noted of a run and can be read, as it is at present.
#[derive(Default)]
pub(crate) struct Notes {
    memo: Fields,
    search_attributes: SearchAttributes,
}

impl Notes {
    /// Takes what the first event says.
    pub(crate) fn learn(&mut self, started: &WorkflowStarted) {
        let kept = |fields: &Option<Fields>| {
            let mut fields = fields.clone().unwrap_or_default();
            fields.values_mut().for_each(Payload::detach);
            fields
        };
        self.memo = kept(&started.memo);
        self.search_attributes = kept(&started.search_attributes).into();
    }

    /// About how many bytes of memory it takes beyond its own size.
    pub(crate) fn weight(&self) -> usize {
        self.memo.weight() + self.search_attributes.fields().weight()
    }

    /// The memo as payloads.
    pub(crate) fn memo(&self) -> &Fields {
        &self.memo
    }

    /// The search attributes.
    pub(crate) fn search_attributes(&self) -> &SearchAttributes {
        &self.search_attributes
    }

    /// The memo, for the run that follows this one; none if it is empty.
    pub(crate) fn memo_to_keep(&self) -> Option<Fields> {
        Some(self.memo.clone()).filter(|memo| !memo.is_empty())
    }

    /// The search attributes, for the run that follows this one, without those that speak of this run's own workers and
    /// patches; none if there are none.
    pub(crate) fn search_attributes_to_keep(&self) -> Option<Fields> {
        let is_own = |name: &str| name.starts_with("Temporal") || name == "BuildIds";
        let kept = self.search_attributes.fields().iter().filter(|(name, _)| !is_own(name));
        let kept: Fields = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        Some(kept).filter(|kept| !kept.is_empty())
    }

    fn merge_memo(&mut self, changes: &Fields) {
        for (key, payload) in changes {
            if payload.is_null() {
                self.memo.remove(key);
            } else {
                self.memo.insert(key.clone(), payload.clone());
            }
        }
    }
}

impl Ctx {
    /// Whether the code with this patch is to run, or the code from before it: for changes that running workflows cannot
    /// follow. New runs, and old ones that have not come here yet, get `true`, and history keeps that; a replay gets what
    /// was answered then, and `false` where history is from before the patch. The answer to one id is the same for the
    /// whole run.
    ///
    /// The patches of a run are in its search attribute `TemporalChangeVersion`, so that
    /// `TemporalChangeVersion = 'ship-by-air'` finds the runs that have one.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use perpetua_contract::Activity;
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::Ctx;
    /// # async fn example(ctx: Ctx) -> WorkflowResult<()> {
    /// let name = if ctx.patched("ship-by-air") { "fly" } else { "ship" };
    /// ctx.activity(Activity::named(name).args(()).returning::<()>()).start_to_close(Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// When no run needs the old code any more, [`deprecate_patch`](Self::deprecate_patch) takes the place of the call.
    #[track_caller]
    pub fn patched(&self, id: impl AsRef<str>) -> bool {
        self.patch(id.as_ref(), false, Location::caller())
    }

    /// Says that no code from before the patch is left, where [`patched`](Self::patched) was. Runs that still have the
    /// patch in their history go on; when none of them is left either, remove the call.
    #[track_caller]
    pub fn deprecate_patch(&self, id: impl AsRef<str>) {
        self.patch(id.as_ref(), true, Location::caller());
    }

    fn patch(&self, id: &str, deprecated: bool, at: Place) -> bool {
        self.runtime.assert_may_act("ask for a patch");
        let PatchAnswer { applies, unlisted } = self.runtime.run.borrow_mut().patched(id, deprecated, Some(at));
        if unlisted {
            self.log().warn(format_args!(
                "patch `{id}` applies, but the search attribute `TemporalChangeVersion` has no room for it; remove patches \
                 that no run needs any more, or give them shorter names"
            ));
        }
        applies
    }

    /// Calls a closure once, keeps its value in history, and returns that on every replay without calling it again: for
    /// what is quick, cannot fail and is not the same each time, such as reading a setting of the worker. For everything
    /// else there are activities.
    ///
    /// If the workflow task fails after the call, the closure is called again with the next try.
    ///
    /// The closure may read a clock, the environment or a file. It must not use the workflow: it runs once, so what it does beside returning a value would be missing in
    /// a replay. A value that cannot be kept, or is no `T` when it is read, fails the workflow task, which is tried again
    /// with better code.
    ///
    /// Histories show it as a marker named `SideEffect`.
    ///
    /// ```
    /// # use perpetua_convert::WorkflowResult;
    /// # use perpetua_workflow::Ctx;
    /// # fn region_of_this_worker() -> String { "eu".to_owned() }
    /// # async fn example(ctx: Ctx) -> WorkflowResult<()> {
    /// let region = ctx.side_effect(|| region_of_this_worker());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn side_effect<T: Value>(&self, effect: impl FnOnce() -> T) -> T {
        let at = Location::caller();
        let runtime = &self.runtime;
        if runtime.is_closing() {
            return effect();
        }
        runtime.assert_may_act("have a side effect");
        let due = runtime.run.borrow_mut().side_effect(Some(at));
        let value = match due {
            Err(fault) => runtime.halt(fault),
            Ok(SideEffect::Recorded(value)) => value.unwrap_or_default(),
            Ok(SideEffect::Due) => {
                let value = while_read_only(ReadOnly::SideEffect, || unguarded(effect));
                if let Some(trespass) = runtime.take_trespass() {
                    runtime.halt(Fault::code(trespass));
                }
                let payload = runtime.converter.payloads().encode(&value).unwrap_or_else(|error| {
                    let error = with_causes(&error);
                    runtime.halt(Fault::code(format!("the value of a side effect cannot be kept: {error} (at {at})")))
                });
                let origin = Origin::new(UserMetadata::default(), at);
                runtime.run.borrow_mut().record_side_effect(vec![payload.clone()], origin);
                vec![payload]
            }
        };
        // Also when it was just written, so that the first call gives what every replay gives.
        runtime.converter.payloads().decode_result(Some(value)).unwrap_or_else(|error| {
            let error = with_causes(&error);
            runtime.halt(Fault::code(format!("the value of a side effect cannot be read: {error} (at {at})")))
        })
    }

    /// The memo: values that were given with the start, with what [`upsert_memo`](Self::upsert_memo) has changed.
    pub fn memo(&self) -> Memo {
        let memo = self.runtime.notes.borrow().memo().clone();
        Memo::new(memo, self.runtime.converter.payloads().clone())
    }

    /// Changes values of the memo, which is shown with the workflow and in lists.
    ///
    /// ```
    /// # use perpetua_convert::{MemoUpdate, WorkflowResult};
    /// # use perpetua_workflow::Ctx;
    /// # async fn example(ctx: Ctx) -> WorkflowResult<()> {
    /// ctx.upsert_memo([MemoUpdate::set("status", "packed"), MemoUpdate::unset("draft")]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A value that cannot be sent fails the workflow task.
    #[track_caller]
    pub fn upsert_memo(&self, updates: impl IntoIterator<Item = MemoUpdate>) {
        let at = Location::caller();
        let runtime = &self.runtime;
        runtime.assert_may_act("change the memo");
        let converter = runtime.converter.payloads();
        let Some(changes) = runtime.changes("the memo", at, updates, |update| update.into_field(converter)) else {
            return;
        };
        runtime.notes.borrow_mut().merge_memo(&changes);
        runtime.run.borrow_mut().upsert_memo(changes, Some(at));
    }

    /// The search attributes: those that were given with the start, with what
    /// [`upsert_search_attributes`](Self::upsert_search_attributes) has changed.
    pub fn search_attributes(&self) -> SearchAttributes {
        self.runtime.notes.borrow().search_attributes().clone()
    }

    /// Changes search attributes, by which the workflow is found. The server must know them, with the same kinds.
    ///
    /// ```
    /// # use perpetua_convert::{Int, Keyword, SearchAttributeKey, WorkflowResult};
    /// # use perpetua_workflow::Ctx;
    /// const CUSTOMER: SearchAttributeKey<Keyword> = SearchAttributeKey::keyword("CustomerId");
    /// const AMOUNT: SearchAttributeKey<Int> = SearchAttributeKey::int("Amount");
    ///
    /// # async fn example(ctx: Ctx) -> WorkflowResult<()> {
    /// ctx.upsert_search_attributes([CUSTOMER.set("ann"), AMOUNT.unset()]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A value that cannot be sent fails the workflow task.
    #[track_caller]
    pub fn upsert_search_attributes(&self, updates: impl IntoIterator<Item = SearchAttributeUpdate>) {
        let at = Location::caller();
        let runtime = &self.runtime;
        runtime.assert_may_act("change search attributes");
        let changes = runtime.changes("search attributes", at, updates, SearchAttributeUpdate::into_field);
        let Some(changes) = changes else { return };
        if changes.contains_key(CHANGE_VERSION) {
            let problem =
                format!("the search attribute `{CHANGE_VERSION}` lists the patches of a run, and is not to be set");
            runtime.fail_task(Fault::code(format!("{problem} (at {at})")));
            return;
        }
        runtime.notes.borrow_mut().search_attributes.merge(&changes);
        runtime.run.borrow_mut().upsert_search_attributes(changes, Some(at));
    }

    /// Says how the workflow is doing, in Markdown, for people who look at it while it runs. It replaces what was said
    /// before, and leaves no trace in history.
    pub fn set_current_details(&self, details: impl Into<String>) {
        self.runtime.assert_may_act("set its current details");
        self.runtime.details.replace(details.into());
    }

    /// What [`set_current_details`](Self::set_current_details) said last; empty at first.
    pub fn current_details(&self) -> String {
        self.runtime.details.borrow().clone()
    }
}

/// The search attribute that lists the patches of a run.
const CHANGE_VERSION: &str = "TemporalChangeVersion";

impl Runtime {
    /// Fails the workflow task, and stops the code that cannot go on.
    fn halt(&self, fault: Fault) -> ! {
        self.fail_task(fault);
        // Not a panic: what is wrong is reported, and needs no trace on the worker's console.
        resume_unwind(Box::new("the workflow task fails"))
    }

    /// The changes as fields; none if there are none, or one of them cannot be sent.
    fn changes<U, E: std::error::Error + 'static>(
        &self,
        what: &str,
        at: Place,
        updates: impl IntoIterator<Item = U>,
        into_field: impl Fn(U) -> Result<(String, Payload), E>,
    ) -> Option<Fields> {
        match updates.into_iter().map(into_field).collect::<Result<Fields, E>>() {
            Ok(changes) => Some(changes).filter(|changes| !changes.is_empty()),
            Err(error) => {
                self.fail_task(Fault::code(format!("{what} cannot be changed: {} (at {at})", with_causes(&error))));
                None
            }
        }
    }
}
