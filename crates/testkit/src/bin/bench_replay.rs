//! Measures how long histories take to be replayed: `bench_replay [--repetitions N] FILE ..`.
//!
//! A file is a protobuf `History`, as the development server has it, or one compressed with gzip. It is of one of the
//! workflows below, which do the same as those of the programs that measure the other SDKs. Each file is measured in a process
//! of its own, several times, and the medians are shown: processor time an event in microseconds, to read it from bytes and
//! replay it, for the first time and again; the most memory that the process held until then, with the bytes; to decode it as
//! a whole and replay that; and to read it from JSON.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use flate2::read::GzDecoder;
use perpetua::prelude::*;
use perpetua::replay::{History, Replayer};
use perpetua_testkit::Outcome;
use rustix::time::{ClockId, clock_gettime};

/// How often a history is replayed in one process, after the first time.
const AGAIN: u32 = 3;

#[activity]
async fn noop(number: u64) -> Result<u64, ActivityError> {
    Ok(number)
}

#[workflow(name = "Seq")]
async fn seq(ctx: Ctx, count: u64) -> WorkflowResult<u64> {
    let mut sum = 0;
    for number in 0..count {
        sum += ctx.activity(noop(number)).start_to_close(seconds(30)).await?;
    }
    Ok(sum)
}

#[workflow(name = "Fan")]
async fn fan(ctx: Ctx, count: u64) -> WorkflowResult<u64> {
    let calls = (0..count).map(|number| ctx.activity(noop(number)).start_to_close(seconds(30)));
    let mut sum = 0;
    for number in ctx.join_all(calls).await {
        sum += number?;
    }
    Ok(sum)
}

#[workflow(name = "Local")]
async fn local(ctx: Ctx, count: u64) -> WorkflowResult<u64> {
    let mut sum = 0;
    for number in 0..count {
        sum += ctx.local_activity(noop(number)).start_to_close(seconds(30)).await?;
    }
    Ok(sum)
}

#[workflow(name = "Timers")]
async fn timers(ctx: Ctx, count: u64) -> WorkflowResult<u64> {
    for _ in 0..count {
        ctx.sleep(milliseconds(1)).await?;
    }
    Ok(count)
}

fn main() -> Outcome {
    let mut repetitions = 5;
    let mut files = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--repetitions" => repetitions = arguments.next().ok_or("--repetitions needs a number")?.parse()?,
            "--one" => return one(Path::new(&arguments.next().ok_or("--one needs a file")?)),
            file => files.push(file.to_owned()),
        }
    }
    if files.is_empty() {
        return Err("name at least one history".into());
    }
    println!(
        "| History | Events | read and replayed | again | peak memory, MiB | decoded whole | then replayed | from JSON |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for file in files {
        let mut runs = Vec::new();
        for _ in 0..repetitions {
            runs.push(apart(&file)?);
        }
        let median = |figure: usize| {
            let mut all: Vec<f64> = runs.iter().map(|run| run[figure]).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        let name = Path::new(&file).file_name().unwrap_or_default().to_string_lossy().into_owned();
        print!("| {name} | {:.0} | {:.2} | {:.2} | {:.0} |", median(0), median(1), median(2), median(3));
        println!(" {:.2} | {:.2} | {:.2} |", median(4), median(5), median(6));
    }
    Ok(())
}

/// The figures of one file, measured in another process.
fn apart(file: &str) -> Outcome<Vec<f64>> {
    let output = Command::new(std::env::current_exe()?).args(["--one", file]).output()?;
    if !output.status.success() {
        return Err(format!("{file}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let words = String::from_utf8(output.stdout)?;
    Ok(words.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
}

/// Measures one file here, and prints the figures.
fn one(file: &Path) -> Outcome {
    let bytes = read(file)?;
    let replayer = Replayer::new().workflow(seq).workflow(fan).workflow(local).workflow(timers);
    let begun = processor_time();
    let replayed = replayer.replay_from(bytes.as_slice())?;
    let first = processor_time() - begun;
    let peak = status("VmHWM")?;
    let begun = processor_time();
    for _ in 0..AGAIN {
        replayer.replay_from(bytes.as_slice())?;
    }
    let again = (processor_time() - begun) / f64::from(AGAIN);
    let begun = processor_time();
    let history = History::from_bytes(&bytes)?;
    let decode = processor_time() - begun;
    let begun = processor_time();
    replayer.replay(&history)?;
    let whole = processor_time() - begun;
    let json = history.to_json();
    drop(history);
    let begun = processor_time();
    History::from_json(&json)?;
    let from_json = processor_time() - begun;
    let events = replayed.events as f64;
    let each = |seconds: f64| seconds * 1e6 / events;
    let [first, again, decode, whole, from_json] = [first, again, decode, whole, from_json].map(each);
    println!("{events} {first} {again} {} {decode} {whole} {from_json}", peak / 1024.0);
    Ok(())
}

fn read(file: &Path) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut opened = File::open(file).map_err(|error| format!("{}: {error}", file.display()))?;
    if file.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(opened).read_to_end(&mut bytes)?;
    } else {
        opened.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The processor time of this process so far, in seconds.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// A figure of the process, in KiB.
fn status(name: &str) -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(name)).ok_or("the system does not say")?;
    Ok(line.split_whitespace().nth(1).ok_or("the system does not say")?.parse()?)
}
