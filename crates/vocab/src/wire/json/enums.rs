//! Names of enums, in all the spellings there are.

use perpetua_proto::schema::Enum;

/// The number of a name. Old tools write `WorkflowExecutionStarted` for `EVENT_TYPE_WORKFLOW_EXECUTION_STARTED`.
pub(super) fn number(table: &Enum, name: &str) -> Option<i32> {
    let exact = table.values.iter().find(|(known, _)| *known == name);
    let found = exact.or_else(|| {
        let prefix = prefix(table);
        table.values.iter().find(|(known, _)| is_same(known, name) || is_same(&known[prefix..], name))
    });
    found.map(|(_, number)| *number)
}

/// The name to write for a number.
pub(super) fn name(table: &Enum, number: i32) -> Option<&'static str> {
    table.values.iter().find(|(_, known)| *known == number).map(|(name, _)| *name)
}

/// Whether they differ in their underscores and in upper and lower case only.
fn is_same(known: &str, name: &str) -> bool {
    let letters = |text: &str| {
        text.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>()
    };
    letters(known) == letters(name)
}

/// The length of what the names of all values begin with, up to an underscore.
fn prefix(table: &Enum) -> usize {
    let Some(((first, _), rest)) = table.values.split_first() else { return 0 };
    let common = |name: &str| first.bytes().zip(name.bytes()).take_while(|(one, other)| one == other).count();
    let common = rest.iter().map(|(name, _)| common(name)).min().unwrap_or_default();
    first[..common].rfind('_').map_or(0, |underscore| underscore + 1)
}

#[cfg(test)]
mod tests {
    use perpetua_proto::schema::ENUMS;

    use super::*;

    fn table(name: &str) -> &'static Enum {
        ENUMS.iter().find(|table| table.name == name).expect("histories have it")
    }

    #[test]
    fn all_spellings_of_a_name_are_known() {
        let events = table("temporal.api.enums.v1.EventType");
        for name in ["EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", "WorkflowExecutionStarted", "workflow_execution_started"]
        {
            assert_eq!(number(events, name), Some(1), "{name}");
        }
        assert_eq!(number(events, "EventTypeTimerFired"), number(events, "TimerFired"));
        assert_eq!(number(events, "SomethingNew"), None);
        assert_eq!(name(events, 1), Some("EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"));
        assert_eq!(name(events, -1), None);
    }

    #[test]
    fn every_name_of_every_enum_is_found_with_and_without_its_prefix() {
        for table in ENUMS {
            let prefix = prefix(table);
            for (name, expected) in table.values {
                assert_eq!(number(table, name), Some(*expected), "{name}");
                assert_eq!(number(table, &name[prefix..]), Some(*expected), "{name} of {}", table.name);
            }
        }
    }
}
