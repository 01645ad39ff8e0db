//! Replays a recorded history, and reads one as JSON: with the options and the lines of the peers' programs.

use std::fs::{self, File};

use perpetua::replay::{History, Replayer};
use serde_json::json;

use crate::Outcome;
use crate::meter::Snapshot;
use crate::options::Options;
use crate::workflows::{fan, local, seq, timers};

/// Replays the file so often, as it is read: what counts begins with opening it.
pub(crate) fn replay(options: &Options) -> Outcome {
    let file = options.text("file", "");
    let mut replays = Vec::new();
    for _ in 0..options.number("reps", 3)? {
        let begun = Snapshot::here()?.cpu;
        // As in a test: a replayer is made, and replays what it is given.
        let replayer = Replayer::new().workflow(seq).workflow(fan).workflow(local).workflow(timers);
        replayer.replay_from(File::open(file)?)?;
        let ended = Snapshot::here()?;
        replays.push((ended.cpu - begun, ended.peak_kb));
    }
    // Counted in the end, since it takes memory.
    let events = History::from_bytes(&fs::read(file)?)?.events.len();
    for (used, peak_kb) in replays {
        let each = used * 1e6 / events as f64;
        println!("{}", json!({ "events": events, "cpu_s": used, "cpu_us_per_event": each, "peak_kb": peak_kb }));
    }
    Ok(())
}

/// Reads the file as standard JSON so often, and prints the processor time of an event at the median.
pub(crate) fn read_json(options: &Options) -> Outcome {
    let text = fs::read_to_string(options.text("file", ""))?;
    let mut taken = Vec::new();
    let mut events = 0;
    for _ in 0..options.number("reps", 5)? {
        let begun = Snapshot::here()?.cpu;
        let history = History::from_json(&text)?;
        taken.push((Snapshot::here()?.cpu - begun) * 1e6 / history.events.len() as f64);
        events = history.events.len();
    }
    let json_us = crate::meter::percentile(&mut taken, 0.5);
    println!("{}", json!({ "events": events, "json_us": json_us, "peak_kb": Snapshot::here()?.peak_kb }));
    Ok(())
}
