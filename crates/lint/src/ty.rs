//! The types of expressions, as far as declarations nearby say them: fields, parameters, annotations, constructors.

use syn::{GenericArgument, PathArguments, Type};

use crate::forbidden::usual_name;
use crate::index::{Index, plain};

/// A type by its path, with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ty {
    pub(crate) path: String,
    pub(crate) arguments: Vec<Self>,
}

/// What lets the methods of the type inside through.
const TRANSPARENT: [&str; 6] = ["Rc", "Arc", "Box", "Ref", "RefMut", "Cow"];

impl Ty {
    /// Without the modules in front.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit("::").next().unwrap_or_default()
    }

    /// Inside of what lets methods through.
    pub(crate) fn peeled(&self) -> &Self {
        match self.arguments.first() {
            Some(inner) if TRANSPARENT.contains(&self.name()) => inner.peeled(),
            _ => self,
        }
    }

    /// Whether it is a map or a set whose order differs from process to process. With a hasher of its own it need not.
    pub(crate) fn is_hashed(&self) -> bool {
        match self.path.as_str() {
            "std::collections::HashMap" => self.arguments.len() < 3,
            "std::collections::HashSet" => self.arguments.len() < 2,
            _ => false,
        }
    }

    /// The type that a method gives, where the method's name says it.
    pub(crate) fn after(&self, method: &str) -> Option<Self> {
        let this = self.peeled();
        let inside = || this.arguments.first().cloned();
        match (this.name(), method) {
            ("HashMap" | "BTreeMap", "get" | "get_mut" | "remove" | "insert") => {
                let value = this.arguments.get(1)?.clone();
                Some(Self { path: "Option".into(), arguments: vec![value] })
            }
            ("State", "get" | "take" | "replace") => inside(),
            (
                "Mutex" | "RwLock" | "RefCell",
                "lock" | "read" | "write" | "borrow" | "borrow_mut" | "try_lock" | "into_inner",
            ) => inside(),
            ("Option" | "Result", "unwrap" | "expect" | "unwrap_or_default" | "unwrap_or" | "unwrap_or_else") => {
                inside()
            }
            (
                _,
                "clone" | "to_owned" | "as_ref" | "as_mut" | "by_ref" | "borrow" | "borrow_mut" | "unwrap" | "expect",
            ) => Some(this.clone()),
            _ => None,
        }
    }
}

impl Index {
    /// A type as it is written in a module.
    pub(crate) fn ty(&self, module: usize, owner: Option<&str>, written: &Type) -> Option<Ty> {
        self.ty_within(module, owner, written, 8)
    }

    fn ty_within(&self, module: usize, owner: Option<&str>, written: &Type, depth: usize) -> Option<Ty> {
        match written {
            Type::Reference(reference) => self.ty_within(module, owner, &reference.elem, depth),
            Type::Paren(inner) => self.ty_within(module, owner, &inner.elem, depth),
            Type::Group(inner) => self.ty_within(module, owner, &inner.elem, depth),
            Type::Path(path) if path.qself.is_none() => {
                let names: Vec<String> = path.path.segments.iter().map(|segment| plain(&segment.ident)).collect();
                let arguments = match &path.path.segments.last()?.arguments {
                    PathArguments::AngleBracketed(list) => list
                        .args
                        .iter()
                        .filter_map(|argument| match argument {
                            GenericArgument::Type(inner) => {
                                Some(self.ty_within(module, owner, inner, depth).unwrap_or(unknown()))
                            }
                            _ => None,
                        })
                        .collect(),
                    _ => Vec::new(),
                };
                if let ([only], Some(owner)) = (&names[..], owner)
                    && only == "Self"
                {
                    return Some(Ty { path: owner.to_owned(), arguments });
                }
                self.ty_of_names(module, &names, arguments, depth)
            }
            _ => None,
        }
    }

    /// A type of this name, with these arguments.
    pub(crate) fn ty_of_names(&self, module: usize, names: &[String], arguments: Vec<Ty>, depth: usize) -> Option<Ty> {
        let candidates: Vec<String> = self.resolve(module, names).iter().map(|path| usual_name(path)).collect();
        let known = |path: &&String| self.types.contains_key(*path) || path.starts_with("std::collections::Hash");
        let path = candidates.iter().find(known).or(candidates.first())?.clone();
        if depth > 0
            && let Some(definition) = self.types.get(&path)
            && let Some(alias) = &definition.alias
        {
            return self.ty_within(definition.module, None, alias, depth - 1);
        }
        Some(Ty { path, arguments })
    }

    /// The type of a field.
    pub(crate) fn field(&self, owner: &Ty, name: &str) -> Option<Ty> {
        let owner = owner.peeled();
        let definition = self.types.get(&owner.path)?;
        self.ty(definition.module, Some(&owner.path), definition.fields.get(name)?)
    }
}

fn unknown() -> Ty {
    Ty { path: String::new(), arguments: Vec::new() }
}
