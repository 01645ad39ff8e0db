//! Handlers that the end of their workflow has cut off.

/// What is wrong, if anything is.
pub(crate) fn problem(unfinished: &[String]) -> Option<String> {
    if unfinished.is_empty() {
        return None;
    }
    Some(format!(
        "the workflow ended while handlers were still running: {}; what they were doing is lost, and whoever waits for such \
         an update gets an error. Let the main function wait with `ctx.wait_until(|| ctx.all_handlers_finished())`, or mark \
         handlers for which it is fine with `unfinished_policy = Abandon`",
        unfinished.join(", ")
    ))
}
