//! The runs of each workflow id.

use std::collections::{BTreeMap, BTreeSet};

use crate::run::Run;
use crate::world::RunNumber;

/// The runs of each workflow id, by namespace and id.
#[derive(Debug, Default)]
pub(super) struct Chains {
    namespaces: BTreeMap<String, BTreeMap<Box<str>, Chain>>,
}

/// The runs of one workflow id. Most have one.
#[derive(Debug)]
enum Chain {
    One {
        run: RunNumber,
        /// Whether the id alone names it.
        is_current: bool,
    },
    Many(Box<Many>),
}

#[derive(Debug)]
struct Many {
    runs: BTreeSet<RunNumber>,
    current: Option<RunNumber>,
}

impl Chains {
    fn get(&self, namespace: &str, workflow: &str) -> Option<&Chain> {
        self.namespaces.get(namespace)?.get(workflow)
    }

    /// Takes in a run, unless it is there.
    pub(super) fn put(&mut self, run: &Run) {
        if !self.namespaces.contains_key(&run.state.namespace) {
            self.namespaces.insert(run.state.namespace.clone(), BTreeMap::new());
        }
        let Some(chains) = self.namespaces.get_mut(&run.state.namespace) else { return };
        match chains.get_mut(&*run.state.workflow_id) {
            Some(chain) => chain.put(run.number),
            None => {
                let chain = Chain::One { run: run.number, is_current: false };
                chains.insert(run.state.workflow_id.as_str().into(), chain);
            }
        }
    }

    /// From now on the id alone names this run, which is there.
    pub(super) fn set_current(&mut self, run: &Run) {
        let chains = self.namespaces.get_mut(&run.state.namespace);
        match chains.and_then(|chains| chains.get_mut(&*run.state.workflow_id)) {
            Some(Chain::One { run: only, is_current }) => *is_current = *only == run.number,
            Some(Chain::Many(many)) => many.current = Some(run.number),
            None => {}
        }
    }

    /// The run that the id alone names.
    pub(super) fn current(&self, namespace: &str, workflow: &str) -> Option<RunNumber> {
        match self.get(namespace, workflow)? {
            Chain::One { run, is_current } => is_current.then_some(*run),
            Chain::Many(many) => many.current,
        }
    }

    /// All its runs, the oldest first.
    pub(super) fn runs(&self, namespace: &str, workflow: &str) -> impl DoubleEndedIterator<Item = RunNumber> {
        let (one, many) = match self.get(namespace, workflow) {
            Some(Chain::One { run, .. }) => (Some(*run), None),
            Some(Chain::Many(many)) => (None, Some(&many.runs)),
            None => (None, None),
        };
        one.into_iter().chain(many.into_iter().flatten().copied())
    }

    /// Forgets a run.
    pub(super) fn remove(&mut self, run: &Run) {
        let Some(chains) = self.namespaces.get_mut(&run.state.namespace) else { return };
        let is_over = match chains.get_mut(&*run.state.workflow_id) {
            Some(Chain::One { run: only, .. }) => *only == run.number,
            Some(Chain::Many(many)) => {
                many.runs.remove(&run.number);
                many.current.take_if(|current| *current == run.number);
                many.runs.is_empty()
            }
            None => false,
        };
        if is_over {
            chains.remove(&*run.state.workflow_id);
        }
    }
}

impl Chain {
    fn put(&mut self, number: RunNumber) {
        match self {
            Self::One { run, .. } if *run == number => {}
            Self::One { run, is_current } => {
                let (runs, current) = (BTreeSet::from([*run, number]), is_current.then_some(*run));
                *self = Self::Many(Box::new(Many { runs, current }));
            }
            Self::Many(many) => _ = many.runs.insert(number),
        }
    }
}
