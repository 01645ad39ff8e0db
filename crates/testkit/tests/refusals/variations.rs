//! A request with one thing wrong at a time.

use perpetua_testkit::Outcome;
use prost_reflect::{DynamicMessage, EnumDescriptor, Kind, MethodDescriptor, Value};

/// One byte longer than ids and names may be.
pub(crate) fn long() -> String {
    "x".repeat(1001)
}

/// The request as it is, and with one field at a time left out, too long, out of range, broken or of another namespace; each
/// with its name.
pub(crate) fn of(method: &MethodDescriptor, request: &str) -> Outcome<Vec<(String, DynamicMessage)>> {
    let request = DynamicMessage::parse_text_format(method.input(), request)?;
    let mut all = vec![("as it is".to_owned(), request.clone())];
    for (name, change) in changes(&request, "") {
        let mut changed = request.clone();
        change(&mut changed);
        all.push((name, changed));
    }
    Ok(all)
}

type Change = Box<dyn Fn(&mut DynamicMessage)>;

fn changes(message: &DynamicMessage, prefix: &str) -> Vec<(String, Change)> {
    let mut all: Vec<(String, Change)> = Vec::new();
    for (field, value) in message.fields() {
        let number = field.number();
        let path = format!("{prefix}{}", field.name());
        all.push((format!("without {path}"), Box::new(move |message| message.clear_field_by_number(number))));
        let mut set = |how: &str, value: Value| {
            let change: Change = Box::new(move |message| message.set_field_by_number(number, value.clone()));
            all.push((format!("{how} {path}"), change));
        };
        match (value, field.kind()) {
            (Value::String(_), _) => {
                if field.name() == "namespace" && value.as_str() == Some("default") {
                    set("unknown", Value::String("nowhere".to_owned()));
                }
                set("too long", Value::String(long()));
            }
            (Value::Bytes(_), _) => set("broken", Value::Bytes(b"\xff\xff broken".as_slice().into())),
            (Value::I32(_), _) => set("negative", Value::I32(-1)),
            (Value::I64(_), _) => set("negative", Value::I64(-1)),
            (Value::EnumNumber(_), Kind::Enum(kind)) => set("unknown", Value::EnumNumber(beyond(&kind))),
            (Value::Message(inner), _) => all.extend(inside(inner, &path, move |message, change| {
                if let Some(Value::Message(inner)) = message.get_field_by_number_mut(number) {
                    change(inner);
                }
            })),
            (Value::List(values), _) => {
                for (place, value) in values.iter().enumerate() {
                    let Value::Message(inner) = value else { continue };
                    all.extend(inside(inner, &format!("{path}[{place}]"), move |message, change| {
                        if let Some(Value::List(values)) = message.get_field_by_number_mut(number)
                            && let Some(Value::Message(inner)) = values.get_mut(place)
                        {
                            change(inner);
                        }
                    }));
                }
            }
            _ => {}
        }
    }
    all
}

/// The changes of a message inside of another.
fn inside(
    inner: &DynamicMessage,
    path: &str,
    reach: impl Fn(&mut DynamicMessage, &dyn Fn(&mut DynamicMessage)) + Clone + 'static,
) -> Vec<(String, Change)> {
    let changes = changes(inner, &format!("{path}."));
    let outer = changes.into_iter().map(|(name, change)| {
        let reach = reach.clone();
        let change: Change = Box::new(move |message| reach(message, &*change));
        (name, change)
    });
    outer.collect()
}

/// A number that no value of this kind has.
fn beyond(kind: &EnumDescriptor) -> i32 {
    kind.values().map(|value| value.number()).max().unwrap_or(0) + 1
}
