//! Renders descriptor sets as `.proto` text.
//!
//! What is kept: everything that decides bytes or meaning (packages, imports, messages, fields, oneofs, maps, reserved
//! ranges, enums, services, streaming) and the options that say something to every reader (`deprecated`, `allow_alias`,
//! JSON names, Temporal's own annotations). What is dropped: file options that name packages of other languages, and
//! HTTP routing and OpenAPI annotations, together with the files that only they need.

use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf};

use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, FileDescriptor,
    Kind, MessageDescriptor, MethodDescriptor, ReflectMessage, ServiceDescriptor, Syntax, Value,
};

use crate::{Outcome, Tree};

/// The descriptor sets that together make `proto/`. Files in both are the same in both.
pub const DESCRIPTOR_SETS: [&str; 2] = ["api.binpb", "cloud.binpb"];

const HEADER: &str = "\
// Rendered from the descriptors of the public Temporal API by `cargo xtask render-proto`. Do not edit.
// Notices are in proto/LICENSE, the version in proto/VERSION.
";

/// Options that hold for one target language, or for descriptors only.
const DROPPED_OPTIONS: [&str; 9] = [
    "java_package",
    "java_outer_classname",
    "java_multiple_files",
    "go_package",
    "objc_class_prefix",
    "csharp_namespace",
    "ruby_package",
    "cc_enable_arenas",
    "map_entry",
];

/// Packages whose annotations, and therefore whose files, we do without.
const DROPPED_PACKAGES: [&str; 2] = ["google.api", "grpc.gateway.protoc_gen_openapiv2.options"];

/// The well-known types come with every protobuf compiler.
const WELL_KNOWN: &str = "google.protobuf";

/// Whether the rendered tree contains this package.
pub fn is_rendered(package: &str) -> bool {
    package != WELL_KNOWN && !DROPPED_PACKAGES.contains(&package)
}

/// Renders every file of these encoded descriptor sets.
pub fn render(sets: &[Vec<u8>]) -> Outcome<Tree> {
    let mut pool = DescriptorPool::new();
    for set in sets {
        pool.decode_file_descriptor_set(set.as_slice())?;
    }
    let scopes = Scopes::of(&pool);
    let mut tree = Tree::default();
    for file in pool.files().filter(|file| is_rendered(file.package_name())) {
        let text = Renderer { scopes: &scopes, out: String::new(), depth: 0 }.file(&file)?;
        tree.0.insert(PathBuf::from(file.name()), text);
    }
    Ok(tree)
}

/// Every name that a type reference could stumble over: messages, enums, services and all package prefixes.
struct Scopes(BTreeSet<String>);

impl Scopes {
    fn of(pool: &DescriptorPool) -> Self {
        let mut names = BTreeSet::new();
        names.extend(pool.all_messages().map(|message| message.full_name().to_owned()));
        names.extend(pool.all_enums().map(|found| found.full_name().to_owned()));
        names.extend(pool.services().map(|service| service.full_name().to_owned()));
        for file in pool.files() {
            let mut prefix = String::new();
            for part in file.package_name().split('.') {
                if !prefix.is_empty() {
                    prefix.push('.');
                }
                prefix.push_str(part);
                names.insert(prefix.clone());
            }
        }
        Self(names)
    }

    /// The shortest readable way to say `target` inside `scope`: relative within one package, else in full.
    fn reference(&self, scope: &str, package: &str, target: &str) -> String {
        let relative = target.strip_prefix(package).and_then(|rest| rest.strip_prefix('.'));
        let mut candidates = Vec::new();
        if let Some(relative) = relative {
            candidates.extend(relative.rmatch_indices('.').map(|(at, _)| &relative[at + 1..]));
            candidates.push(relative);
        }
        candidates.push(target);
        let resolved = candidates.into_iter().find(|name| self.resolve(scope, name).as_deref() == Some(target));
        resolved.map_or_else(|| format!(".{target}"), str::to_owned)
    }

    /// Protobuf's rule: the innermost scope that knows the first part of the name decides.
    fn resolve(&self, scope: &str, name: &str) -> Option<String> {
        let first = name.split('.').next().expect("split yields at least one part");
        let mut scope = scope;
        loop {
            let prefix = if scope.is_empty() { String::new() } else { format!("{scope}.") };
            if self.0.contains(&format!("{prefix}{first}")) {
                let full = format!("{prefix}{name}");
                return self.0.contains(&full).then_some(full);
            }
            if scope.is_empty() {
                return None;
            }
            scope = scope.rfind('.').map_or("", |at| &scope[..at]);
        }
    }
}

struct Renderer<'a> {
    scopes: &'a Scopes,
    out: String,
    depth: usize,
}

impl Renderer<'_> {
    fn file(mut self, file: &FileDescriptor) -> Outcome<String> {
        if file.syntax() != Syntax::Proto3 {
            return Err(format!("{}: only proto3 is rendered", file.name()).into());
        }
        self.out.push_str(HEADER);
        self.out.push('\n');
        self.line("syntax = \"proto3\";");
        self.blank();
        self.line(&format!("package {};", file.package_name()));
        self.imports(file);
        let options = options(&file.options())?;
        if !options.is_empty() {
            self.blank();
            self.option_lines(&options);
        }
        self.extensions(file)?;
        for message in file.messages() {
            self.blank();
            self.message(&message)?;
        }
        for found in file.enums() {
            self.blank();
            self.enumeration(&found)?;
        }
        for service in file.services() {
            self.blank();
            self.service(&service)?;
        }
        Ok(self.out)
    }

    fn imports(&mut self, file: &FileDescriptor) {
        let public: BTreeSet<String> = file.public_dependencies().map(|import| import.name().to_owned()).collect();
        let kept = |import: &FileDescriptor| is_rendered(import.package_name()) || import.package_name() == WELL_KNOWN;
        // Where descriptor.proto was imported only for a dropped annotation, its importer is dropped with it.
        let imports: Vec<FileDescriptor> = file.dependencies().filter(kept).collect();
        if !imports.is_empty() {
            self.blank();
        }
        for import in imports {
            let public = if public.contains(import.name()) { "public " } else { "" };
            self.line(&format!("import {public}\"{}\";", import.name()));
        }
    }

    fn extensions(&mut self, file: &FileDescriptor) -> Outcome<()> {
        for extension in file.extensions() {
            let scope = file.package_name();
            let target = extension.containing_message();
            self.blank();
            self.line(&format!("extend {} {{", self.scopes.reference(scope, scope, target.full_name())));
            self.depth += 1;
            self.extension(scope, &extension)?;
            self.depth -= 1;
            self.line("}");
        }
        Ok(())
    }

    fn extension(&mut self, scope: &str, extension: &ExtensionDescriptor) -> Outcome<()> {
        let label = match extension.cardinality() {
            Cardinality::Repeated => "repeated ",
            Cardinality::Optional if extension.field_descriptor_proto().proto3_optional() => "optional ",
            Cardinality::Optional => "",
            Cardinality::Required => return Err(format!("{}: required", extension.full_name()).into()),
        };
        let kind = self.kind(scope, scope, &extension.kind());
        self.line(&format!("{label}{kind} {} = {};", extension.name(), extension.number()));
        Ok(())
    }

    fn message(&mut self, message: &MessageDescriptor) -> Outcome<()> {
        if message.extension_ranges().len() > 0 || message.child_extensions().len() > 0 {
            return Err(format!("{}: extensions in messages are not rendered", message.full_name()).into());
        }
        let start = self.open(&format!("message {}", message.name()));
        let options = options(&message.options())?;
        self.option_lines(&options);

        let ranges = message.descriptor_proto().reserved_range.iter().map(|range| (range.start(), range.end() - 1));
        self.reserved(ranges, i32::pow(2, 29) - 1, message.reserved_names());

        for nested in message.child_enums() {
            self.enumeration(&nested)?;
            self.blank();
        }
        for nested in message.child_messages().filter(|nested| !nested.is_map_entry()) {
            self.message(&nested)?;
            self.blank();
        }

        let proto = message.descriptor_proto();
        let mut open_oneof = None;
        let mut closed = BTreeSet::new();
        // The raw list keeps the order in which the fields were written; `fields()` sorts by number.
        for raw in &proto.field {
            let field = message.get_field_by_name(raw.name()).expect("the descriptor lists its own field");
            let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
            let name = oneof.as_ref().map(|oneof| oneof.name().to_owned());
            if open_oneof != name {
                if let Some(previous) = open_oneof.take() {
                    self.depth -= 1;
                    self.line("}");
                    closed.insert(previous);
                }
                if let Some(name) = &name {
                    if closed.contains(name) {
                        return Err(format!("{}.{name}: members are not in one place", message.full_name()).into());
                    }
                    self.line(&format!("oneof {name} {{"));
                    self.depth += 1;
                }
                open_oneof = name;
            }
            self.field(message, &field)?;
        }
        if open_oneof.is_some() {
            self.depth -= 1;
            self.line("}");
        }
        self.close(start);
        Ok(())
    }

    fn field(&mut self, message: &MessageDescriptor, field: &FieldDescriptor) -> Outcome<()> {
        let scope = message.full_name();
        let package = message.package_name();
        let raw = field.field_descriptor_proto();
        if field.is_group() || field.is_required() || raw.default_value.is_some() {
            return Err(format!("{}: groups, required fields and defaults are not proto3", field.full_name()).into());
        }
        let shape = match field.kind() {
            Kind::Message(entry) if entry.is_map_entry() => {
                let key = self.kind(scope, package, &entry.map_entry_key_field().kind());
                let value = self.kind(scope, package, &entry.map_entry_value_field().kind());
                format!("map<{key}, {value}>")
            }
            kind => {
                let label = if field.is_list() {
                    "repeated "
                } else if raw.proto3_optional() {
                    "optional "
                } else {
                    ""
                };
                format!("{label}{}", self.kind(scope, package, &kind))
            }
        };
        let mut options = options(&field.options())?;
        if raw.json_name.as_deref().is_some_and(|name| name != default_json_name(field.name())) {
            options.insert(0, ("json_name".to_owned(), format!("{:?}", field.json_name())));
        }
        self.line(&format!("{shape} {} = {}{};", field.name(), field.number(), inline(&options)));
        Ok(())
    }

    fn kind(&self, scope: &str, package: &str, kind: &Kind) -> String {
        let scalar = match kind {
            Kind::Double => "double",
            Kind::Float => "float",
            Kind::Int32 => "int32",
            Kind::Int64 => "int64",
            Kind::Uint32 => "uint32",
            Kind::Uint64 => "uint64",
            Kind::Sint32 => "sint32",
            Kind::Sint64 => "sint64",
            Kind::Fixed32 => "fixed32",
            Kind::Fixed64 => "fixed64",
            Kind::Sfixed32 => "sfixed32",
            Kind::Sfixed64 => "sfixed64",
            Kind::Bool => "bool",
            Kind::String => "string",
            Kind::Bytes => "bytes",
            Kind::Message(message) => return self.scopes.reference(scope, package, message.full_name()),
            Kind::Enum(found) => return self.scopes.reference(scope, package, found.full_name()),
        };
        scalar.to_owned()
    }

    fn enumeration(&mut self, found: &EnumDescriptor) -> Outcome<()> {
        let start = self.open(&format!("enum {}", found.name()));
        let enum_options = options(&found.options())?;
        self.option_lines(&enum_options);
        // Unlike a message's, an enum's reserved range includes its end.
        let ranges = found.enum_descriptor_proto().reserved_range.iter().map(|range| (range.start(), range.end()));
        self.reserved(ranges, i32::MAX, found.reserved_names());
        for raw in &found.enum_descriptor_proto().value {
            let value = found.get_value_by_name(raw.name()).expect("the descriptor lists its own value");
            let options = options(&value.options())?;
            self.line(&format!("{} = {}{};", value.name(), value.number(), inline(&options)));
        }
        self.close(start);
        Ok(())
    }

    fn service(&mut self, service: &ServiceDescriptor) -> Outcome<()> {
        let start = self.open(&format!("service {}", service.name()));
        let options = options(&service.options())?;
        self.option_lines(&options);
        for method in service.methods() {
            self.method(service, &method)?;
        }
        self.close(start);
        Ok(())
    }

    fn method(&mut self, service: &ServiceDescriptor, method: &MethodDescriptor) -> Outcome<()> {
        let side = |streaming: bool, message: &MessageDescriptor| {
            let name = self.scopes.reference(service.full_name(), service.package_name(), message.full_name());
            if streaming { format!("stream {name}") } else { name }
        };
        let input = side(method.is_client_streaming(), &method.input());
        let output = side(method.is_server_streaming(), &method.output());
        let head = format!("rpc {}({input}) returns ({output})", method.name());
        let options = options(&method.options())?;
        if options.is_empty() {
            self.line(&format!("{head};"));
        } else {
            let start = self.open(&head);
            self.option_lines(&options);
            self.close(start);
        }
        Ok(())
    }

    fn reserved<'n>(
        &mut self,
        ranges: impl Iterator<Item = (i32, i32)>,
        last: i32,
        names: impl Iterator<Item = &'n str>,
    ) {
        let ranges: Vec<String> = ranges
            .map(|(start, end)| match (start, end) {
                (start, end) if start == end => start.to_string(),
                (start, end) if end == last => format!("{start} to max"),
                (start, end) => format!("{start} to {end}"),
            })
            .collect();
        let names: Vec<String> = names.map(|name| format!("{name:?}")).collect();
        for list in [ranges, names].iter().filter(|list| !list.is_empty()) {
            self.line(&format!("reserved {};", list.join(", ")));
        }
    }

    fn option_lines(&mut self, options: &[(String, String)]) {
        for (name, value) in options {
            self.line(&format!("option {name} = {value};"));
        }
    }

    /// Writes `head {` and remembers where, so that an empty body can be closed on the same line.
    fn open(&mut self, head: &str) -> usize {
        self.line(&format!("{head} {{"));
        self.depth += 1;
        self.out.len()
    }

    fn close(&mut self, start: usize) {
        self.depth -= 1;
        if self.out.len() == start {
            self.out.pop();
            self.out.push_str("}\n");
            return;
        }
        if self.out.ends_with("\n\n") {
            self.out.pop();
        }
        self.line("}");
    }

    fn line(&mut self, text: &str) {
        for part in text.lines() {
            writeln!(self.out, "{:1$}{part}", "", self.depth * 2).expect("writing to a string cannot fail");
        }
    }

    fn blank(&mut self) {
        self.out.push('\n');
    }
}

/// The options that are kept, as name and value text.
fn options(options: &DynamicMessage) -> Outcome<Vec<(String, String)>> {
    let mut kept = Vec::new();
    for (field, value) in options.fields() {
        if DROPPED_OPTIONS.contains(&field.name()) {
            continue;
        }
        match value {
            Value::Bool(_) | Value::String(_) => kept.push((field.name().to_owned(), value.to_string())),
            other => return Err(format!("option {} has a value that is not rendered: {other}", field.name()).into()),
        }
    }
    for (extension, value) in options.extensions() {
        if DROPPED_PACKAGES.contains(&extension.package_name()) {
            continue;
        }
        let name = format!("({})", extension.full_name());
        match value {
            Value::List(values) => kept.extend(values.iter().map(|value| (name.clone(), literal(value)))),
            value => kept.push((name, literal(value))),
        }
    }
    if let Some(field) = options.unknown_fields().next() {
        return Err(format!("unknown option {} in {}", field.number(), options.descriptor().full_name()).into());
    }
    Ok(kept)
}

fn literal(value: &Value) -> String {
    match value {
        Value::Message(message) => {
            let mut text = "{\n".to_owned();
            for line in format!("{message:#}").lines() {
                text.push_str("  ");
                text.push_str(line);
                text.push('\n');
            }
            text.push('}');
            text
        }
        other => other.to_string(),
    }
}

fn inline(options: &[(String, String)]) -> String {
    if options.is_empty() {
        return String::new();
    }
    let options: Vec<String> = options.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    format!(" [{}]", options.join(", "))
}

/// The JSON name that a compiler gives a field: lower camel case.
pub(crate) fn default_json_name(name: &str) -> String {
    let mut json = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        if letter == '_' {
            upper = true;
        } else if upper {
            json.push(letter.to_ascii_uppercase());
            upper = false;
        } else {
            json.push(letter);
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes() -> Scopes {
        Scopes(
            ["a", "a.v1", "a.v1.Outer", "a.v1.Outer.Inner", "a.v1.Other", "b", "b.Outer", "a.v1.Other.b"]
                .map(String::from)
                .into(),
        )
    }

    #[test]
    fn a_type_is_named_as_briefly_as_its_scope_allows() {
        let scopes = scopes();
        let name = |scope, target| scopes.reference(scope, "a.v1", target);
        assert_eq!(name("a.v1.Outer", "a.v1.Outer.Inner"), "Inner");
        assert_eq!(name("a.v1.Other", "a.v1.Outer.Inner"), "Outer.Inner");
        assert_eq!(name("a.v1.Other", "a.v1.Outer"), "Outer");
        assert_eq!(name("a.v1.Outer", "b.Outer"), "b.Outer");
    }

    #[test]
    fn a_shadowed_name_is_written_from_the_root() {
        assert_eq!(scopes().reference("a.v1.Other", "a.v1", "b.Outer"), ".b.Outer");
    }

    #[test]
    fn json_names_are_lower_camel_case() {
        assert_eq!(default_json_name("workflow_run_id"), "workflowRunId");
        assert_eq!(default_json_name("v1_thing"), "v1Thing");
        assert_eq!(default_json_name("_x"), "X");
    }
}
