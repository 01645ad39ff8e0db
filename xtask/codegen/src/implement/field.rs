//! A field, as its attribute describes it, and the lines that write, measure and read it.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Path, Token};

use crate::Outcome;

/// A field of a message, or a variant of a oneof.
pub(super) struct Field {
    pub(super) kind: Kind,
    pub(super) label: Label,
    /// Its number; for a oneof, those of its variants.
    tags: Vec<u32>,
}

/// What is in a field.
pub(super) enum Kind {
    /// A value without fields, by its name in protobuf, which is that of a module.
    Scalar(String),
    /// A number that stands for a value of this enum.
    Enumeration(Path),
    Message,
    /// By key, a scalar. Values are scalars, enums or messages.
    Map(String, Box<Self>),
    Oneof,
}

/// How often a field is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// Once; absent if it is the default.
    Plain,
    Optional,
    /// As often as one likes. Numbers come in one piece.
    Repeated,
    /// Numbers, each in a piece of its own.
    Unpacked,
}

impl Field {
    /// Takes the attribute `prost` out of a list of attributes and reads it.
    pub(super) fn take(attributes: &mut Vec<Attribute>) -> Outcome<Self> {
        let at = attributes.iter().position(|attribute| attribute.path().is_ident("prost"));
        let attribute = attributes.remove(at.ok_or("a field without an attribute")?);
        let mut kind = None;
        let mut label = Label::Plain;
        let mut tags = Vec::new();
        for meta in attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)? {
            let name = meta.path().get_ident().ok_or("an attribute with a path")?.to_string();
            match (name.as_str(), text(&meta).as_deref()) {
                ("tag" | "tags", Some(numbers)) => {
                    tags = numbers.split(',').map(|number| number.trim().parse()).collect::<Result<_, _>>()?;
                }
                ("optional", None) => label = Label::Optional,
                ("repeated", None) => label = Label::Repeated,
                // The type says it; the code is the same.
                ("boxed", None) => {}
                ("packed", Some("false")) => label = Label::Unpacked,
                ("oneof", Some(_)) => kind = Some(Kind::Oneof),
                ("enumeration", Some(path)) => kind = Some(Kind::Enumeration(syn::parse_str(path)?)),
                ("btree_map", Some(types)) => kind = Some(Kind::map(types)?),
                ("bytes", Some(_)) => kind = Some(Kind::Scalar("bytes".to_owned())),
                ("message", None) => kind = Some(Kind::Message),
                (scalar, None) => kind = Some(Kind::scalar(scalar)?),
                (other, Some(_)) => return Err(format!("an unknown attribute, {other}").into()),
            }
        }
        let kind = kind.ok_or("a field without a type")?;
        if tags.is_empty() {
            return Err("a field without a number".into());
        }
        Ok(Self { kind, label, tags })
    }

    /// The place of a field in what is written.
    pub(super) fn first_tag(&self) -> u32 {
        self.tags.iter().copied().min().expect("a field has a number")
    }

    /// Its numbers, as a pattern.
    pub(super) fn pattern(&self) -> String {
        self.tags.iter().map(u32::to_string).collect::<Vec<_>>().join(" | ")
    }

    /// Writes `value`, a reference; nothing if it is the default.
    pub(super) fn put(&self, value: &str) -> String {
        let tag = self.first_tag();
        match &self.kind {
            Kind::Oneof => format!("oneof::put({value}, buf)"),
            Kind::Map(key, inner) => {
                let inner = inner.module();
                format!("map::put({key}::write, {key}::size, {inner}::write, {inner}::size, {tag}, {value}, buf)")
            }
            kind => format!("{}::{}({tag}, {value}, buf)", kind.module(), self.label.named("put")),
        }
    }

    /// How many bytes `value`, a reference, takes; none if it is the default.
    pub(super) fn len(&self, value: &str) -> String {
        let tag = self.first_tag();
        match &self.kind {
            Kind::Oneof => format!("oneof::len({value})"),
            Kind::Map(key, inner) => format!("map::len({key}::size, {}::size, {tag}, {value})", inner.module()),
            kind => format!("{}::{}({tag}, {value})", kind.module(), self.label.named("len")),
        }
    }

    /// Reads into `value`, an exclusive reference.
    pub(super) fn merge(&self, value: &str) -> String {
        match &self.kind {
            Kind::Oneof => format!("oneof::merge({value}, tag, wire, buf, ctx)"),
            Kind::Map(key, inner) => {
                format!("map::merge({key}::merge, {}::merge, wire, {value}, buf, ctx)", inner.module())
            }
            kind => format!("{}::{}(wire, {value}, buf, ctx)", kind.module(), self.label.named("merge")),
        }
    }

    /// Writes `value`, a reference, whether it is the default or not.
    pub(super) fn write(&self, value: &str) -> String {
        format!("{}::write({}, {value}, buf)", self.kind.module(), self.first_tag())
    }

    /// How many bytes `value`, a reference, takes, whether it is the default or not.
    pub(super) fn size(&self, value: &str) -> String {
        format!("{}::size({}, {value})", self.kind.module(), self.first_tag())
    }

    /// The enum that the numbers of the field stand for.
    pub(super) fn enumeration(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Enumeration(path) => Some(path),
            Kind::Map(_, inner) => match &**inner {
                Kind::Enumeration(path) => Some(path),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Kind {
    fn scalar(name: &str) -> Outcome<Self> {
        match name {
            "string" | "bytes" | "bool" | "double" | "float" | "int32" | "int64" | "uint32" => {
                Ok(Self::Scalar(name.to_owned()))
            }
            other => Err(format!("a type that `perpetua_proto::codec` does not have yet, {other}").into()),
        }
    }

    fn map(types: &str) -> Outcome<Self> {
        let (key, value) = types.split_once(',').ok_or("a map without a value")?;
        let (key, value) = (key.trim(), value.trim());
        let value = match value.strip_prefix("enumeration(").and_then(|rest| rest.strip_suffix(')')) {
            Some(path) => Self::Enumeration(syn::parse_str(path)?),
            None if value == "message" => Self::Message,
            None => Self::scalar(value)?,
        };
        match Self::scalar(key)? {
            Self::Scalar(key) => Ok(Self::Map(key, Box::new(value))),
            _ => Err("a key that is no scalar".into()),
        }
    }

    /// The module with the functions for it.
    fn module(&self) -> &str {
        match self {
            Self::Scalar(name) => name,
            Self::Enumeration(_) => "int32",
            Self::Message => "message",
            Self::Map(..) => "map",
            Self::Oneof => "oneof",
        }
    }
}

impl Label {
    fn named(self, name: &str) -> String {
        match self {
            Self::Plain => name.to_owned(),
            Self::Optional => format!("{name}_some"),
            // Both ways are understood, whichever is written.
            Self::Repeated => format!("{name}_each"),
            Self::Unpacked if name == "merge" => "merge_each".to_owned(),
            Self::Unpacked => format!("{name}_unpacked"),
        }
    }
}

/// The text in `name = "text"`.
fn text(meta: &Meta) -> Option<String> {
    let Meta::NameValue(pair) = meta else { return None };
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}
