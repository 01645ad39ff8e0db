//! What a worker says of its answers, for SDKs that replay our histories.

/// Flags of the core SDK whose behaviour every answer of a [`Run`](crate::Run) has. SDKs that stand on the core SDK replay a
/// history as its flags say, so that without them they could not follow ours:
///
/// * 1: ids and types of activities and children are compared in a replay;
/// * 2: the marker of a patch is followed by an upsert of `TemporalChangeVersion`, and upserts are compared;
/// * 3: what is asked for after the end in the same turn is sent before it.
pub const CORE_FLAGS: [u32; 3] = [1, 2, 3];
