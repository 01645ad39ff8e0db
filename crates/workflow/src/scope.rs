//! What is canceled together, and what is around that which is being polled.
//!
//! ```text
//! the workflow's part      ctx.scope()        ctx.shielded(..)    ctx.scope()
//! (main, or a handler) <-- layer: scope A <-- layer: shield   <-- layer: scope B <-- what is being polled
//!                                                            `----- reached by B only -----'
//! ```

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::task::Waker;

use perpetua_convert::Canceled;
use perpetua_core::Ticket;

use crate::Ctx;
use crate::executor::Part;
use crate::few::Few;
use crate::runtime::Runtime;
use crate::wakers::Wakers;

/// What is canceled together: the main function, one handler, one spawned task, or what the user puts together.
pub(crate) struct Scope {
    pub(crate) part: Part,
    canceled: RefCell<Option<Canceled>>,
    /// The operations it reaches, in the order in which they were started.
    tickets: RefCell<Few<u64, Ticket>>,
    /// Who waits for the cancellation itself.
    watchers: Wakers<u64>,
}

impl Scope {
    pub(crate) fn new(part: Part) -> Rc<Self> {
        Rc::new(Self { part, canceled: RefCell::default(), tickets: RefCell::default(), watchers: Wakers::default() })
    }

    pub(crate) fn canceled(&self) -> Option<Canceled> {
        self.canceled.borrow().clone()
    }

    pub(crate) fn is_canceled(&self) -> bool {
        self.canceled.borrow().is_some()
    }

    /// Whether anybody waits for the cancellation.
    pub(crate) fn is_watched(&self) -> bool {
        !self.watchers.is_empty()
    }

    /// Cancels everything it reaches, in the order in which it was started. Only the first time counts.
    pub(crate) fn cancel(&self, runtime: &Runtime, canceled: Canceled) {
        if self.is_canceled() {
            return;
        }
        *self.canceled.borrow_mut() = Some(canceled);
        let tickets = self.tickets.borrow_mut().take_values();
        for ticket in tickets {
            runtime.run.borrow_mut().cancel(ticket);
        }
        for waker in self.watchers.take_all() {
            waker.wake();
        }
    }
}

/// Something around that which is being polled, and what is around that.
pub(crate) struct Layer {
    kind: LayerKind,
    outer: Option<Rc<Self>>,
}

/// What a layer is.
#[derive(Clone)]
pub(crate) enum LayerKind {
    /// Nothing further out reaches through.
    Shield,
    /// A scope that the user made.
    Scope(Rc<Scope>),
    /// What the handle of a spawned task cancels: the task, and not what it spawns in turn.
    Task(Rc<Scope>),
}

impl Layer {
    fn iter(innermost: Option<&Rc<Self>>) -> impl Iterator<Item = &LayerKind> {
        std::iter::successors(innermost, |layer| layer.outer.as_ref()).map(|layer| &layer.kind)
    }
}

/// What is around that which is being polled, innermost first.
#[derive(Default)]
pub(crate) struct Layers(RefCell<Option<Rc<Layer>>>);

impl Layers {
    /// What is around it now.
    pub(crate) fn present(&self) -> Option<Rc<Layer>> {
        self.0.borrow().clone()
    }

    /// Calls something with another layer around it; `known` is the layer of the last call.
    pub(crate) fn within<R>(&self, kind: &LayerKind, known: &mut Option<Rc<Layer>>, call: impl FnOnce() -> R) -> R {
        let outer = self.present();
        let layer = match known {
            Some(known) if same(known.outer.as_ref(), outer.as_ref()) => Rc::clone(known),
            _ => Rc::clone(known.insert(Rc::new(Layer { kind: kind.clone(), outer }))),
        };
        self.instead(&layer, call)
    }

    /// Calls something with this layer, and what is around it, instead of what is there now.
    pub(crate) fn instead<R>(&self, layer: &Rc<Layer>, call: impl FnOnce() -> R) -> R {
        struct Restore<'a>(&'a Layers, Option<Rc<Layer>>);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.0.0.replace(self.1.take());
            }
        }
        let before = self.0.replace(Some(Rc::clone(layer)));
        let _restore = Restore(self, before);
        call()
    }

    /// What is around a task that is spawned now: a scope of its own, and the scopes and shields around the spawning.
    pub(crate) fn of_task(&self, task: Rc<Scope>) -> Rc<Layer> {
        let present = self.present();
        // Without what belongs to the spawning task alone.
        let kinds: Vec<_> =
            Layer::iter(present.as_ref()).filter(|kind| !matches!(kind, LayerKind::Task(_))).cloned().collect();
        let inherited = kinds.into_iter().rev().fold(None, |outer, kind| Some(Rc::new(Layer { kind, outer })));
        Rc::new(Layer { kind: LayerKind::Task(task), outer: inherited })
    }
}

fn same(left: Option<&Rc<Layer>>, right: Option<&Rc<Layer>>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => Rc::ptr_eq(left, right),
        (None, None) => true,
        _ => false,
    }
}

impl Ctx {
    /// The scopes that reach what is being polled now, innermost first.
    fn reaching(&self) -> Vec<Rc<Scope>> {
        self.scopes(true)
    }

    /// The scopes around what is being polled now, innermost first, with or without those beyond a shield.
    fn scopes(&self, heed_shields: bool) -> Vec<Rc<Scope>> {
        let present = self.runtime.layers.present();
        let mut scopes = Vec::new();
        for kind in Layer::iter(present.as_ref()) {
            match kind {
                LayerKind::Shield if heed_shields => return scopes,
                LayerKind::Shield => {}
                LayerKind::Scope(scope) | LayerKind::Task(scope) => scopes.push(Rc::clone(scope)),
            }
        }
        scopes.push(Rc::clone(&self.scope));
        scopes
    }

    /// The cancellation that reaches what is being polled now.
    pub(crate) fn reached_by(&self) -> Option<Canceled> {
        self.reaching().iter().find_map(|scope| scope.canceled())
    }

    /// The cancellation of something around what is being polled now, whether it reaches it or not.
    pub(crate) fn cancellation(&self) -> Option<Canceled> {
        self.scopes(false).iter().find_map(|scope| scope.canceled())
    }
}

/// One wait, or one operation, in the scopes that reach it.
#[derive(Default)]
pub(crate) struct Membership {
    number: Option<u64>,
    scopes: Vec<Rc<Scope>>,
    /// The layers for which the scopes were found.
    layers: Option<Rc<Layer>>,
}

impl Membership {
    /// Ordered among others by this number.
    pub(crate) fn numbered(number: u64) -> Self {
        Self { number: Some(number), scopes: Vec::new(), layers: None }
    }

    /// Puts an operation where the layers around it now have it; whether it is canceled.
    pub(crate) fn enroll(&mut self, ctx: &Ctx, ticket: Ticket) -> bool {
        let layers = ctx.runtime.layers.present();
        if self.scopes.is_empty() || !same(self.layers.as_ref(), layers.as_ref()) {
            self.leave();
            self.scopes = ctx.reaching();
            self.layers = layers;
            let number = self.number(ctx);
            for scope in &self.scopes {
                scope.tickets.borrow_mut().insert(number, ticket);
            }
        }
        self.scopes.iter().any(|scope| scope.is_canceled())
    }

    /// Lets this waker know of a cancellation that reaches what is being polled now.
    pub(crate) fn watch(&mut self, ctx: &Ctx, waker: &Waker) {
        self.watch_scopes(ctx, ctx.reaching(), waker);
    }

    /// Lets this waker know of any cancellation around what is being polled now.
    pub(crate) fn watch_beyond_shields(&mut self, ctx: &Ctx, waker: &Waker) {
        self.watch_scopes(ctx, ctx.scopes(false), waker);
    }

    fn watch_scopes(&mut self, ctx: &Ctx, scopes: Vec<Rc<Scope>>, waker: &Waker) {
        let number = self.number(ctx);
        let before = std::mem::replace(&mut self.scopes, scopes);
        for scope in before.iter().filter(|before| !self.scopes.iter().any(|scope| Rc::ptr_eq(scope, before))) {
            drop(scope.watchers.take(&number));
        }
        for scope in &self.scopes {
            scope.watchers.put(number, waker);
        }
    }

    /// The number that orders it among others.
    pub(crate) fn number(&mut self, ctx: &Ctx) -> u64 {
        *self.number.get_or_insert_with(|| ctx.runtime.next_number())
    }

    /// Leaves all scopes.
    pub(crate) fn leave(&mut self) {
        let Some(number) = self.number else { return };
        self.layers = None;
        for scope in std::mem::take(&mut self.scopes) {
            scope.tickets.borrow_mut().remove(&number);
            drop(scope.watchers.take(&number));
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership").field("number", &self.number).finish_non_exhaustive()
    }
}
