//! What the lab is asked for.

use std::path::PathBuf;

use super::programs::Programs;
use super::rows;
use crate::Outcome;

/// How often each side is measured, unless it is said.
const REPETITIONS: usize = 3;

/// What is wanted of the lab.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) programs: Programs,
    /// Only rows whose names begin so; all of them if there is none.
    pub(crate) rows: Vec<String>,
    pub(crate) repetitions: usize,
    pub(crate) quick: bool,
    /// Compare with the record.
    pub(crate) check: bool,
    /// Make this the record.
    pub(crate) record: bool,
    /// Only look whether this could be measured.
    pub(crate) dry_run: bool,
}

impl Asked {
    /// Reads the arguments. Which programs there are is said by options too, since whoever calls has installed them.
    pub(crate) fn parse(arguments: &[String]) -> Outcome<Self> {
        let programs = Programs {
            bench: std::env::current_exe()?,
            root: std::env::current_dir()?,
            perpetua: None,
            temporal: None,
            test_server: None,
            python: None,
            peers: None,
            peers_source: None,
        };
        let mut asked = Self {
            programs,
            rows: Vec::new(),
            repetitions: 0,
            quick: false,
            check: false,
            record: false,
            dry_run: false,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().cloned().ok_or_else(|| format!("{argument} needs a value"));
            let programs = &mut asked.programs;
            match argument.as_str() {
                "--quick" => asked.quick = true,
                "--check" => asked.check = true,
                "--record" => asked.record = true,
                "--dry-run" => asked.dry_run = true,
                "--repetitions" => {
                    let number = value()?;
                    asked.repetitions = number.parse().map_err(|error| format!("--repetitions {number}: {error}"))?;
                }
                "--root" => programs.root = value()?.into(),
                "--perpetua" => programs.perpetua = Some(value()?.into()),
                "--temporal" => programs.temporal = Some(value()?.into()),
                "--test-server" => programs.test_server = Some(value()?.into()),
                "--python" => programs.python = Some(value()?.into()),
                "--peers" => programs.peers = Some(PathBuf::from(value()?)),
                "--peers-source" => programs.peers_source = Some(PathBuf::from(value()?)),
                option if option.starts_with('-') => return Err(format!("there is no option {option}").into()),
                row => asked.rows.push(row.to_owned()),
            }
        }
        for beginning in &asked.rows {
            if !rows::rows().any(|row| row.name.starts_with(beginning.as_str())) {
                let names: Vec<&str> = rows::rows().map(|row| row.name).collect();
                return Err(format!("no row begins with {beginning}; there are {}", names.join(", ")).into());
            }
        }
        if asked.repetitions == 0 {
            asked.repetitions = if asked.quick { 1 } else { REPETITIONS };
        }
        Ok(asked)
    }

    /// Whether a row is wanted. What takes many minutes must be named, unless everything is measured in full.
    pub(crate) fn wants(&self, row: &str) -> bool {
        if self.rows.is_empty() {
            return !(self.quick && row.starts_with("cold."));
        }
        self.rows.iter().any(|beginning| row.starts_with(beginning.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::Asked;
    use crate::Outcome;

    fn parse(words: &str) -> Outcome<Asked> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        Asked::parse(&words)
    }

    #[test]
    fn everything_is_measured_unless_rows_are_named() {
        let all = parse("--record").unwrap();
        assert!(all.record && !all.check && all.repetitions == 3);
        assert!(all.wants("cold.build") && all.wants("worker.hello"));
        let some = parse("worker.hello servers --repetitions 5").unwrap();
        assert!(some.wants("worker.hello-gzip") && some.wants("servers.memory.idle") && !some.wants("worker.seq10"));
        assert_eq!(some.repetitions, 5);
    }

    #[test]
    fn a_quick_run_builds_nothing_unless_it_is_told_to() {
        let quick = parse("--quick").unwrap();
        assert!(!quick.wants("cold.build") && quick.wants("worker.hello") && quick.repetitions == 1);
        assert!(parse("--quick cold").unwrap().wants("cold.build"));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parse("--fast").unwrap_err().to_string(), "there is no option --fast");
        assert_eq!(parse("--repetitions").unwrap_err().to_string(), "--repetitions needs a value");
        assert!(parse("--repetitions many").unwrap_err().to_string().starts_with("--repetitions many: "));
        let nothing = parse("worker.hello server.idle").unwrap_err().to_string();
        assert!(nothing.starts_with("no row begins with server.idle; there are replay.seq1k.first, "), "{nothing}");
    }
}
