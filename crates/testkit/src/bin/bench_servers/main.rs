//! Measures servers side by side, each as a process of its own: how soon they are there, what they hold, how much they do.
//!
//! `bench_servers [--memory | --repetitions N --seconds S] NAME=COMMAND ..`, where `{port}` and `{file}` in a command are filled in.
//! `cargo xtask bench servers` runs it with this project's server and the real development server. The contenders take
//! turns, so that a busy machine is equally bad for all; what is shown are medians, and ratios to the first.

mod memory;
mod process;
mod workloads;

use std::time::Duration;

use perpetua_testkit::Outcome;
use process::Contender;

/// What is measured, in the order of the table: a name, a unit, and whether more is better.
const FIGURES: [(&str, &str, bool); 11] = [
    ("process start to first start accepted", "ms", false),
    ("memory, idle", "MiB", false),
    ("starts, 50 at a time", "1/s", true),
    ("processor time of the server per start", "ms", false),
    ("hellos, 50 at a time", "1/s", true),
    ("processor time of the server per hello", "ms", false),
    ("memory after that", "MiB", false),
    ("hello alone, p50", "ms", false),
    ("activity in a row of ten", "ms", false),
    ("timer of 1 ms in a row of five", "ms", false),
    ("asked to stop to gone", "ms", false),
];

#[tokio::main]
async fn main() -> Outcome {
    let mut repetitions = 3;
    let mut time = Duration::from_secs(5);
    let mut contenders = Vec::new();
    let mut only_memory = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--repetitions" => repetitions = arguments.next().ok_or("--repetitions needs a number")?.parse()?,
            "--seconds" => time = Duration::from_secs(arguments.next().ok_or("--seconds needs a number")?.parse()?),
            "--memory" => only_memory = true,
            text => contenders.push(Contender::parse(text).ok_or_else(|| format!("{text:?} is not NAME=COMMAND"))?),
        }
    }
    if contenders.is_empty() {
        return Err("name at least one server: NAME=COMMAND".into());
    }
    if only_memory {
        return memory::print(&contenders).await;
    }
    let mut measured = vec![vec![Vec::new(); FIGURES.len()]; contenders.len()];
    for repetition in 0..repetitions {
        for (contender, figures) in contenders.iter().zip(&mut measured) {
            eprintln!("{} of {repetitions}: {}", repetition + 1, contender.name);
            for (figure, all) in measure(contender, time).await?.into_iter().zip(figures) {
                all.push(figure);
            }
        }
    }
    let medians: Vec<Vec<f64>> =
        measured.iter_mut().map(|figures| figures.iter_mut().map(|all| median(all)).collect()).collect();
    print_table(&contenders, &medians);
    Ok(())
}

/// The figures of one server.
async fn measure(contender: &Contender, time: Duration) -> Outcome<[f64; FIGURES.len()]> {
    let server = contender.fresh().await?;
    let client = server.client.clone();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle = server.memory()?;

    let before = server.processor_time()?;
    let starts = workloads::starts(&client, time).await?;
    let per_start = (server.processor_time()? - before) / starts.times;

    let worker = workloads::worker(&client)?;
    workloads::hellos(&client, Duration::from_millis(500)).await?;
    let before = server.processor_time()?;
    let hellos = workloads::hellos(&client, time).await?;
    let per_hello = (server.processor_time()? - before) / hellos.times;
    let memory = server.memory()?;
    let alone = workloads::hello_alone(&client).await?;
    let step = workloads::step(&client).await?;
    let timer = workloads::timer(&client).await?;
    worker.shutdown().await?;

    let ready = server.ready;
    drop(client);
    let stop = server.stop()?;
    let mebibytes = 1024.0 * 1024.0;
    Ok([
        ready.as_secs_f64() * 1e3,
        idle / mebibytes,
        starts.times / starts.seconds,
        per_start * 1e3,
        hellos.times / hellos.seconds,
        per_hello * 1e3,
        memory / mebibytes,
        alone * 1e3,
        step * 1e3,
        timer * 1e3,
        stop.as_secs_f64() * 1e3,
    ])
}

/// The median of what there is.
fn median(all: &mut [f64]) -> f64 {
    all.sort_by(f64::total_cmp);
    match all.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => all[length / 2],
        length => f64::midpoint(all[length / 2 - 1], all[length / 2]),
    }
}

fn print_table(contenders: &[Contender], medians: &[Vec<f64>]) {
    let names: Vec<&str> = contenders.iter().map(|contender| contender.name.as_str()).collect();
    println!("| | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(contenders.len()));
    for (at, (name, unit, more_is_better)) in FIGURES.iter().enumerate() {
        let first = medians[0][at];
        let cells = medians.iter().enumerate().map(|(contender, figures)| {
            let figure = figures[at];
            let ratio = if *more_is_better { first / figure } else { figure / first };
            if contender == 0 { format!("{figure:.2}") } else { format!("{figure:.2} ({ratio:.1}x)") }
        });
        println!("| {name}, {unit} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    println!("\nIn brackets: how many times better the first one is.");
}
