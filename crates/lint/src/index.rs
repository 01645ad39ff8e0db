//! What a workspace defines: modules with their imports, functions, types, statics, and which of them are workflows.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenTree;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Fields, ImplItem, Item, ItemFn, ItemImpl, Signature, Type, UseTree, Visibility};

use crate::source::{Parsed, attributes};

/// A module, or the inside of a function with items of its own.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// With the name of its crate in front.
    pub(crate) path: Vec<String>,
    /// The module around the inside of a function: its names are visible inside.
    pub(crate) around: Option<usize>,
    pub(crate) uses: BTreeMap<String, Vec<String>>,
    pub(crate) globs: Vec<Vec<String>>,
    /// What is defined in it.
    pub(crate) names: BTreeSet<String>,
}

/// What a function is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The main function of a workflow.
    Run,
    /// A signal or an update; `waits` if it is async and must not be cut off.
    Handler {
        waits: bool,
    },
    /// It may only look.
    Query,
    Validator,
    Init,
    /// Beside these, in the block of a workflow.
    Helper,
    /// What runs once and is recorded.
    Activity,
    Test,
    Plain,
}

impl Role {
    /// Whether it runs in a workflow by itself.
    pub(crate) fn is_in_workflow(self) -> bool {
        !matches!(self, Self::Activity | Self::Test | Self::Plain)
    }

    pub(crate) fn may_only_look(self) -> bool {
        matches!(self, Self::Query | Self::Validator)
    }
}

#[derive(Debug)]
pub(crate) struct Function {
    /// For people: without the crate and the modules.
    pub(crate) short: String,
    pub(crate) module: usize,
    pub(crate) source: usize,
    /// The type whose method it is.
    pub(crate) owner: Option<String>,
    pub(crate) role: Role,
    pub(crate) signature: Signature,
    pub(crate) block: Block,
}

#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) module: usize,
    pub(crate) fields: BTreeMap<String, Type>,
    /// What it is another name for.
    pub(crate) alias: Option<Type>,
}

#[derive(Debug)]
pub(crate) struct Static {
    pub(crate) module: usize,
    pub(crate) mutable: bool,
    pub(crate) thread_local: bool,
    pub(crate) ty: Type,
}

/// Everything by its path.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) modules: Vec<Module>,
    pub(crate) module_by_path: BTreeMap<Vec<String>, usize>,
    pub(crate) functions: Vec<Function>,
    pub(crate) function_by_path: BTreeMap<String, usize>,
    pub(crate) types: BTreeMap<String, Definition>,
    pub(crate) statics: BTreeMap<String, Static>,
    /// The functions of each workflow.
    pub(crate) workflows: Vec<Vec<usize>>,
    /// The types that are workflows, for what they implement elsewhere.
    workflow_types: BTreeMap<String, usize>,
    /// The types that implement `Default`, and how.
    defaults: Vec<(String, usize)>,
}

impl Index {
    /// Adds a crate. `name` is how others call it; that of a binary or a test is one that nobody can write.
    pub(crate) fn add(&mut self, name: &str, mut modules: Vec<Parsed>) {
        modules.sort_by_key(|module| module.path.len());
        let mut later = Vec::new();
        for Parsed { path, source, items } in modules {
            let path: Vec<String> = std::iter::once(name.to_owned()).chain(path).collect();
            let module = self.module(path, None);
            later.extend(self.names(module, items).into_iter().map(|item| (module, source, item)));
        }
        for (module, source, item) in later {
            self.code(module, source, item);
        }
        for (owner, function) in std::mem::take(&mut self.defaults) {
            if let Some(workflow) = self.workflow_types.get(&owner) {
                // How the state of a workflow begins, without an `#[init]` function.
                self.functions[function].role = Role::Init;
                self.workflows[*workflow].push(function);
            }
        }
    }

    fn module(&mut self, path: Vec<String>, around: Option<usize>) -> usize {
        let index = self.modules.len();
        if let Some((name, parent)) = path.split_last()
            && let Some(parent) = self.module_by_path.get(parent)
        {
            self.modules[*parent].names.insert(name.clone());
        }
        self.module_by_path.insert(path.clone(), index);
        self.modules.push(Module { path, around, ..Module::default() });
        index
    }

    fn path_in(&self, module: usize, name: &str) -> String {
        format!("{}::{name}", self.modules[module].path.join("::"))
    }

    /// Notes what the items of a module are called. What has code is given back, to be looked at when all names are known.
    fn names(&mut self, module: usize, items: Vec<Item>) -> Vec<Item> {
        let mut code = Vec::new();
        for item in items {
            match item {
                Item::Fn(item) => {
                    self.modules[module].names.insert(plain(&item.sig.ident));
                    code.push(Item::Fn(item));
                }
                Item::Impl(item) => code.push(Item::Impl(item)),
                item => self.name(module, item),
            }
        }
        code
    }

    fn code(&mut self, module: usize, source: usize, item: Item) {
        match item {
            Item::Fn(item) => self.function(module, source, item),
            Item::Impl(item) => self.implementation(module, source, item),
            _ => {}
        }
    }

    fn name(&mut self, module: usize, item: Item) {
        match item {
            Item::Use(item) => {
                let leading = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
                self.import(module, leading, &item.tree);
            }
            Item::Struct(item) => {
                let named = match item.fields {
                    Fields::Named(fields) => fields.named.into_iter().collect(),
                    Fields::Unnamed(fields) => fields.unnamed.into_iter().collect(),
                    Fields::Unit => Vec::new(),
                };
                let name_of = |(index, field): (usize, &syn::Field)| match &field.ident {
                    Some(name) => name.to_string(),
                    None => index.to_string(),
                };
                let fields = named.iter().enumerate().map(|(index, field)| (name_of((index, field)), field.ty.clone()));
                let definition = Definition { module, fields: fields.collect(), alias: None };
                self.define(module, &item.ident.to_string(), definition);
            }
            Item::Type(item) => {
                let definition = Definition { module, fields: BTreeMap::new(), alias: Some(*item.ty) };
                self.define(module, &item.ident.to_string(), definition);
            }
            Item::Enum(item) => {
                self.modules[module].names.insert(item.ident.to_string());
            }
            Item::Const(item) => {
                self.modules[module].names.insert(item.ident.to_string());
            }
            Item::Trait(item) => {
                self.modules[module].names.insert(item.ident.to_string());
            }
            Item::Static(item) => {
                let mutable = !matches!(item.mutability, syn::StaticMutability::None);
                self.variable(
                    module,
                    &item.ident.to_string(),
                    Static { module, mutable, thread_local: false, ty: *item.ty },
                );
            }
            Item::Macro(item) if item.mac.path.segments.last().is_some_and(|last| last.ident == "thread_local") => {
                for (name, ty) in thread_locals(&item.mac.tokens) {
                    self.variable(module, &name, Static { module, mutable: false, thread_local: true, ty });
                }
            }
            _ => {}
        }
    }

    fn define(&mut self, module: usize, name: &str, definition: Definition) {
        self.modules[module].names.insert(name.to_owned());
        self.types.insert(self.path_in(module, name), definition);
    }

    fn variable(&mut self, module: usize, name: &str, variable: Static) {
        self.modules[module].names.insert(name.to_owned());
        self.statics.insert(self.path_in(module, name), variable);
    }

    fn import(&mut self, module: usize, prefix: Vec<String>, tree: &UseTree) {
        let with = |name: &syn::Ident| prefix.iter().cloned().chain([plain(name)]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => self.import(module, with(&path.ident), &path.tree),
            UseTree::Name(name) if name.ident == "self" => {
                if let Some(last) = prefix.last() {
                    self.modules[module].uses.insert(last.clone(), prefix.clone());
                }
            }
            UseTree::Name(name) => {
                let target = with(&name.ident);
                self.modules[module].uses.insert(plain(&name.ident), target);
            }
            UseTree::Rename(rename) => {
                let target = if rename.ident == "self" { prefix.clone() } else { with(&rename.ident) };
                self.modules[module].uses.insert(plain(&rename.rename), target);
            }
            UseTree::Glob(_) => self.modules[module].globs.push(prefix),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(module, prefix.clone(), tree);
                }
            }
        }
    }

    /// A function that stands alone. An activity and a workflow can be one.
    fn function(&mut self, module: usize, source: usize, item: ItemFn) {
        let role = match () {
            () if has(&item.attrs, "workflow") => Role::Run,
            () if has(&item.attrs, "activity") => Role::Activity,
            () if has(&item.attrs, "test") || has(&item.attrs, "rstest") => Role::Test,
            () => Role::Plain,
        };
        let name = item.sig.ident.to_string();
        let path = self.path_in(module, &name);
        let added = self.keep(module, source, path, name, None, role, item.sig, *item.block);
        if role == Role::Run {
            self.workflows.push(vec![added]);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all of it makes one function")]
    fn keep(
        &mut self,
        module: usize,
        source: usize,
        path: String,
        short: String,
        owner: Option<String>,
        role: Role,
        signature: Signature,
        block: Block,
    ) -> usize {
        let module = self.inside(module, source, &path, &block);
        let index = self.functions.len();
        self.function_by_path.entry(path).or_insert(index);
        self.functions.push(Function { short, module, source, owner, role, signature, block });
        index
    }

    /// The module for the inside of a function, if it has items of its own.
    fn inside(&mut self, module: usize, source: usize, path: &str, block: &Block) -> usize {
        let mut items = InnerItems::default();
        items.visit_block(block);
        if items.0.is_empty() {
            return module;
        }
        let inner = self.module(vec![format!("{path}::{{inside}}")], Some(module));
        for item in self.names(inner, items.0) {
            self.code(inner, source, item);
        }
        inner
    }

    fn implementation(&mut self, module: usize, source: usize, item: ItemImpl) {
        let Type::Path(named) = &*item.self_ty else { return };
        let Some(last) = named.path.segments.last() else { return };
        let name = last.ident.to_string();
        let owner = self.owner(module, &named.path);
        let is_workflow = has(&item.attrs, "workflow");
        let is_default = item.trait_.as_ref().is_some_and(|(path, ..)| path_ends(path, "Default"));
        let validators: BTreeSet<String> =
            item.items.iter().flat_map(|item| method_attributes(item).iter().filter_map(validator)).collect();
        let mut added = Vec::new();
        for item in item.items {
            let ImplItem::Fn(method) = item else { continue };
            let method_name = method.sig.ident.to_string();
            let role = match is_workflow {
                true => workflow_role(&method.attrs, &method.sig, &validators),
                false if has(&method.attrs, "activity") => Role::Activity,
                false => Role::Plain,
            };
            let path = format!("{owner}::{method_name}");
            let short = format!("{name}::{method_name}");
            let index = self.keep(module, source, path, short, Some(owner.clone()), role, method.sig, method.block);
            added.push(index);
            if is_default {
                self.defaults.push((owner.clone(), index));
            }
        }
        if is_workflow {
            self.workflow_types.insert(owner, self.workflows.len());
            self.workflows.push(added);
        }
    }

    /// The full path of the type of an `impl`, as far as that can be known before all modules are there.
    fn owner(&self, module: usize, path: &syn::Path) -> String {
        let segments: Vec<String> = path.segments.iter().map(|segment| plain(&segment.ident)).collect();
        let mut scope = Some(module);
        while let Some(index) = scope {
            let module = &self.modules[index];
            if let Some(target) = module.uses.get(&segments[0]) {
                let rest = target.iter().chain(&segments[1..]).cloned().collect::<Vec<_>>();
                let from = self.outermost(index);
                return self.rooted(from, &rest).join("::");
            }
            if module.names.contains(&segments[0]) || module.around.is_none() {
                break;
            }
            scope = module.around;
        }
        let from = scope.unwrap_or(module);
        self.rooted(from, &segments).join("::")
    }

    /// The name of the crate that a module is in.
    pub(crate) fn crate_of(&self, module: usize) -> Option<&str> {
        self.modules[self.outermost(module)].path.first().map(String::as_str)
    }

    /// The module around all functions.
    pub(crate) fn outermost(&self, mut module: usize) -> usize {
        while let Some(around) = self.modules[module].around {
            module = around;
        }
        module
    }

    /// A path with `crate`, `self` and `super` in front replaced, and others put below the module.
    fn rooted(&self, module: usize, path: &[String]) -> Vec<String> {
        match self.absolute(module, path) {
            Some(absolute) => absolute,
            None => self.modules[module].path.iter().chain(path).cloned().collect(),
        }
    }

    /// A path that says itself where it begins: at the crate, the module, the one above, or outside.
    pub(crate) fn absolute(&self, module: usize, path: &[String]) -> Option<Vec<String>> {
        let mut at = self.modules[self.outermost(module)].path.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "" => return Some(path[1..].to_vec()),
            "crate" | "$crate" => {
                at.truncate(1);
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|first| first == "super") {
                    at.pop();
                    rest = &rest[1..];
                }
            }
            _ => return None,
        }
        at.extend(rest.iter().cloned());
        Some(at)
    }
}

/// The items between the statements of a function, not those of the functions in it.
#[derive(Default)]
struct InnerItems(Vec<Item>);

impl<'ast> Visit<'ast> for InnerItems {
    fn visit_item(&mut self, item: &'ast Item) {
        if !attributes(item).iter().any(|attribute| attribute.path().is_ident("cfg")) {
            self.0.push(item.clone());
        }
    }

    fn visit_expr_block(&mut self, block: &'ast syn::ExprBlock) {
        visit::visit_expr_block(self, block);
    }
}

/// An identifier without `r#`.
pub(crate) fn plain(name: &syn::Ident) -> String {
    name.to_string().trim_start_matches("r#").to_owned()
}

fn path_ends(path: &syn::Path, name: &str) -> bool {
    path.segments.last().is_some_and(|last| last.ident == name)
}

/// Whether there is an attribute of this name, however its path is written.
fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| path_ends(attribute.path(), name))
}

fn method_attributes(item: &ImplItem) -> &[Attribute] {
    match item {
        ImplItem::Fn(method) => &method.attrs,
        _ => &[],
    }
}

fn workflow_role(attributes: &[Attribute], signature: &Signature, validators: &BTreeSet<String>) -> Role {
    let abandons = |attribute: &Attribute| match &attribute.meta {
        syn::Meta::List(list) => list.tokens.to_string().replace(' ', "").contains("unfinished_policy=Abandon"),
        _ => false,
    };
    match () {
        () if has(attributes, "run") => Role::Run,
        () if has(attributes, "query") => Role::Query,
        () if has(attributes, "init") => Role::Init,
        () if has(attributes, "signal") || has(attributes, "update") => {
            Role::Handler { waits: signature.asyncness.is_some() && !attributes.iter().any(abandons) }
        }
        () if validators.contains(&signature.ident.to_string()) => Role::Validator,
        () => Role::Helper,
    }
}

/// The function that `validator = name` names.
fn validator(attribute: &Attribute) -> Option<String> {
    let syn::Meta::List(list) = &attribute.meta else { return None };
    let mut tokens = list.tokens.clone().into_iter();
    tokens.find(|token| matches!(token, TokenTree::Ident(name) if name == "validator"))?;
    tokens.next().filter(|token| matches!(token, TokenTree::Punct(equals) if equals.as_char() == '='))?;
    match tokens.next()? {
        TokenTree::Ident(name) => Some(name.to_string()),
        _ => None,
    }
}

/// The variables of a `thread_local!`.
fn thread_locals(tokens: &proc_macro2::TokenStream) -> Vec<(String, Type)> {
    struct Variables(Vec<(String, Type)>);
    impl syn::parse::Parse for Variables {
        fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
            let mut found = Vec::new();
            while !input.is_empty() {
                Attribute::parse_outer(input)?;
                input.parse::<Visibility>()?;
                input.parse::<syn::Token![static]>()?;
                let name: syn::Ident = input.parse()?;
                input.parse::<syn::Token![:]>()?;
                let ty: Type = input.parse()?;
                input.parse::<syn::Token![=]>()?;
                input.parse::<Option<syn::Token![const]>>()?;
                input.parse::<syn::Expr>()?;
                input.parse::<Option<syn::Token![;]>>()?;
                found.push((name.to_string(), ty));
            }
            Ok(Self(found))
        }
    }
    syn::parse2::<Variables>(tokens.clone()).map(|variables| variables.0).unwrap_or_default()
}
