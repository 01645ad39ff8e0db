//! Chains of method calls, from their first word to the `.await`: calls that describe, refine and await an operation.

use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::{Expr, ExprMethodCall, Token};

use crate::forbidden::{FUNCTIONS, look_up, usual_name};
use crate::index::plain;
use crate::rule::Rule;
use crate::ty::Ty;
use crate::walk::Walk;

/// One link of a chain.
enum Link<'a> {
    Method(&'a ExprMethodCall),
    Await,
    Try,
}

/// Methods that go through a map or a set.
const ITERATE: [&str; 15] = [
    "iter",
    "iter_mut",
    "into_iter",
    "keys",
    "into_keys",
    "values",
    "values_mut",
    "into_values",
    "drain",
    "retain",
    "extract_if",
    "union",
    "intersection",
    "difference",
    "symmetric_difference",
];
/// Methods of iterators that change nothing about the order.
const ADAPTERS: [&str; 8] = ["map", "filter", "filter_map", "cloned", "copied", "flatten", "flat_map", "inspect"];
/// Methods of iterators that give the same in every order.
const ORDERLESS: [&str; 9] = ["count", "sum", "product", "any", "all", "max", "min", "is_empty", "len"];
/// Collections that do not keep the order in which they were filled.
const SORTED: [&str; 5] = ["BTreeMap", "BTreeSet", "BinaryHeap", "HashMap", "HashSet"];

/// The options of an activity that say nothing about how long it may take.
const OPTIONS: [&str; 9] = [
    "schedule_to_start",
    "heartbeat",
    "retry",
    "task_queue",
    "id",
    "cancellation",
    "priority",
    "summary",
    "local_retry_threshold",
];
const LIMITS: [&str; 2] = ["start_to_close", "schedule_to_close"];

/// Methods that wait for what they are given.
const WAITING: [&str; 5] = ["timeout", "shielded", "cancelable", "run", "spawn"];
/// Methods of a state that change it.
const CHANGES: [&str; 4] = ["set", "replace", "take", "update"];
/// Methods of the context that leave a trace, or draw from what a replay draws from.
const ACTS: [&str; 14] = [
    "activity",
    "local_activity",
    "child",
    "sleep",
    "spawn",
    "side_effect",
    "random",
    "uuid",
    "upsert_memo",
    "upsert_search_attributes",
    "set_current_details",
    "patched",
    "deprecate_patch",
    "wait_until",
];

impl Walk<'_> {
    /// `base.method(..).await?`; `awaited` if it is given to something that awaits it.
    pub(crate) fn chain(&mut self, whole: &Expr, awaited: bool) {
        let (base, links) = flatten(whole);
        for (index, link) in links.iter().enumerate() {
            match link {
                Link::Await => self.walked.awaits = true,
                Link::Try => {}
                Link::Method(call) => self.method(call, &links[index + 1..], awaited),
            }
        }
        self.visit_expr(base);
        for link in &links {
            if let Link::Method(call) = link {
                self.arguments(call);
            }
        }
    }

    fn method(&mut self, call: &ExprMethodCall, rest: &[Link<'_>], awaited: bool) {
        let name = plain(&call.method);
        match name.as_str() {
            "activity" | "local_activity" if call.args.len() == 1 => self.activity(call, rest, awaited),
            "all_handlers_finished" => self.walked.waits_for_handlers = true,
            "continue_as_new" => self.walked.continues = true,
            _ => {}
        }
        if self.looking {
            self.looks_only(call, &name);
        }
        let Some(receiver) = self.type_of(&call.receiver) else { return };
        let receiver = receiver.peeled();
        if receiver.is_hashed() && ITERATE.contains(&name.as_str()) && !is_orderless(rest) {
            self.hash_order(receiver, call.method.span());
        }
        let path = format!("{}::{name}", receiver.path);
        if let Some(function) = self.index.function_by_path.get(&path) {
            self.calls(*function);
        } else if let Some(group) = look_up(FUNCTIONS, &usual_name(&path)) {
            self.forbidden(group, &usual_name(&path), call.method.span());
        }
    }

    fn activity(&mut self, call: &ExprMethodCall, rest: &[Link<'_>], mut awaited: bool) {
        for link in rest {
            match link {
                Link::Method(option) => {
                    let name = plain(&option.method);
                    if LIMITS.contains(&name.as_str()) {
                        return;
                    }
                    if name == "start" {
                        awaited = true;
                        break;
                    }
                    // Whatever else is called may set a limit.
                    if !OPTIONS.contains(&name.as_str()) {
                        return;
                    }
                }
                Link::Await => {
                    awaited = true;
                    break;
                }
                Link::Try => return,
            }
        }
        if awaited {
            let title = "this activity has no limit of time";
            self.suspect(
                Rule::NoTimeout,
                call.method.span(),
                title,
                "add `.start_to_close(..)` or `.schedule_to_close(..)`",
            );
        }
    }

    fn looks_only(&mut self, call: &ExprMethodCall, name: &str) {
        let of_state = || self.type_of(&call.receiver).is_some_and(|ty| ty.peeled().name() == "State");
        let of_context = || matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("ctx"));
        let what = match () {
            () if CHANGES.contains(&name) && of_state() => "state is changed",
            () if ACTS.contains(&name) && of_context() => "the workflow acts",
            () => return,
        };
        self.suspect(
            Rule::ReadOnly,
            call.method.span(),
            format!("{what} where one may only look"),
            "move it out of here",
        );
    }

    fn arguments(&mut self, call: &ExprMethodCall) {
        let name = plain(&call.method);
        let (looking, recorded) = (self.looking, self.recorded);
        match name.as_str() {
            "wait_until" => self.looking = true,
            "side_effect" => (self.looking, self.recorded) = (true, true),
            _ => {}
        }
        let of_state: Option<Ty> = match name.as_str() {
            "with" | "update" => self.type_of(&call.receiver).filter(|ty| ty.peeled().name() == "State"),
            _ => None,
        };
        let first = of_state.and_then(|state| state.peeled().arguments.first().cloned());
        for argument in &call.args {
            match WAITING.contains(&name.as_str()) {
                true => self.visit_awaited(argument),
                false => self.argument(argument, first.clone()),
            }
        }
        (self.looking, self.recorded) = (looking, recorded);
    }
}

/// The first word of a chain, and what follows.
fn flatten(whole: &Expr) -> (&Expr, Vec<Link<'_>>) {
    let mut links = Vec::new();
    let mut base = whole;
    loop {
        base = match base {
            Expr::MethodCall(call) => {
                links.push(Link::Method(call));
                &call.receiver
            }
            Expr::Await(wait) => {
                links.push(Link::Await);
                &wait.base
            }
            Expr::Try(attempt) => {
                links.push(Link::Try);
                &attempt.expr
            }
            _ => break,
        };
    }
    links.reverse();
    (base, links)
}

/// Whether what follows an iterator gives the same in every order.
fn is_orderless(rest: &[Link<'_>]) -> bool {
    for link in rest {
        let Link::Method(call) = link else { return false };
        let name = plain(&call.method);
        match name.as_str() {
            "collect" => return call.turbofish.as_ref().is_some_and(|turbofish| is_sorted(&turbofish.args)),
            name if ORDERLESS.contains(&name) => return true,
            name if ADAPTERS.contains(&name) => {}
            _ => return false,
        }
    }
    false
}

fn is_sorted(arguments: &Punctuated<syn::GenericArgument, Token![,]>) -> bool {
    match arguments.first() {
        Some(syn::GenericArgument::Type(syn::Type::Path(path))) => {
            path.path.segments.last().is_some_and(|last| SORTED.iter().any(|sorted| last.ident == sorted))
        }
        _ => false,
    }
}
