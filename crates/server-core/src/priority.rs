//! Who goes first: what activities and children have from the workflow that asks for them.

use perpetua_proto::common::Priority;

/// What an activity does not say, its workflow says.
pub(crate) fn of_activity(own: Option<Priority>, workflow: Option<&Priority>) -> Option<Priority> {
    merge(own, workflow, true)
}

/// What a child does not say, its parent says, but for the weight.
pub(crate) fn of_child(own: Option<Priority>, parent: Option<&Priority>) -> Option<Priority> {
    merge(own, parent, false)
}

/// The longest fairness key, in bytes.
const KEY_LENGTH: usize = 64;

/// Whether a priority can be one.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check(priority: Option<&Priority>) -> Result<(), &'static str> {
    match priority {
        Some(it) if it.priority_key < 0 => Err("priority key can't be negative"),
        Some(it) if it.fairness_key.len() > KEY_LENGTH => Err("fairness key length exceeds limit"),
        Some(it) if it.fairness_weight < 0.0 => Err("must be greater than zero"),
        _ => Ok(()),
    }
}

fn merge(own: Option<Priority>, given: Option<&Priority>, weight: bool) -> Option<Priority> {
    let Some(given) = given else { return own };
    let mut priority = own.unwrap_or_default();
    if priority.priority_key == 0 {
        priority.priority_key = given.priority_key;
    }
    if priority.fairness_key.is_empty() {
        priority.fairness_key.clone_from(&given.fairness_key);
    }
    if weight && priority.fairness_weight == 0.0 {
        priority.fairness_weight = given.fairness_weight;
    }
    Some(priority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn priority(priority_key: i32, fairness_key: &str, fairness_weight: f32) -> Priority {
        Priority { priority_key, fairness_key: fairness_key.into(), fairness_weight }
    }

    #[test]
    fn what_is_not_said_is_inherited_field_by_field() {
        let workflow = priority(4, "calm", 0.5);
        assert_eq!(of_activity(None, Some(&workflow)), Some(priority(4, "calm", 0.5)));
        assert_eq!(of_activity(Some(priority(1, "", 0.0)), Some(&workflow)), Some(priority(1, "calm", 0.5)));
        assert_eq!(of_activity(Some(priority(0, "vip", 3.0)), Some(&workflow)), Some(priority(4, "vip", 3.0)));
        assert_eq!(of_child(None, Some(&workflow)), Some(priority(4, "calm", 0.0)));
        assert_eq!(of_activity(None, None), None);
    }
}
