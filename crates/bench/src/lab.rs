//! The lab: measures every row of the table in one run, ours and the peers in turns.
//!
//! ```text
//! rows --> experiments --> runs (for each repetition: every side once) --> report --> terminal, report.json, index.html
//!                                                                            |
//!                                                                            |--> --check: compared with the record
//!                                                                            `--> --record: becomes the record
//! ```
//!
//! A side that fails is shown as failed, and the rest goes on. Read first: `row.rs`, `rows/`, `measure.rs`, `report.rs`.

mod asked;
mod check;
mod measure;
mod page;
mod process;
mod programs;
mod record;
mod report;
mod row;
mod rows;
mod server;
mod side;
mod statistics;
mod surroundings;
mod table;

use std::fs;
use std::time::Instant;

use crate::Outcome;
use asked::Asked;
use measure::Lab;
use record::Record;
use report::{Report, Run, RunOutcome};
use row::{Experiment, Row};
use side::Side;
use surroundings::{Surroundings, load};

/// Measures what is asked for, and reports it.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let asked = Asked::parse(arguments)?;
    let wanted: Vec<&Row> = rows::rows().filter(|row| asked.wants(row.name)).collect();
    if asked.dry_run {
        return Ok(());
    }
    let record = Record::of(&asked.programs.root);
    let recorded = record.read()?;
    let surroundings = Surroundings::here(&asked.programs, asked.repetitions, asked.quick);
    let folder = asked.programs.root.join("target/bench");
    let lab = Lab {
        programs: asked.programs.clone(),
        runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        quick: asked.quick,
    };
    let runs = measure_all(&lab, &asked, &wanted);
    let report = Report::new(surroundings, &wanted, runs);

    fs::create_dir_all(&folder)?;
    fs::write(folder.join("report.json"), serde_json::to_string_pretty(&report)?)?;
    fs::write(folder.join("index.html"), page::page(&report))?;
    print(&report);
    println!("report: {}", folder.join("index.html").display());
    if asked.record {
        record.write(&report)?;
        println!("recorded in docs/performance.json and docs/performance.md");
    }
    if asked.check {
        return check(recorded.as_ref(), &report);
    }
    Ok(())
}

/// Every experiment that has a row that is wanted, every repetition, every side of these rows.
fn measure_all(lab: &Lab, asked: &Asked, wanted: &[&Row]) -> Vec<Run> {
    let plan: Vec<(&Experiment, Vec<Side>, usize)> = rows::experiments()
        .filter_map(|experiment| {
            let rows = experiment.rows.iter().filter(|row| wanted.iter().any(|wanted| wanted.name == row.name));
            let mut sides: Vec<Side> = rows.flat_map(|row| row.sides).copied().collect();
            sides.sort();
            sides.dedup();
            (!sides.is_empty()).then(|| (experiment, sides, asked.repetitions.min(experiment.most)))
        })
        .collect();
    let all: usize = plan.iter().map(|(_, sides, repetitions)| sides.len() * repetitions).sum();
    let mut runs = Vec::with_capacity(all);
    for (experiment, sides, repetitions) in plan {
        for _ in 0..repetitions {
            for side in &sides {
                let run = measure_one(lab, experiment, *side);
                let number = runs.len() + 1;
                let ended = match &run.outcome {
                    RunOutcome::Figures(_) => "",
                    RunOutcome::Failed(why) => &format!(": FAILED: {why}"),
                };
                let (name, side) = (experiment.name, side.label());
                eprintln!("{number}/{all} {name}, {side}: {:.1} s, load {:.1}{ended}", run.took, run.load);
                runs.push(run);
            }
        }
    }
    runs
}

fn measure_one(lab: &Lab, experiment: &Experiment, side: Side) -> Run {
    let load = load();
    let begun = Instant::now();
    let outcome = match experiment.measure.run(lab, side) {
        Ok(figures) => RunOutcome::Figures(figures),
        Err(why) => RunOutcome::Failed(why.to_string()),
    };
    Run { experiment: experiment.name.to_owned(), side, load, took: begun.elapsed().as_secs_f64(), outcome }
}

/// The rows, a line each.
fn print(report: &Report) {
    for group in rows::GROUPS {
        let measured: Vec<_> = rows::rows_of(group).filter_map(|row| Some((row, report.row(row.name)?))).collect();
        if !measured.is_empty() {
            println!("\n{}", group.title);
        }
        for (row, measured) in measured {
            let sides: Vec<String> =
                measured.sides.iter().map(|side| format!("{} {}", side.side.label(), table::figure(side))).collect();
            let ratio = measured.ratio.map(|ratio| format!("  {}x", statistics::shown(ratio))).unwrap_or_default();
            println!("  {:32} {} ({}){ratio}", row.name, sides.join(", "), row.unit);
        }
    }
    println!();
}

/// Says what is worse than recorded; an error if anything is.
fn check(recorded: Option<&Report>, report: &Report) -> Outcome {
    let recorded = recorded.ok_or("there is no record to compare with; `--record` makes one")?;
    if recorded.surroundings.quick != report.surroundings.quick {
        println!("the record was made with other counts: `--quick` or not");
    }
    let (excused, regressions): (Vec<_>, Vec<_>) =
        check::regressions(recorded, report).into_iter().partition(|regression| regression.excuse.is_some());
    for excused in excused {
        println!("note: {excused}");
    }
    if regressions.is_empty() {
        println!("nothing is worse than recorded");
        return Ok(());
    }
    for regression in &regressions {
        println!("worse: {regression}");
    }
    Err(format!("{} figures are worse than recorded", regressions.len()).into())
}
