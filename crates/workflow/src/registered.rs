//! The handlers of one run: what its type declares, and what was put over it while it ran.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use perpetua_vocab::{Fields, Payload, SignalName, Signaled, Weigh};

use crate::contained::drop_contained;
use crate::handlers::{About, QueryHandler, SignalHandler, UpdateHandler};
use crate::instance::Instance;
use crate::runtime::Runtime;

/// Names that the platform keeps for itself.
pub(crate) const RESERVED_PREFIX: &str = "__temporal_";

/// What was registered while a run ran, and what waits for a handler.
///
/// User code never runs, and is never dropped, while one of its cells is borrowed.
#[derive(Default)]
pub(crate) struct Registered {
    pub(crate) signals: Table<SignalHandler>,
    pub(crate) queries: Table<QueryHandler>,
    pub(crate) updates: Table<UpdateHandler>,
    /// Signals without a handler, in the order in which they arrived.
    waiting: RefCell<VecDeque<Signaled>>,
    /// Whether a handler of signals was registered since the last look at what waits.
    due: Cell<bool>,
}

/// Handlers of one kind, by name; none for the dynamic one. A name without a handler was removed.
pub(crate) struct Table<H>(RefCell<BTreeMap<Option<String>, Option<Rc<H>>>>);

impl<H> Default for Table<H> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

/// What a table says of a name.
pub(crate) enum Said<H> {
    /// This one handles it.
    Handler(Rc<H>),
    /// None handles it, whatever was declared.
    Removed,
    /// Nothing: what was declared holds.
    Nothing,
}

impl<H> Table<H> {
    /// Puts a handler over what was declared.
    pub(crate) fn put(&self, name: Option<String>, handler: Option<Rc<H>>) {
        let replaced = self.0.borrow_mut().insert(name, handler);
        drop(replaced);
    }

    pub(crate) fn get(&self, name: Option<&str>) -> Said<H> {
        match self.0.borrow().get(&name.map(str::to_owned)) {
            Some(Some(handler)) => Said::Handler(Rc::clone(handler)),
            Some(None) => Said::Removed,
            None => Said::Nothing,
        }
    }

    /// The handler of this name, else what was declared under it.
    fn over(&self, name: Option<&str>, declared: impl FnOnce() -> Option<Rc<H>>) -> Option<Rc<H>> {
        match self.get(name) {
            Said::Handler(handler) => Some(handler),
            Said::Removed => None,
            Said::Nothing => declared(),
        }
    }

    /// All handlers, with their names.
    pub(crate) fn entries(&self) -> BTreeMap<Option<String>, Option<Rc<H>>> {
        self.0.borrow().clone()
    }

    fn len(&self) -> usize {
        self.0.borrow().len()
    }

    fn clear(&self) {
        for handler in std::mem::take(&mut *self.0.borrow_mut()).into_values() {
            drop_contained(handler);
        }
    }
}

impl Registered {
    /// Keeps a signal until somebody handles it.
    pub(crate) fn keep(&self, mut signal: Signaled) {
        let fields = signal.header.iter_mut().flat_map(Fields::values_mut);
        signal.input.iter_mut().flatten().chain(fields).for_each(Payload::detach);
        self.waiting.borrow_mut().push_back(signal);
    }

    /// A handler of signals was registered.
    pub(crate) fn look_at_what_waits(&self) {
        self.due.set(true);
    }

    /// Whether a handler of signals was registered since this was asked last.
    pub(crate) fn take_due(&self) -> bool {
        self.due.take()
    }

    /// The name of the signal that waits at this place.
    pub(crate) fn name_of(&self, index: usize) -> Option<SignalName> {
        self.waiting.borrow().get(index).map(|signal| signal.name.clone())
    }

    /// The names of the signals that nobody has taken, in the order in which they arrived.
    pub(crate) fn untaken(&self) -> Vec<SignalName> {
        self.waiting.borrow().iter().map(|signal| signal.name.clone()).collect()
    }

    /// Takes out the signal that waits at this place.
    pub(crate) fn take(&self, index: usize) -> Option<Signaled> {
        self.waiting.borrow_mut().remove(index)
    }

    /// Gives back the memory that is not needed until the next turn.
    pub(crate) fn shrink(&self) {
        self.waiting.borrow_mut().shrink_to_fit();
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn weight(&self) -> usize {
        const HANDLER: usize = 200;
        let handlers = [self.signals.len(), self.queries.len(), self.updates.len()];
        let waiting = self.waiting.borrow();
        let signals = waiting.iter().map(|signal| size_of_val(signal) + signal.input.weight() + signal.header.weight());
        handlers.iter().sum::<usize>() * HANDLER + signals.sum::<usize>()
    }

    /// Drops everything, without a trace.
    pub(crate) fn clear(&self) {
        self.signals.clear();
        self.queries.clear();
        self.updates.clear();
    }
}

impl Runtime {
    /// Who handles signals of this name.
    pub(crate) fn signal_handler(&self, name: &str) -> Option<Rc<SignalHandler>> {
        let declared = |name| self.instance()?.signal(name);
        let table = &self.registered.signals;
        table.over(Some(name), || declared(Some(name))).or_else(|| {
            let dynamic = || table.over(None, || declared(None));
            (!is_reserved(name)).then(dynamic)?
        })
    }

    /// Who answers queries of this name, apart from what every workflow answers.
    pub(crate) fn query_handler(&self, name: &str) -> Option<Rc<QueryHandler>> {
        let declared = |name| self.instance()?.query(name);
        let table = &self.registered.queries;
        table.over(Some(name), || declared(Some(name))).or_else(|| {
            let dynamic = || table.over(None, || declared(None));
            (!is_reserved(name)).then(dynamic)?
        })
    }

    /// Who handles updates of this name.
    pub(crate) fn update_handler(&self, name: &str) -> Option<Rc<UpdateHandler>> {
        let declared = |name| self.instance()?.update(name);
        let table = &self.registered.updates;
        table.over(Some(name), || declared(Some(name))).or_else(|| {
            let dynamic = || table.over(None, || declared(None));
            (!is_reserved(name)).then(dynamic)?
        })
    }

    /// Whether a signal or an update could change anything.
    pub(crate) fn takes_messages(&self) -> bool {
        fn any<H>(table: &Table<H>, declared: &[(Option<&'static str>, About)]) -> bool {
            let entries = table.entries();
            entries.values().any(Option::is_some)
                || declared.iter().any(|(name, _)| !entries.contains_key(&name.map(str::to_owned)))
        }
        self.instance().is_some_and(|instance| {
            let declared = instance.declared();
            any(&self.registered.signals, &declared.signals) || any(&self.registered.updates, &declared.updates)
        })
    }

    /// Says that nobody takes a message, and what there is instead.
    pub(crate) fn unknown(&self, kind: MessageKind, name: &str) -> String {
        let known: Vec<String> = self.known(kind).into_iter().collect();
        let known =
            if known.is_empty() { "it takes none".to_owned() } else { format!("it takes: {}", known.join(", ")) };
        let workflow = self.info.borrow().workflow_type().clone();
        format!("workflow `{workflow}` takes no {} named `{name}`; {known}", kind.word())
    }

    /// The names of the messages that are handled, in order.
    fn known(&self, kind: MessageKind) -> BTreeSet<String> {
        let Some(declared) = self.instance().map(|instance| instance.declared()) else { return BTreeSet::new() };
        fn names<H>(table: &Table<H>, declared: &[(Option<&'static str>, About)]) -> BTreeSet<String> {
            let entries = table.entries();
            let declared = declared.iter().filter_map(|(name, _)| name.map(str::to_owned));
            let mut names: BTreeSet<String> = declared.collect();
            for (name, handler) in entries {
                match (name, handler) {
                    (Some(name), Some(_)) => _ = names.insert(name),
                    (Some(name), None) => _ = names.remove(&name),
                    (None, _) => {}
                }
            }
            names
        }
        match kind {
            MessageKind::Query => names(&self.registered.queries, &declared.queries),
            MessageKind::Update => names(&self.registered.updates, &declared.updates),
        }
    }

    /// The user's workflow, once it is created.
    pub(crate) fn instance(&self) -> Option<Rc<dyn Instance>> {
        self.instance.borrow().clone()
    }
}

/// A kind of message that somebody waits for an answer to.
#[derive(Clone, Copy)]
pub(crate) enum MessageKind {
    Query,
    Update,
}

impl MessageKind {
    fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Update => "update",
        }
    }
}

/// Whether the platform keeps this name for itself; then it reaches no handler that takes all names.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.starts_with(RESERVED_PREFIX)
}
