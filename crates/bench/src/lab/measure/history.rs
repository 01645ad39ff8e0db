//! Recorded histories: replayed, and read as JSON.

use std::fs;

use super::{Lab, WITHIN, no_such};
use crate::Outcome;
use crate::lab::process::{Figures, figures, last_figures};
use crate::lab::server::Folder;
use crate::lab::side::Side;

/// Replays a history in one process. Its first replay counts apart from the later ones.
///
/// Ours begin with opening the file, so reading and decoding count. The peers' programs time decoding apart, and it is left out.
pub(super) fn replay(lab: &Lab, side: Side, history: &str, times: u32) -> Outcome<Figures> {
    let programs = &lab.programs;
    let mut command = match side {
        Side::Ours => {
            let mut command = programs.leashed(&programs.bench);
            command.arg("replay");
            command
        }
        Side::Official => {
            let mut command = programs.leashed(&programs.official()?);
            command.arg("replay");
            command
        }
        Side::Python => {
            let [python, script] = programs.python_peer()?;
            let mut command = programs.leashed(&python);
            command.arg(script).arg("replay");
            command
        }
        side => return Err(no_such(side)),
    };
    command.arg("--file").arg(programs.history(history)?).args(["--reps", &times.to_string()]);
    summary(&figures(&mut command, WITHIN)?)
}

/// The first replay, the mean of the later ones, and the most memory after the first.
fn summary(replays: &[Figures]) -> Outcome<Figures> {
    let figure =
        |replay: &Figures, name: &str| replay.get(name).copied().ok_or_else(|| format!("a replay without `{name}`"));
    let (first, later) = replays.split_first().ok_or("no replay")?;
    let mut summary = Figures::from([
        ("first_us".to_owned(), figure(first, "cpu_us_per_event")?),
        ("peak_mib".to_owned(), figure(first, "peak_kb")? / 1024.0),
        ("events".to_owned(), figure(first, "events")?),
    ]);
    if !later.is_empty() {
        let sum: f64 = later.iter().map(|replay| figure(replay, "cpu_us_per_event")).sum::<Result<f64, _>>()?;
        summary.insert("again_us".to_owned(), sum / later.len() as f64);
    }
    Ok(summary)
}

/// Reads a history as standard JSON, several times; the JSON is made from the recorded one first.
pub(super) fn json(lab: &Lab, side: Side, history: &str) -> Outcome<Figures> {
    let programs = &lab.programs;
    let recorded = perpetua::replay::History::from_bytes(&fs::read(programs.history(history)?)?)?;
    let folder = Folder::new()?;
    let file = folder.0.join("history.json");
    fs::write(&file, recorded.to_json())?;
    let mut command = match side {
        Side::Ours => {
            let mut command = programs.leashed(&programs.bench);
            command.arg("read-json");
            command
        }
        Side::Python => {
            let mut command = programs.leashed(programs.python()?);
            command.arg(programs.script("read_json.py"));
            command
        }
        side => return Err(no_such(side)),
    };
    last_figures(command.arg("--file").arg(&file).args(["--reps", "5"]), WITHIN)
}

#[cfg(test)]
mod tests {
    use super::{Figures, summary};

    fn replay(cpu: f64, peak: f64) -> Figures {
        let figures = [("cpu_us_per_event", cpu), ("peak_kb", peak), ("events", 10.0)];
        figures.map(|(name, value)| (name.to_owned(), value)).into()
    }

    #[test]
    fn the_first_replay_counts_apart() {
        let figures = summary(&[replay(9.0, 2048.0), replay(2.0, 4096.0), replay(4.0, 4096.0)]).unwrap();
        assert_eq!((figures["first_us"], figures["again_us"], figures["peak_mib"]), (9.0, 3.0, 2.0));
        assert!(!summary(&[replay(9.0, 1.0)]).unwrap().contains_key("again_us"));
        assert!(summary(&[Figures::from([("events".to_owned(), 1.0)])]).is_err());
    }
}
