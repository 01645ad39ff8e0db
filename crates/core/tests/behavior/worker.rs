//! Reads, plays and keeps one run. The only place that knows how a run is built and how a turn is played.

use std::rc::Rc;

use perpetua_core::{Closed, Fault, LocalActivityEffect, LocalActivityEnd, Reader, Run, Step, Turn, UpdateArrival};
use perpetua_vocab::{Event, Message, MessageBody};

use crate::instance::{Instance, Line};
use crate::program::Program;
use crate::server::Polled;

/// A worker for one run.
pub(crate) struct Worker {
    cached: Option<Cached>,
    /// How many events come in a page.
    page: usize,
}

/// A run that is kept between two tasks.
struct Cached {
    reader: Reader,
    run: Run,
    instance: Instance,
}

/// What a worker did with a task.
pub(crate) struct Worked {
    /// Whether it kept a run that was of no use.
    pub(crate) began_again: bool,
    /// The turns it played, in order; the present one, if there is one, is last.
    pub(crate) turns: Vec<Played>,
    /// The answer, if there is to be one.
    pub(crate) answer: Result<Option<Closed>, Fault>,
    /// What the present turn asked for that is done outside of the workflow.
    pub(crate) effects: Vec<String>,
    /// Whether it was answered while local activities were running.
    pub(crate) beats: bool,
}

/// What was seen in one turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Played {
    pub(crate) number: u32,
    pub(crate) lines: Vec<Line>,
}

impl Played {
    /// What a replay will see too.
    pub(crate) fn traced(&self) -> Self {
        let lines = self.lines.iter().filter(|line| !line.traceless).cloned().collect();
        Self { number: self.number, lines }
    }
}

impl Worker {
    pub(crate) fn new(page: usize) -> Self {
        Self { cached: None, page: page.max(1) }
    }

    /// Forgets the run.
    pub(crate) fn evict(&mut self) {
        self.cached = None;
    }

    /// Works on a task. The run is kept, unless there was a fault.
    pub(crate) fn work(&mut self, program: &Rc<Program>, task: &Polled, ends: &[(u32, LocalActivityEnd)]) -> Worked {
        let had_one = self.cached.is_some();
        let news = task.history.iter().find(|event| task.previous.is_none_or(|previous| event.id > previous));
        let first = news.map(|event| event.id);
        let cached = self.cached.take().filter(|cached| cached.reader.continues(task.previous, first));
        let continues = cached.is_some();
        let mut cached = cached.unwrap_or_else(|| Cached {
            reader: Reader::new(),
            run: Run::new(),
            instance: Instance::new(Rc::clone(program)),
        });
        let is_new = |event: &&Event| !continues || first.is_some_and(|first| event.id >= first);
        let mut pages = Pages { events: task.history.iter().filter(is_new).cloned().collect(), size: self.page };
        let mut turns = Vec::new();
        let mut present = Present { ends, effects: Vec::new(), beats: false };
        let answer = cached.work(task, &mut pages, &mut turns, &mut present);
        let Present { effects, beats, .. } = present;
        if answer.is_ok() {
            self.cached = Some(cached);
        }
        Worked { began_again: had_one && !continues, turns, answer, effects, beats }
    }
}

/// What concerns the present turn only.
struct Present<'a> {
    ends: &'a [(u32, LocalActivityEnd)],
    effects: Vec<String>,
    beats: bool,
}

impl Present<'_> {
    fn see(&mut self, effects: Vec<LocalActivityEffect>) {
        self.effects.extend(effects.into_iter().map(|effect| match effect {
            LocalActivityEffect::Run(task) => {
                let attempt = Some(format!(" attempt {}", task.attempt)).filter(|_| task.attempt > 1);
                let kind = &task.request.activity_type;
                format!("run {} {} {kind}{}", task.number, task.activity, attempt.unwrap_or_default())
            }
            LocalActivityEffect::Cancel(number) => format!("cancel {number}"),
            LocalActivityEffect::Release(number) => format!("release {number}"),
        }));
    }
}

struct Pages {
    events: Vec<Event>,
    size: usize,
}

impl Pages {
    fn push_next(&mut self, reader: &mut Reader) {
        let rest = self.events.split_off(self.size.min(self.events.len()));
        let page = std::mem::replace(&mut self.events, rest);
        reader.push(page, self.events.is_empty());
    }
}

impl Cached {
    fn work(
        &mut self,
        task: &Polled,
        pages: &mut Pages,
        turns: &mut Vec<Played>,
        present: &mut Present<'_>,
    ) -> Result<Option<Closed>, Fault> {
        self.reader.begin(task.previous, task.started);
        let mut answer = None;
        loop {
            match self.reader.step()? {
                Step::NeedPage => pages.push_next(&mut self.reader),
                Step::End => return Ok(answer),
                Step::Confirm(record) => self.run.confirm(record)?,
                Step::Turn(mut turn) => {
                    let is_present = turn.record.is_none();
                    if is_present {
                        turn.updates = task.messages.iter().filter_map(arrival).collect();
                    }
                    let number = turn.number;
                    let closed = self.play(turn, is_present.then_some(&mut *present));
                    turns.push(Played { number, lines: self.instance.take_lines() });
                    let closed = closed?;
                    if is_present {
                        if !closed.commands.is_empty() || present.beats {
                            self.reader.left_a_trace();
                        }
                        answer = Some(closed);
                    }
                }
            }
        }
    }

    fn play(&mut self, turn: Turn, present: Option<&mut Present<'_>>) -> Result<Closed, Fault> {
        self.run.open(turn)?;
        self.play_round()?;
        if let Some(present) = present {
            present.see(self.run.take_local_activity_effects());
            for (number, end) in present.ends {
                if !self.run.waits_for_local_activities() {
                    break;
                }
                self.run.local_activity_ended(*number, end.clone());
                self.play_round()?;
                present.see(self.run.take_local_activity_effects());
            }
            present.beats = self.run.waits_for_local_activities();
        }
        self.run.close()
    }

    fn play_round(&mut self) -> Result<(), Fault> {
        while let Some(job) = self.run.next_job() {
            self.instance.handle(job, &mut self.run);
            if let Some(fault) = self.instance.take_fault() {
                return Err(fault);
            }
        }
        Ok(())
    }
}

fn arrival(message: &Message) -> Option<UpdateArrival> {
    match &message.body {
        MessageBody::Request(request) => Some(UpdateArrival {
            request: (**request).clone(),
            message: message.id.clone(),
            sequencing: message.sequencing,
        }),
        _ => None,
    }
}
