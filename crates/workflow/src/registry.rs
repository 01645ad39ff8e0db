//! The workflows a program can run, by name.

use std::any::type_name;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use perpetua_contract::WorkflowDefinition;
use perpetua_convert::{Arguments, ConversionError, DataConverter};
use perpetua_vocab::Payloads;

use crate::Ctx;
use crate::implementation::{Handlers, WorkflowImplementation};
use crate::instance::{Hosted, Instance};
use crate::registered::is_reserved;

/// The workflows a program can run, by name. Shared by everything that runs them.
#[derive(Clone, Default)]
pub struct Workflows {
    by_name: BTreeMap<&'static str, Arc<dyn Registered>>,
    /// The one for all names that are not there.
    dynamic: Option<Arc<dyn Registered>>,
    duplicates: Vec<String>,
}

/// A workflow behind its types.
pub(crate) trait Registered: Send + Sync {
    /// The Rust type or function, for messages.
    fn definition(&self) -> &'static str;

    /// Builds an instance.
    fn create(
        &self,
        ctx: &Ctx,
        input: Payloads,
        converter: &DataConverter,
    ) -> Result<Box<dyn Instance>, ConversionError>;
}

struct Entry<W: WorkflowImplementation> {
    create: Box<Create<W>>,
    handlers: Arc<Handlers<W>>,
}

/// Builds the state from the input.
type Create<W> = dyn Fn(&Ctx, &<W as WorkflowDefinition>::Input) -> W + Send + Sync;

impl<W: WorkflowImplementation> Entry<W> {
    fn new(create: Box<Create<W>>) -> Self {
        let mut handlers = Handlers::new();
        W::handlers(&mut handlers);
        Self { create, handlers: Arc::new(handlers) }
    }
}

impl<W: WorkflowImplementation> Registered for Entry<W> {
    fn definition(&self) -> &'static str {
        type_name::<W>()
    }

    fn create(
        &self,
        ctx: &Ctx,
        input: Payloads,
        converter: &DataConverter,
    ) -> Result<Box<dyn Instance>, ConversionError> {
        let input = W::Input::decode(input, converter.payloads())?;
        let workflow = Rc::new((self.create)(ctx, &input));
        Ok(Box::new(Hosted::new(workflow, input, Arc::clone(&self.handlers))))
    }
}

impl Workflows {
    /// Lists a workflow. Two of one name are reported by [`duplicates`](Self::duplicates).
    pub fn add<W: WorkflowImplementation>(&mut self) {
        let entry = Arc::new(Entry::<W>::new(Box::new(W::create)));
        if W::DYNAMIC {
            if let Some(earlier) = self.dynamic.replace(entry) {
                self.duplicates.push(format!(
                    "two dynamic workflows are registered, {} and {}; a worker has one at most",
                    earlier.definition(),
                    type_name::<W>()
                ));
            }
            return;
        }
        if let Some(earlier) = self.by_name.insert(W::NAME, entry) {
            self.duplicates.push(format!(
                "workflow `{}` is registered twice: by {} and by {}",
                W::NAME,
                earlier.definition(),
                type_name::<W>()
            ));
        }
    }

    /// Lists a workflow whose state is made by a closure, in the place of the one that has this name, if there is one: for
    /// tests.
    #[doc(hidden)]
    pub fn replace<W: WorkflowImplementation>(
        &mut self,
        name: &'static str,
        create: impl Fn(&Ctx, &W::Input) -> W + Send + Sync + 'static,
    ) {
        self.by_name.insert(name, Arc::new(Entry::<W>::new(Box::new(create))));
    }

    /// What was registered twice, in words.
    pub fn duplicates(&self) -> &[String] {
        &self.duplicates
    }

    /// The names, in order; the dynamic one has none.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.by_name.keys().copied()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty() && self.dynamic.is_none()
    }

    /// Whether there is one of this name, or a dynamic one.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<dyn Registered>> {
        self.by_name.get(name).or_else(|| self.dynamic.as_ref().filter(|_| !is_reserved(name)))
    }
}

impl fmt::Debug for Workflows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dynamic = self.dynamic.iter().map(|_| "(dynamic)");
        f.debug_list().entries(self.names().chain(dynamic)).finish()
    }
}
