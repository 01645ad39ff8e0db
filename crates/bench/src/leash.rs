//! Becomes another program that ends when whoever started it ends, in whatever way.

use std::process::Command;

use crate::Outcome;

/// Becomes the program of these words.
#[cfg(target_os = "linux")]
pub(crate) fn run(words: &[String]) -> Outcome {
    use std::os::unix::process::CommandExt;

    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    let (program, arguments) = words.split_first().ok_or("name a program")?;
    let parent = getppid();
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid() != parent {
        return Err("whoever started this has ended already".into());
    }
    Err(Command::new(program).args(arguments).exec().into())
}

/// Runs the program of these words; elsewhere there is no leash.
#[cfg(not(target_os = "linux"))]
pub(crate) fn run(words: &[String]) -> Outcome {
    let (program, arguments) = words.split_first().ok_or("name a program")?;
    let status = Command::new(program).args(arguments).status()?;
    if status.success() { Ok(()) } else { Err(status.to_string().into()) }
}
