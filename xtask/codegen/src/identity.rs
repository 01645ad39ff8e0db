//! Compares descriptor sets by what they mean on the wire.
//!
//! A set becomes [`Facts`]: one line for every message, field, enum value and method. Two sets mean the same if they
//! have the same facts. Comments, file options and annotations are not facts; rendering them is tested by rendering.

use std::collections::BTreeMap;

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    ServiceDescriptorProto,
    field_descriptor_proto::{Label, Type},
};

use crate::render::{default_json_name, is_rendered};

/// What is named, and what is true of it.
pub type Facts = BTreeMap<String, String>;

/// Everything these files say about the wire, of the packages that `proto/` contains.
pub fn facts<'a>(sets: impl IntoIterator<Item = &'a FileDescriptorSet>) -> Facts {
    let mut facts = Facts::new();
    for file in sets.into_iter().flat_map(|set| &set.file).filter(|file| is_rendered(file.package())) {
        add_file(&mut facts, file);
    }
    facts
}

/// One line for each fact that only one side states, or that both state differently.
pub fn differences(expected: &Facts, found: &Facts) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, fact) in expected {
        match found.get(name) {
            Some(seen) if seen == fact => {}
            Some(seen) => lines.push(format!("{name}: expected {fact}, found {seen}")),
            None => lines.push(format!("{name}: missing, expected {fact}")),
        }
    }
    for (name, seen) in found.iter().filter(|(name, _)| !expected.contains_key(*name)) {
        lines.push(format!("{name}: unexpected, found {seen}"));
    }
    lines
}

fn add_file(facts: &mut Facts, file: &FileDescriptorProto) {
    let scope = file.package();
    facts.insert(format!("file {}", file.name()), format!("package {scope}, syntax {}", file.syntax()));
    for message in &file.message_type {
        add_message(facts, scope, message);
    }
    for found in &file.enum_type {
        add_enum(facts, scope, found);
    }
    for extension in &file.extension {
        let fact = format!("{} extends {}", field(extension, None), extension.extendee());
        facts.insert(format!("extension {scope}.{}", extension.name()), fact);
    }
    for service in &file.service {
        add_service(facts, scope, service);
    }
}

fn add_message(facts: &mut Facts, scope: &str, message: &DescriptorProto) {
    let scope = format!("{scope}.{}", message.name());
    let is_map = message.options.as_ref().is_some_and(|options| options.map_entry());
    let ranges: Vec<_> = message.reserved_range.iter().map(|range| (range.start(), range.end())).collect();
    let names = &message.reserved_name;
    facts.insert(format!("message {scope}"), format!("map entry {is_map}, reserved {ranges:?} {names:?}"));
    for member in &message.field {
        let oneof = member.oneof_index.map(|index| message.oneof_decl[index as usize].name());
        facts.insert(format!("field {scope}.{}", member.name()), field(member, oneof));
    }
    for nested in &message.nested_type {
        add_message(facts, &scope, nested);
    }
    for nested in &message.enum_type {
        add_enum(facts, &scope, nested);
    }
}

fn field(field: &FieldDescriptorProto, oneof: Option<&str>) -> String {
    let label = match field.label() {
        Label::Optional => "one",
        Label::Repeated => "many",
        Label::Required => "required",
    };
    let shape = match field.r#type() {
        Type::Message | Type::Enum | Type::Group => field.type_name(),
        scalar => scalar.as_str_name(),
    };
    let optional = if field.proto3_optional() { ", optional" } else { "" };
    let oneof = oneof.map(|name| format!(", oneof {name}")).unwrap_or_default();
    let json = field.json_name.clone().unwrap_or_else(|| default_json_name(field.name()));
    let deprecated = field.options.as_ref().is_some_and(|options| options.deprecated());
    format!("{}: {label} {shape}{optional}{oneof}, json {json}, deprecated {deprecated}", field.number())
}

fn add_enum(facts: &mut Facts, scope: &str, found: &EnumDescriptorProto) {
    let scope = format!("{scope}.{}", found.name());
    let alias = found.options.as_ref().is_some_and(|options| options.allow_alias());
    let ranges: Vec<_> = found.reserved_range.iter().map(|range| (range.start(), range.end())).collect();
    let first = found.value.first().map_or("", |value| value.name());
    let names = &found.reserved_name;
    facts.insert(format!("enum {scope}"), format!("alias {alias}, default {first}, reserved {ranges:?} {names:?}"));
    for value in &found.value {
        let deprecated = value.options.as_ref().is_some_and(|options| options.deprecated());
        facts.insert(format!("value {scope}.{}", value.name()), format!("{}, deprecated {deprecated}", value.number()));
    }
}

fn add_service(facts: &mut Facts, scope: &str, service: &ServiceDescriptorProto) {
    let scope = format!("{scope}.{}", service.name());
    facts.insert(format!("service {scope}"), "present".to_owned());
    for method in &service.method {
        let stream = |streams: bool| if streams { "stream " } else { "" };
        let deprecated = method.options.as_ref().is_some_and(|options| options.deprecated());
        facts.insert(
            format!("method {scope}.{}", method.name()),
            format!(
                "{}{} -> {}{}, deprecated {deprecated}",
                stream(method.client_streaming()),
                method.input_type(),
                stream(method.server_streaming()),
                method.output_type(),
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use prost_types::{EnumValueDescriptorProto, MethodDescriptorProto, OneofDescriptorProto};

    use super::*;

    fn sample() -> FileDescriptorSet {
        let field = FieldDescriptorProto {
            name: Some("run_id".into()),
            number: Some(2),
            label: Some(Label::Optional.into()),
            r#type: Some(Type::String.into()),
            oneof_index: Some(0),
            ..Default::default()
        };
        let message = DescriptorProto {
            name: Some("Execution".into()),
            field: vec![field],
            oneof_decl: vec![OneofDescriptorProto { name: Some("key".into()), ..Default::default() }],
            ..Default::default()
        };
        let value = EnumValueDescriptorProto { name: Some("OPEN".into()), number: Some(0), ..Default::default() };
        let method = MethodDescriptorProto {
            name: Some("Start".into()),
            input_type: Some(".sample.Execution".into()),
            output_type: Some(".sample.Execution".into()),
            ..Default::default()
        };
        let file = FileDescriptorProto {
            name: Some("sample.proto".into()),
            package: Some("sample".into()),
            syntax: Some("proto3".into()),
            message_type: vec![message],
            enum_type: vec![EnumDescriptorProto {
                name: Some("State".into()),
                value: vec![value],
                ..Default::default()
            }],
            service: vec![ServiceDescriptorProto {
                name: Some("Service".into()),
                method: vec![method],
                ..Default::default()
            }],
            ..Default::default()
        };
        FileDescriptorSet { file: vec![file] }
    }

    /// The differences that a change to the sample file makes.
    fn changed(change: impl FnOnce(&mut FileDescriptorProto)) -> Vec<String> {
        let original = sample();
        let mut mutated = sample();
        change(&mut mutated.file[0]);
        differences(&facts([&original]), &facts([&mutated]))
    }

    #[test]
    fn a_set_is_identical_to_itself() {
        assert_eq!(changed(|_| {}), Vec::<String>::new());
    }

    #[test]
    fn every_change_to_a_field_is_a_difference() {
        let changes: [fn(&mut FieldDescriptorProto); 8] = [
            |field| field.name = Some("run".into()),
            |field| field.number = Some(3),
            |field| field.label = Some(Label::Repeated.into()),
            |field| field.r#type = Some(Type::Bytes.into()),
            |field| field.oneof_index = None,
            |field| field.proto3_optional = Some(true),
            |field| field.json_name = Some("runID".into()),
            |field| (field.r#type, field.type_name) = (Some(Type::Message.into()), Some(".sample.Execution".into())),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let lines = changed(|file| change(&mut file.message_type[0].field[0]));
            assert!(!lines.is_empty(), "change {index} went unnoticed");
            assert!(lines.iter().all(|line| line.starts_with("field sample.Execution.run")), "{lines:?}");
        }
    }

    #[test]
    fn a_spelled_out_default_json_name_is_no_difference() {
        assert_eq!(
            changed(|file| file.message_type[0].field[0].json_name = Some("runId".into())),
            Vec::<String>::new()
        );
    }

    #[test]
    fn changed_values_and_methods_are_differences() {
        assert_eq!(
            changed(|file| file.enum_type[0].value[0].number = Some(1)),
            ["value sample.State.OPEN: expected 0, deprecated false, found 1, deprecated false"]
        );
        assert_eq!(
            changed(|file| file.service[0].method[0].server_streaming = Some(true)),
            ["method sample.Service.Start: expected .sample.Execution -> .sample.Execution, deprecated false, \
              found .sample.Execution -> stream .sample.Execution, deprecated false"]
        );
    }

    #[test]
    fn what_only_one_side_has_is_a_difference() {
        let lost = changed(|file| file.service.clear());
        assert!(lost.iter().any(|line| line.starts_with("method sample.Service.Start: missing")), "{lost:?}");
        let gained = changed(|file| file.message_type.push(DescriptorProto::default()));
        assert!(gained.iter().any(|line| line.contains("unexpected")), "{gained:?}");
    }
}
