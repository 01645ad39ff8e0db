//! One function, from its first statement to its last: what is wrong in it, and what it calls.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprClosure, ExprForLoop, ExprPath, FnArg, Local, Pat, Stmt};

use crate::forbidden::{FUNCTIONS, Group, look_up, usual_name};
use crate::index::{Function, Index, Role, plain};
use crate::rule::Rule;
use crate::source::Place;
use crate::ty::Ty;

/// The crates that workflows stand on, where they are part of the workspace.
const PLATFORM: [&str; 6] =
    ["perpetua", "perpetua_contract", "perpetua_convert", "perpetua_core", "perpetua_vocab", "perpetua_workflow"];

/// A function, and whether it runs where one may only look.
pub(crate) type Call = (usize, bool);

/// Something wrong, before anybody has asked whether it is allowed.
#[derive(Clone, Debug)]
pub(crate) struct Suspicion {
    pub(crate) rule: Rule,
    pub(crate) place: Place,
    /// The line on which its statement begins.
    pub(crate) statement: usize,
    pub(crate) title: String,
    pub(crate) label: String,
    /// It is nothing if one of these continues as new.
    pub(crate) unless_continues: Vec<Call>,
}

/// What is known of a function.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) suspicions: Vec<Suspicion>,
    pub(crate) calls: Vec<Call>,
    pub(crate) awaits: bool,
    pub(crate) waits_for_handlers: bool,
    pub(crate) continues: bool,
}

/// Goes through a function. `looking`: whether it may only look.
pub(crate) fn walk(index: &Index, function: &Function, looking: bool) -> Walked {
    let looking = looking || function.role.may_only_look();
    let mut walk = Walk {
        index,
        function,
        variables: Vec::new(),
        looking,
        recorded: false,
        silent: false,
        nested: 0,
        sorted: Vec::new(),
        awaited: false,
        statement: function.signature.span().start().line,
        walked: Walked::default(),
    };
    for input in &function.signature.inputs {
        match input {
            FnArg::Receiver(_) => {
                let owner = function.owner.clone().map(|path| Ty { path, arguments: Vec::new() });
                walk.variables.push(("self".into(), owner));
            }
            FnArg::Typed(typed) => walk.bind(&typed.pat, walk.written(&typed.ty)),
        }
    }
    walk.visit_block(&function.block);
    walk.walked
}

pub(crate) struct Walk<'a> {
    pub(crate) index: &'a Index,
    pub(crate) function: &'a Function,
    variables: Vec<(String, Option<Ty>)>,
    /// Whether this may only look: a query, a condition.
    pub(crate) looking: bool,
    /// Whether what this gives is recorded once: the closure of a side effect.
    pub(crate) recorded: bool,
    /// Whether this does not run on a replay.
    silent: bool,
    /// In how many closures and async blocks this is.
    pub(crate) nested: usize,
    /// The variables that are sorted in the blocks around.
    sorted: Vec<String>,
    /// Whether the expression that comes next is awaited by what it is given to.
    pub(crate) awaited: bool,
    pub(crate) statement: usize,
    pub(crate) walked: Walked,
}

impl Walk<'_> {
    pub(crate) fn suspect(&mut self, rule: Rule, span: Span, title: impl Into<String>, label: impl Into<String>) {
        let exempt = match rule {
            Rule::Printing => self.silent || self.recorded,
            Rule::Clock
            | Rule::Randomness
            | Rule::Environment
            | Rule::InputOutput
            | Rule::HashOrder
            | Rule::ProcessState => self.recorded,
            _ => false,
        };
        if exempt {
            return;
        }
        self.walked.suspicions.push(Suspicion {
            rule,
            place: Place::of(self.function.source, span),
            statement: self.statement,
            title: title.into(),
            label: label.into(),
            unless_continues: Vec::new(),
        });
    }

    pub(crate) fn forbidden(&mut self, group: &Group, name: &str, span: Span) {
        self.suspect(group.rule, span, format!("`{name}`: {}", group.why), group.instead);
    }

    /// Something that runs with what was declared inside forgotten afterwards.
    pub(crate) fn scoped(&mut self, run: impl FnOnce(&mut Self)) {
        let kept = self.variables.len();
        run(self);
        self.variables.truncate(kept);
    }

    /// Something inside of a closure or an async block.
    fn inside(&mut self, run: impl FnOnce(&mut Self)) {
        self.nested += 1;
        self.scoped(run);
        self.nested -= 1;
    }

    pub(crate) fn visit_awaited(&mut self, expression: &Expr) {
        self.awaited = true;
        self.visit_expr(expression);
        self.awaited = false;
    }

    fn written(&self, ty: &syn::Type) -> Option<Ty> {
        self.index.ty(self.function.module, self.function.owner.as_deref(), ty)
    }

    fn bind(&mut self, pattern: &Pat, ty: Option<Ty>) {
        match pattern {
            Pat::Ident(name) => self.variables.push((plain(&name.ident), ty)),
            Pat::Type(typed) => self.bind(&typed.pat, self.written(&typed.ty)),
            Pat::Reference(inner) => self.bind(&inner.pat, ty),
            other => self.visit_pat(other),
        }
    }

    /// The paths that a path may stand for, by their usual names.
    pub(crate) fn meanings(&self, path: &syn::Path) -> Vec<String> {
        let mut names: Vec<String> = path.segments.iter().map(|segment| plain(&segment.ident)).collect();
        if let (Some(owner), [first, rest @ ..]) = (&self.function.owner, &names[..])
            && first == "Self"
        {
            return vec![[std::slice::from_ref(owner), rest].concat().join("::")];
        }
        if path.leading_colon.is_some() {
            names.insert(0, String::new());
        }
        let mut meanings: Vec<String> =
            self.index.resolve(self.function.module, &names).iter().map(|path| usual_name(path)).collect();
        if let [of @ .., last] = &names[..]
            && !of.is_empty()
            && let Some(ty) = self.index.ty_of_names(self.function.module, of, Vec::new(), 8)
        {
            let method = format!("{}::{last}", ty.path);
            if !meanings.contains(&method) {
                meanings.push(method);
            }
        }
        meanings
    }

    fn path(&mut self, path: &syn::Path) {
        if let Some(only) = path.get_ident()
            && self.variable(&plain(only)).is_some()
        {
            return;
        }
        let meanings = self.meanings(path);
        for meaning in &meanings {
            if let Some(group) = look_up(FUNCTIONS, meaning) {
                return self.forbidden(group, meaning, path.span());
            }
            if let Some(variable) = self.index.statics.get(meaning) {
                return self.process_state(variable, path);
            }
            let activity = meaning.strip_suffix("::call").and_then(|name| self.index.function_by_path.get(name));
            if activity.is_some_and(|function| self.index.functions[*function].role == Role::Activity) {
                let title = "the function of an activity is called inside the workflow";
                return self.suspect(Rule::ActivityCalled, path.span(), title, "use `ctx.activity(..)`");
            }
        }
        if path.segments.last().is_some_and(|last| last.ident == "continue_as_new") {
            self.walked.continues = true;
        }
        if let Some(function) = self.index.function_of(&meanings) {
            self.calls(function);
        }
    }

    /// Notes that a function is called. Where an activity is named, only its description is made; what the platform does is
    /// its own affair.
    pub(crate) fn calls(&mut self, function: usize) {
        let Function { role, module, .. } = &self.index.functions[function];
        let of_platform = self.index.crate_of(*module).is_some_and(|name| PLATFORM.contains(&name));
        if *role != Role::Activity && !of_platform && !self.recorded {
            self.walked.calls.push((function, self.looking));
        }
    }

    fn process_state(&mut self, variable: &crate::index::Static, path: &syn::Path) {
        let ty = self.index.ty(variable.module, None, &variable.ty);
        let name = ty.as_ref().map(|ty| lazily(ty).name().to_owned()).unwrap_or_default();
        let changes = variable.mutable
            || name.starts_with("Atomic")
            || ["Mutex", "RwLock", "Cell", "RefCell", "UnsafeCell", "DashMap", "OnceCell"].contains(&name.as_str())
            || (variable.thread_local && name == "LazyCell");
        if changes {
            let shown = path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
            let title = format!("`{shown}` belongs to the process and can change");
            self.suspect(Rule::ProcessState, path.span(), title, "keep it in a field `State<T>` of the workflow");
        }
    }

    fn is_sorted(&self, pattern: &Pat) -> bool {
        match pattern {
            Pat::Ident(name) => self.sorted.contains(&plain(&name.ident)),
            Pat::Type(typed) => self.is_sorted(&typed.pat),
            _ => false,
        }
    }

    fn variable(&self, name: &str) -> Option<&Option<Ty>> {
        self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, ty)| ty)
    }

    /// The type of an expression, if something nearby says it.
    pub(crate) fn type_of(&self, expression: &Expr) -> Option<Ty> {
        match expression {
            Expr::Path(path) => match path.path.get_ident().and_then(|name| self.variable(&plain(name))) {
                Some(known) => known.clone(),
                None => {
                    let meanings = self.meanings(&path.path);
                    let variable = meanings.iter().find_map(|path| self.index.statics.get(path))?;
                    self.index.ty(variable.module, None, &variable.ty)
                }
            },
            Expr::Field(field) => {
                let name = match &field.member {
                    syn::Member::Named(name) => plain(name),
                    syn::Member::Unnamed(index) => index.index.to_string(),
                };
                self.index.field(&self.type_of(&field.base)?, &name)
            }
            Expr::Reference(inner) => self.type_of(&inner.expr),
            Expr::Paren(inner) => self.type_of(&inner.expr),
            Expr::Group(inner) => self.type_of(&inner.expr),
            Expr::Unary(inner) => self.type_of(&inner.expr),
            Expr::Try(inner) => self.type_of(&inner.expr)?.after("unwrap"),
            Expr::Struct(literal) => self.named(&literal.path, Vec::new()),
            Expr::Call(call) => self.type_of_call(call),
            Expr::MethodCall(call) => {
                if call.method == "collect"
                    && let Some(turbofish) = &call.turbofish
                    && let Some(syn::GenericArgument::Type(ty)) = turbofish.args.first()
                {
                    return self.written(ty);
                }
                let receiver = self.type_of(&call.receiver)?;
                let method = plain(&call.method);
                let ours = self.index.function_by_path.get(&format!("{}::{method}", receiver.peeled().path));
                ours.map_or_else(|| receiver.after(&method), |function| self.returned(*function))
            }
            _ => None,
        }
    }

    fn type_of_call(&self, call: &ExprCall) -> Option<Ty> {
        let Expr::Path(called) = &*call.func else { return None };
        if let Some(function) = self.index.function_of(&self.meanings(&called.path)) {
            return self.returned(function);
        }
        let mut of = called.path.clone();
        of.segments.pop();
        of.segments.pop_punct();
        if of.segments.last().is_some_and(|last| last.ident.to_string().starts_with(char::is_uppercase)) {
            let arguments = call.args.iter().map(|argument| self.type_of(argument)).next().flatten();
            return self.named(&of, arguments.into_iter().collect());
        }
        None
    }

    fn returned(&self, function: usize) -> Option<Ty> {
        let function = &self.index.functions[function];
        match &function.signature.output {
            syn::ReturnType::Type(_, ty) => self.index.ty(function.module, function.owner.as_deref(), ty),
            syn::ReturnType::Default => None,
        }
    }

    /// The type of this path, whose constructor was given these arguments if it is one that holds something.
    fn named(&self, path: &syn::Path, arguments: Vec<Ty>) -> Option<Ty> {
        let written = syn::Type::Path(syn::TypePath { attrs: Vec::new(), qself: None, path: path.clone() });
        let mut ty = self.written(&written)?;
        if ty.arguments.is_empty() && !ty.is_hashed() {
            ty.arguments = arguments;
        }
        Some(ty)
    }

    fn for_loop(&mut self, each: &ExprForLoop) {
        if let Some(ty) = self.type_of(&each.expr)
            && ty.peeled().is_hashed()
        {
            self.hash_order(ty.peeled(), each.expr.span());
        }
        self.visit_expr(&each.expr);
        self.scoped(|walk| {
            walk.visit_pat(&each.pat);
            walk.visit_block(&each.body);
        });
    }

    pub(crate) fn hash_order(&mut self, ty: &Ty, span: Span) {
        let ordered = if ty.name() == "HashMap" { "BTreeMap" } else { "BTreeSet" };
        let title = format!("the order of a `{}` differs from process to process", ty.name());
        self.suspect(Rule::HashOrder, span, title, format!("use a `{ordered}`, or sort first"));
    }

    fn closure(&mut self, closure: &ExprClosure, first: Option<Ty>) {
        self.inside(|walk| {
            for (index, input) in closure.inputs.iter().enumerate() {
                walk.bind(input, first.clone().filter(|_| index == 0));
            }
            walk.visit_expr(&closure.body);
        });
    }

    /// An argument; `first` is the type of a closure's first parameter, where it is known.
    pub(crate) fn argument(&mut self, argument: &Expr, first: Option<Ty>) {
        match argument {
            Expr::Closure(closure) => self.closure(closure, first),
            other => self.visit_expr(other),
        }
    }

    fn call(&mut self, call: &ExprCall) {
        let name = match &*call.func {
            Expr::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default(),
            _ => String::new(),
        };
        let before = self.walked.suspicions.len();
        self.visit_expr(&call.func);
        let leaves = self.walked.suspicions[before..].iter().any(|found| found.rule == Rule::ForeignTask);
        if leaves {
            // What runs elsewhere is not workflow code; that it runs elsewhere has been said.
            return;
        }
        let recorded = self.recorded;
        self.recorded |= name == "unguarded";
        for argument in &call.args {
            self.visit_expr(argument);
        }
        self.recorded = recorded;
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        let awaited = std::mem::take(&mut self.awaited);
        match expression {
            Expr::MethodCall(_) | Expr::Await(_) | Expr::Try(_) => self.chain(expression, awaited),
            Expr::Path(ExprPath { qself: None, path, .. }) => self.path(path),
            Expr::Macro(called) => self.called_macro(&called.mac),
            Expr::Call(call) => self.call(call),
            Expr::Closure(closure) => self.closure(closure, None),
            Expr::Async(block) => self.inside(|walk| walk.visit_block(&block.block)),
            Expr::ForLoop(each) => self.for_loop(each),
            Expr::Loop(endless) => self.endless(endless.loop_token.span(), &endless.body),
            Expr::While(each) if is_true(&each.cond) => self.endless(each.while_token.span(), &each.body),
            Expr::If(choice) => {
                let live_only = is_not_replaying(&choice.cond);
                self.scoped(|walk| {
                    walk.visit_expr(&choice.cond);
                    let silent = walk.silent;
                    walk.silent |= live_only;
                    walk.visit_block(&choice.then_branch);
                    walk.silent = silent;
                });
                if let Some((_, otherwise)) = &choice.else_branch {
                    self.visit_expr(otherwise);
                }
            }
            other => visit::visit_expr(self, other),
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.scoped(|walk| visit::visit_arm(walk, arm));
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        let kept = self.sorted.len();
        self.sorted.extend(block.stmts.iter().filter_map(sorts));
        self.scoped(|walk| visit::visit_block(walk, block));
        self.sorted.truncate(kept);
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let outer = std::mem::replace(&mut self.statement, statement.span().start().line);
        match statement {
            Stmt::Macro(called) => self.called_macro(&called.mac),
            other => visit::visit_stmt(self, other),
        }
        self.statement = outer;
    }

    fn visit_local(&mut self, local: &'ast Local) {
        let mut ty = None;
        if let Some(init) = &local.init {
            let before = self.walked.suspicions.len();
            self.visit_expr(&init.expr);
            if self.is_sorted(&local.pat) {
                let mut index = 0;
                self.walked.suspicions.retain(|found| {
                    index += 1;
                    index <= before || found.rule != Rule::HashOrder
                });
            }
            ty = self.type_of(&init.expr);
            if let Some((_, otherwise)) = &init.diverge {
                self.visit_expr(otherwise);
            }
        }
        self.bind(&local.pat, ty);
    }

    /// A name that is bound anew hides what it meant before.
    fn visit_pat_ident(&mut self, name: &'ast syn::PatIdent) {
        self.variables.push((plain(&name.ident), None));
    }

    /// Functions inside of functions are looked at when they are called.
    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

/// Inside of what is made when it is first used.
fn lazily(ty: &Ty) -> &Ty {
    match ty.arguments.first() {
        Some(inner) if ["LazyLock", "LazyCell", "Lazy", "Arc", "Box", "Rc"].contains(&ty.name()) => lazily(inner),
        _ => ty,
    }
}

/// The variable that a statement sorts.
fn sorts(statement: &Stmt) -> Option<String> {
    match statement {
        Stmt::Expr(Expr::MethodCall(call), _) if call.method.to_string().starts_with("sort") => match &*call.receiver {
            Expr::Path(path) => path.path.get_ident().map(plain),
            _ => None,
        },
        _ => None,
    }
}

fn is_true(condition: &Expr) -> bool {
    matches!(condition, Expr::Lit(literal) if matches!(&literal.lit, syn::Lit::Bool(value) if value.value))
}

/// `!ctx.is_replaying()`.
fn is_not_replaying(condition: &Expr) -> bool {
    match condition {
        Expr::Unary(not) if matches!(not.op, syn::UnOp::Not(_)) => {
            matches!(&*not.expr, Expr::MethodCall(call) if call.method == "is_replaying")
        }
        Expr::Binary(both) if matches!(both.op, syn::BinOp::And(_)) => {
            is_not_replaying(&both.left) || is_not_replaying(&both.right)
        }
        _ => false,
    }
}
