//! What is done with the command alone: patches, side effects, search attributes, memo. There is nothing to wait for.

use perpetua_vocab::Payloads;

/// Whether code with a patch is to run, or code from before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatchAnswer {
    /// Whether the patch applies.
    pub applies: bool,
    /// Whether the patch is new and the search attribute that lists patches has no room for it.
    pub unlisted: bool,
}

/// What a side effect is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum SideEffect {
    /// Nothing: history has what it gave.
    Recorded(Option<Payloads>),
    /// Happen, and be kept by [`Run::record_side_effect`](crate::Run::record_side_effect).
    Due,
}
