//! Tables of the names, numbers and types of what a history is made of, for `perpetua_proto::schema`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use prost_types::FileDescriptorSet;

use crate::{Outcome, generate::HEADER};

/// The message that everything in the tables can be reached from.
const ROOT: &str = "temporal.api.history.v1.History";

/// Messages that JSON does not write as an object of their fields.
const FORMATS: [(&str, &str); 4] = [
    ("google.protobuf.Duration", "Duration"),
    ("google.protobuf.Timestamp", "Timestamp"),
    ("temporal.api.common.v1.Payload", "Payload"),
    ("temporal.api.common.v1.Payloads", "Payloads"),
];

/// Renders the tables.
pub fn schema(descriptors: FileDescriptorSet) -> Outcome<String> {
    let pool = DescriptorPool::from_file_descriptor_set(descriptors)?;
    let root = pool.get_message_by_name(ROOT).ok_or("the contract has no history")?;
    let mut found = Found::default();
    found.visit(&root);
    found.render()
}

/// Everything that can be reached, by name.
#[derive(Default)]
struct Found {
    messages: BTreeMap<String, MessageDescriptor>,
    enums: BTreeMap<String, EnumDescriptor>,
}

impl Found {
    fn visit(&mut self, message: &MessageDescriptor) {
        if self.messages.insert(message.full_name().to_owned(), message.clone()).is_some() {
            return;
        }
        for field in message.fields() {
            match field.kind() {
                Kind::Message(message) => self.visit(&message),
                Kind::Enum(found) => {
                    self.enums.insert(found.full_name().to_owned(), found);
                }
                _ => {}
            }
        }
    }

    fn render(&self) -> Outcome<String> {
        let mut out = HEADER.to_owned();
        let root = place(&self.messages, ROOT);
        let _ = writeln!(out, "\n/// The place of `{ROOT}` in [`MESSAGES`].\npub const HISTORY: u16 = {root};\n");
        out.push_str("/// All messages, by name.\npub static MESSAGES: &[Message] = &[\n");
        for message in self.messages.values() {
            let name = message.full_name();
            let format = FORMATS.iter().find(|(special, _)| *special == name).map_or("Object", |(_, format)| format);
            if name.starts_with("google.protobuf.") && *format == *"Object" {
                return Err(format!("{name}: no JSON is known for it").into());
            }
            let _ = writeln!(out, "    Message {{ name: {name:?}, format: Format::{format}, fields: &[");
            for field in message.fields() {
                self.field(&mut out, &field)?;
            }
            out.push_str("    ] },\n");
        }
        out.push_str("];\n\n/// All enums, by name.\npub static ENUMS: &[Enum] = &[\n");
        for found in self.enums.values() {
            let _ = writeln!(out, "    Enum {{ name: {:?}, values: &[", found.full_name());
            for value in found.values() {
                let _ = writeln!(out, "        ({:?}, {}),", value.name(), value.number());
            }
            out.push_str("    ] },\n");
        }
        out.push_str("];\n");
        Ok(out)
    }

    fn field(&self, out: &mut String, field: &FieldDescriptor) -> Outcome<()> {
        let shape = match (field.is_map(), field.is_list()) {
            (true, _) => "Map",
            (false, true) => "List",
            (false, false) => "One",
        };
        let kind = match field.kind() {
            Kind::Message(message) => format!("Message({})", place(&self.messages, message.full_name())),
            Kind::Enum(found) => format!("Enum({})", place(&self.enums, found.full_name())),
            scalar => {
                let name = format!("{scalar:?}");
                let (first, rest) = name.split_at(1);
                first.to_uppercase() + rest
            }
        };
        let (name, json, number) = (field.name(), field.json_name(), field.number());
        writeln!(
            out,
            "        Field {{ name: {name:?}, json: {json:?}, number: {number}, kind: Kind::{kind}, shape: Shape::{shape} }},"
        )?;
        Ok(())
    }
}

/// The place of a name in a table.
fn place<T>(table: &BTreeMap<String, T>, name: &str) -> usize {
    table.keys().position(|known| known == name).expect("what is referred to was visited")
}
