//! The replay of a whole history.

use std::sync::Arc;

use perpetua_convert::DataConverter;
use perpetua_workflow::{Replayed, Replayer, Workflows};

use crate::runs::Run;

/// The workflows that the history fits, the latest first, and what was seen.
///
/// # Errors
/// That it fits none of them, and why not the latest.
pub(crate) fn whole<'a>(
    run: &Run,
    registries: &'a [Arc<Workflows>],
    converter: &DataConverter,
) -> Result<(&'a Arc<Workflows>, Replayed), String> {
    let mut latest = None;
    for workflows in registries {
        let replayer = Replayer::new().workflows(Workflows::clone(workflows)).converter(converter.clone());
        match replayer.replay(&run.history) {
            Ok(replayed) => return Ok((workflows, replayed)),
            Err(failure) => latest = latest.or(Some(failure)),
        }
    }
    Err(latest
        .map_or_else(|| "no worker of the test knows the workflow".to_owned(), |failure| failure.fault().to_string()))
}
