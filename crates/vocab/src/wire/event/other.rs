//! Events without a word, kept whole.

use perpetua_proto::{
    enums::EventType,
    history::{HistoryEvent, history_event::Attributes},
};

use crate::{EventId, Malformed, Opaque, OtherEvent};

/// An event that the protocol of this version does not know. Its attributes are unknown fields and were left out.
pub(super) fn unknown(event_type: i32) -> OtherEvent {
    OtherEvent { event_type, name: String::new(), attributes: Opaque::default(), task_completed: None }
}

/// An event that the protocol knows.
pub(super) fn event(event_type: EventType, attributes: Attributes) -> Result<OtherEvent, Malformed> {
    let task_completed = match echoed_by(&attributes) {
        Some((field, number)) => EventId::parse_optional(field, number)?,
        None => None,
    };
    Ok(OtherEvent {
        event_type: event_type.into(),
        name: name(event_type),
        attributes: Opaque::new(Box::new(HistoryEvent { attributes: Some(attributes), ..HistoryEvent::default() })),
        task_completed,
    })
}

/// The task whose command the event echoes.
///
/// The failed requests to Nexus carry that id too, but they are no echo: a server wrote them.
fn echoed_by(attributes: &Attributes) -> Option<(&'static str, i64)> {
    use Attributes as A;
    Some(match attributes {
        A::NexusOperationScheduledEventAttributes(wire) => {
            ("NexusOperationScheduled.workflow_task_completed_event_id", wire.workflow_task_completed_event_id)
        }
        A::NexusOperationCancelRequestedEventAttributes(wire) => {
            ("NexusOperationCancelRequested.workflow_task_completed_event_id", wire.workflow_task_completed_event_id)
        }
        _ => return None,
    })
}

/// `EVENT_TYPE_TIMER_STARTED` as `TimerStarted`.
fn name(event_type: EventType) -> String {
    let screaming = event_type.as_str_name();
    let words = screaming.strip_prefix("EVENT_TYPE_").unwrap_or(screaming).split('_');
    let mut name = String::with_capacity(screaming.len());
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        name.push_str(first);
        name.extend(rest.chars().map(|letter| letter.to_ascii_lowercase()));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_usual_spelling() {
        assert_eq!(name(EventType::TimerStarted), "TimerStarted");
        let long = EventType::RequestCancelExternalWorkflowExecutionInitiated;
        assert_eq!(name(long), "RequestCancelExternalWorkflowExecutionInitiated");
    }

    #[test]
    fn every_name_is_the_one_that_the_debug_form_has() {
        for number in 0..100 {
            let Ok(event_type) = EventType::try_from(number) else { continue };
            assert_eq!(name(event_type), format!("{event_type:?}"));
        }
    }
}
