//! Source files: the tree of modules below the root of a crate, read and parsed.

use std::borrow::Cow;
use std::fs;
use std::path::{Component, Path, PathBuf};

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Item, Lit, Meta};

/// One file, read once.
#[derive(Debug)]
pub(crate) struct Source {
    /// As findings show it.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A file that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{}{}: {message}", path.display(), place(.position))]
pub struct Unreadable {
    /// Which file.
    pub path: PathBuf,
    /// Line and column, both from 1, where there is one.
    pub position: Option<(usize, usize)>,
    /// What is wrong with it.
    pub message: String,
}

fn place(position: &Option<(usize, usize)>) -> String {
    position.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default()
}

/// A part of a file: what `syn` and `proc_macro2` know as a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Which of the sources.
    pub(crate) source: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
}

impl Place {
    pub(crate) fn of(source: usize, span: Span) -> Self {
        let (bytes, start) = (span.byte_range(), span.start());
        Self { source, start: bytes.start, end: bytes.end, line: start.line, column: start.column + 1 }
    }
}

/// A module that came out of a file.
pub(crate) struct Parsed {
    /// Below the crate, without its name.
    pub(crate) path: Vec<String>,
    pub(crate) source: usize,
    pub(crate) items: Vec<Item>,
}

/// Reads a crate from its root file on. What cannot be read is noted, and the rest is read nevertheless.
pub(crate) struct Reader<'a> {
    /// Which folder the paths of findings are relative to.
    base: &'a Path,
    /// Whether modules that exist only in tests are read.
    tests: bool,
    sources: &'a mut Vec<Source>,
    unreadable: &'a mut Vec<Unreadable>,
    /// The files around the one that is read.
    open: Vec<PathBuf>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        base: &'a Path,
        tests: bool,
        sources: &'a mut Vec<Source>,
        unreadable: &'a mut Vec<Unreadable>,
    ) -> Self {
        Self { base, tests, sources, unreadable, open: Vec::new() }
    }

    pub(crate) fn read_crate(&mut self, root: &Path) -> Vec<Parsed> {
        let mut modules = Vec::new();
        let folder = root.parent().unwrap_or(Path::new("")).to_path_buf();
        self.file(root, &folder, &[], &mut modules);
        modules
    }

    /// Reads one file, whose own modules are in `folder`.
    fn file(&mut self, file: &Path, folder: &Path, path: &[String], modules: &mut Vec<Parsed>) {
        let shown = file.strip_prefix(self.base).unwrap_or(file).to_path_buf();
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                self.unreadable.push(Unreadable { path: shown, position: None, message: error.to_string() });
                return;
            }
        };
        if self.open.iter().any(|open| open == file) {
            let message = "the file is a module of itself".to_owned();
            self.unreadable.push(Unreadable { path: shown, position: None, message });
            return;
        }
        match syn::parse_file(&without_first_words(&text)) {
            Ok(parsed) => {
                let source = self.sources.len();
                self.sources.push(Source { path: shown, text });
                self.open.push(file.to_path_buf());
                self.items(parsed.items, source, file, folder, path, modules);
                self.open.pop();
            }
            Err(error) => {
                let start = error.span().start();
                let position = Some((start.line, start.column + 1));
                self.unreadable.push(Unreadable { path: shown, position, message: error.to_string() });
            }
        }
    }

    fn items(
        &mut self,
        items: Vec<Item>,
        source: usize,
        file: &Path,
        folder: &Path,
        path: &[String],
        modules: &mut Vec<Parsed>,
    ) {
        let mut kept = Vec::new();
        for item in items {
            if !self.tests && attributes(&item).iter().any(is_for_tests) {
                continue;
            }
            let Item::Mod(module) = item else {
                kept.push(item);
                continue;
            };
            let name = module.ident.to_string().trim_start_matches("r#").to_owned();
            let below: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
            let given = module.attrs.iter().find_map(path_attribute);
            match module.content {
                Some((_, items)) => self.items(items, source, file, &folder.join(&name), &below, modules),
                None => self.child(
                    &name,
                    given,
                    &module.attrs,
                    Place::of(source, module.ident.span()),
                    (file, folder),
                    &below,
                    modules,
                ),
            }
        }
        modules.push(Parsed { path: path.to_vec(), source, items: kept });
    }

    /// Reads the file of `mod name;`.
    #[expect(clippy::too_many_arguments, reason = "all of it says where the file is")]
    fn child(
        &mut self,
        name: &str,
        given: Option<String>,
        attributes: &[Attribute],
        place: Place,
        (file, folder): (&Path, &Path),
        path: &[String],
        modules: &mut Vec<Parsed>,
    ) {
        if let Some(given) = given {
            let file = without_detours(&file.parent().unwrap_or(Path::new("")).join(given));
            let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
            return self.file(&file, &folder, path, modules);
        }
        let below = folder.join(name);
        let candidates = [folder.join(format!("{name}.rs")), below.join("mod.rs")];
        match candidates.iter().find(|candidate| candidate.is_file()) {
            Some(found) => self.file(found, &below, path, modules),
            // What exists on some platforms only need not be there.
            None if attributes.iter().any(|attribute| attribute.path().is_ident("cfg")) => {}
            None => {
                let message =
                    format!("the module `{name}` has no file: neither `{name}.rs` nor `{name}/mod.rs` exists");
                let path = self.sources[place.source].path.clone();
                self.unreadable.push(Unreadable { path, position: Some((place.line, place.column)), message });
            }
        }
    }
}

/// With spaces for what is no Rust at the beginning, a byte order mark and a line for the shell, so that places stay right.
fn without_first_words(text: &str) -> Cow<'_, str> {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let shell = match text[mark..].starts_with("#!") && !text[mark + 2..].trim_start().starts_with('[') {
        true => text[mark..].find('\n').unwrap_or(text.len() - mark),
        false => 0,
    };
    match mark + shell {
        0 => Cow::Borrowed(text),
        words => Cow::Owned(" ".repeat(words) + &text[words..]),
    }
}

/// Without `..`, so that a file has one name.
fn without_detours(path: &Path) -> PathBuf {
    let mut straight = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if matches!(straight.components().next_back(), Some(Component::Normal(_))) => {
                straight.pop();
            }
            Component::CurDir => {}
            part => straight.push(part),
        }
    }
    straight
}

/// The file that `#[path = ".."]` names.
fn path_attribute(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(given) if given.path.is_ident("path") => match &given.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// Whether what has this attribute is there in tests only: `#[cfg(test)]`, `#[cfg(all(test, ..))]`.
fn is_for_tests(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else { return false };
    let text = list.tokens.to_string();
    list.path.is_ident("cfg")
        && (text == "test" || (text.starts_with("all") && text.contains("test") && !text.contains("not")))
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The place of whatever has a span.
pub(crate) fn place_of(source: usize, node: &impl Spanned) -> Place {
    Place::of(source, node.span())
}
