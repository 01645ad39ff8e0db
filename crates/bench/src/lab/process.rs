//! Runs a program to its end, for its figures: the lines of its output that are JSON.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::Outcome;

/// Figures by name.
pub(crate) type Figures = BTreeMap<String, f64>;

/// How many of a program's last words explain why it failed.
const LAST_WORDS: usize = 4;

/// A child that does not outlive what holds it.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) Child);

impl Drop for Kept {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the program, and gives the figures of each line of its output that is a JSON object.
///
/// What counts is what it has said: some interpreters fall over when they are torn down, after everything was done.
pub(crate) fn figures(command: &mut Command, within: Duration) -> Outcome<Vec<Figures>> {
    let said = output(command, within)?;
    let lines = parse(&said.output);
    if lines.is_empty() {
        return Err(format!("no figures: {}", last_words(&said)).into());
    }
    Ok(lines)
}

/// The same for a program that prints one line of figures.
pub(crate) fn last_figures(command: &mut Command, within: Duration) -> Outcome<Figures> {
    Ok(figures(command, within)?.pop().unwrap_or_default())
}

/// Runs a program that must succeed, and gives what it printed.
pub(crate) fn succeed(command: &mut Command, within: Duration) -> Outcome<String> {
    let said = output(command, within)?;
    if said.succeeded { Ok(said.output) } else { Err(last_words(&said).into()) }
}

/// What a program said, and how it ended.
struct Said {
    output: String,
    errors: String,
    succeeded: bool,
    ended: String,
}

fn output(command: &mut Command, within: Duration) -> Outcome<Said> {
    let begun = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = Kept(command.spawn().map_err(|error| format!("{name}: {error}"))?);
    let output = read(child.0.stdout.take());
    let errors = read(child.0.stderr.take());
    let output = wait(&output, within)?;
    let errors = wait(&errors, within.saturating_sub(begun.elapsed()))?;
    let status = child.0.wait()?;
    Ok(Said { output, errors, succeeded: status.success(), ended: status.to_string() })
}

/// Reads a stream to its end on a thread of its own.
fn read(stream: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What was read until an error is still what it said.
            let _ = stream.read_to_end(&mut bytes);
        }
        // Nobody listens any more once the deadline has passed.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

fn wait(stream: &Receiver<String>, within: Duration) -> Outcome<String> {
    match stream.recv_timeout(within) {
        Ok(text) => Ok(text),
        Err(RecvTimeoutError::Timeout) => Err(format!("did not end within {} s", within.as_secs()).into()),
        Err(RecvTimeoutError::Disconnected) => Err("its output cannot be read".into()),
    }
}

/// The figures of each line that is a JSON object. What is no number is left out; of a list, its last number counts; a figure
/// within another object is called `outer.inner`.
fn parse(output: &str) -> Vec<Figures> {
    let objects = output.lines().filter_map(|line| match serde_json::from_str(line) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    });
    let all = objects.map(|fields| {
        let mut figures = Figures::new();
        collect("", &fields, &mut figures);
        figures
    });
    all.filter(|figures| !figures.is_empty()).collect()
}

fn collect(outer: &str, fields: &Map<String, Value>, figures: &mut Figures) {
    for (inner, value) in fields {
        let name = if outer.is_empty() { inner.clone() } else { format!("{outer}.{inner}") };
        let number = match value {
            Value::Object(fields) => {
                collect(&name, fields, figures);
                None
            }
            Value::Array(values) => values.last().and_then(Value::as_f64),
            value => value.as_f64(),
        };
        figures.extend(number.map(|number| (name, number)));
    }
}

fn last_words(said: &Said) -> String {
    let all: Vec<&str> =
        said.output.lines().chain(said.errors.lines()).filter(|line| !line.trim().is_empty()).collect();
    let last = all[all.len().saturating_sub(LAST_WORDS)..].join("; ");
    format!("{}: {last}", said.ended)
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{figures, last_figures, parse, succeed};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn lines_of_peers_become_figures() {
        let output = concat!(
            "2026 WARN something of the core\n",
            "{\"ready\": true}\n",
            "{\"workload\": \"hello\", \"ops_s\": 55.2, \"server_rss_kb\": [100, 250], \"worker_peak_kb\": null}\n",
            "{\"clean\": {\"cpu\": 100.5, \"wall\": 60}}\n",
        );
        let lines = parse(output);
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[1]["clean.cpu"], lines[1]["clean.wall"]), (100.5, 60.0));
        assert_eq!(lines[0]["ops_s"], 55.2);
        assert_eq!(lines[0]["server_rss_kb"], 250.0);
        assert!(!lines[0].contains_key("workload") && !lines[0].contains_key("worker_peak_kb"));
    }

    #[test]
    fn figures_count_even_if_the_program_falls_over_after_them() {
        let measured = last_figures(&mut shell("echo '{\"a\": 1}'; echo '{\"a\": 2}'; exit 134"), LONG).unwrap();
        assert_eq!(measured["a"], 2.0);
    }

    #[test]
    fn a_program_without_figures_fails_with_its_last_words() {
        let error = figures(&mut shell("echo lost >&2; exit 3"), LONG).unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("lost"), "{error}");
        assert!(succeed(&mut shell("exit 1"), LONG).is_err());
    }

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let error = figures(&mut shell("exec sleep 1000"), Duration::ZERO).unwrap_err().to_string();
        assert!(error.contains("did not end"), "{error}");
    }
}
