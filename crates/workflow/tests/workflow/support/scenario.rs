//! Scenarios: what happens to a workflow, played in every way in which it could reach a worker.

use std::sync::Arc;

use expect_test::Expect;
use perpetua_contract::WorkflowDefinition;
use perpetua_convert::DataConverter;
use perpetua_core::Fault;
use perpetua_vocab::{Event, Namespace, RunId, TaskQueue, WorkflowExecution, WorkflowId, WorkflowType};
use perpetua_workflow::implementation::WorkflowImplementation;
use perpetua_workflow::{Answer, LiveRun, LocalActivityEnd, Progress, RunSetup, TaskHead, Workflows};

use super::render;
use super::server::{RUN, Server};

/// What happens to a workflow, turn by turn.
pub(crate) struct Scenario {
    workflows: Arc<Workflows>,
    name: &'static str,
    start: Box<dyn Fn() -> Server>,
    turns: Vec<Happens>,
    asked: Option<&'static str>,
    /// Whether the run may end before the last turn.
    ends_early: bool,
}

/// What happens before a turn.
type Happens = Box<dyn Fn(&mut Server) -> &mut Server>;

/// How tasks reach the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The run is known; only what is new is sent.
    Cached,
    /// The same, one event a page.
    CachedEventByEvent,
    /// The run is built again for each task.
    Evicted,
    /// The same, with a page boundary after so many events.
    SplitAfter(usize),
    /// The same, one event a page.
    EventByEvent,
    /// The run is known, and every task is lost once.
    CachedLosing,
    /// The run is built again for each task, and every task is lost once.
    Losing,
}

impl Way {
    fn keeps(self) -> bool {
        matches!(self, Self::Cached | Self::CachedEventByEvent | Self::CachedLosing)
    }

    fn loses(self) -> bool {
        matches!(self, Self::CachedLosing | Self::Losing)
    }

    fn pages(self, events: &[Event]) -> Vec<Vec<Event>> {
        match self {
            Self::Cached | Self::Evicted | Self::CachedLosing | Self::Losing => vec![events.to_vec()],
            Self::CachedEventByEvent | Self::EventByEvent => {
                let mut pages: Vec<_> = events.iter().map(|event| vec![event.clone()]).collect();
                // A server may send a last page that is empty.
                pages.push(Vec::new());
                pages
            }
            Self::SplitAfter(at) => {
                let (first, rest) = events.split_at(at.min(events.len()));
                vec![first.to_vec(), rest.to_vec()]
            }
        }
    }
}

impl Scenario {
    /// A run of this workflow with this input.
    pub(crate) fn of<W: WorkflowImplementation>(input: fn() -> W::Input) -> Self {
        let mut workflows = Workflows::default();
        workflows.add::<W>();
        Self {
            workflows: Arc::new(workflows),
            name: <W as WorkflowDefinition>::NAME,
            start: Box::new(move || Server::start(W::NAME, &input())),
            turns: Vec::new(),
            asked: None,
            ends_early: false,
        }
    }

    /// A worker that has other workflows only.
    pub(crate) fn without_the_workflow(mut self) -> Self {
        self.workflows = Arc::default();
        self
    }

    /// A worker that has this workflow only.
    pub(crate) fn with_only<W: WorkflowImplementation>(mut self) -> Self {
        let mut workflows = Workflows::default();
        workflows.add::<W>();
        self.workflows = Arc::new(workflows);
        self
    }

    /// A run that begins in another way.
    pub(crate) fn given(mut self, start: impl Fn() -> Server + 'static) -> Self {
        self.start = Box::new(start);
        self
    }

    /// This happens, and then the workflow has a turn.
    pub(crate) fn turn(mut self, happens: impl Fn(&mut Server) -> &mut Server + 'static) -> Self {
        self.turns.push(Box::new(happens));
        self
    }

    /// Nothing happens but what happened before, and the workflow has a turn.
    pub(crate) fn start(self) -> Self {
        self.turn(|server| server)
    }

    /// This happens before each of so many turns, unless the run ends before; it is told the number of the turn.
    pub(crate) fn turns(mut self, count: usize, happens: impl Fn(&mut Server, usize) + Clone + 'static) -> Self {
        for number in 1..=count {
            let happens = happens.clone();
            self = self.turn(move |server| {
                happens(server, number);
                server
            });
        }
        self.ends_early = true;
        self
    }

    /// After each turn somebody asks this.
    pub(crate) fn asking(mut self, query: &'static str) -> Self {
        self.asked = Some(query);
        self
    }

    /// Plays it in every way, and compares what comes of it.
    #[track_caller]
    pub(crate) fn check(&self, expected: Expect) {
        expected.assert_eq(&self.play());
    }

    /// Plays it in every way; what came of it is the same each time.
    #[track_caller]
    pub(crate) fn play(&self) -> String {
        let played = self.play_in_a_few_ways();
        for length in 1..played.server.history().len() {
            self.play_also(Way::SplitAfter(length), &played);
        }
        played.text
    }

    /// The same, without cutting the pages at every place.
    #[track_caller]
    pub(crate) fn play_in_a_few_ways(&self) -> Played {
        let played = self.play_in(Way::Cached);
        for way in [Way::CachedEventByEvent, Way::Evicted, Way::EventByEvent] {
            self.play_also(way, &played);
        }
        if !played.faulted {
            self.play_also(Way::CachedLosing, &played);
            self.play_also(Way::Losing, &played);
        }
        self.replay(&played);
        played
    }

    #[track_caller]
    fn play_also(&self, way: Way, played: &Played) {
        assert_eq!(played.text, self.play_in(way).text, "it goes another way {way:?}");
    }

    /// What came of it when it was played once, with the run known.
    pub(crate) fn play_once(&self) -> Played {
        self.play_in(Way::Cached)
    }

    /// Replays what came of it: nothing is left to be asked for.
    #[track_caller]
    pub(crate) fn replay(&self, played: &Played) {
        let answer = self.replay_history(played.server.history());
        let answer = answer.unwrap_or_else(|fault| panic!("the whole history cannot be replayed: {fault}"));
        assert_eq!(answer, Answer::default(), "a replay answers nothing");
    }

    /// Replays a history with the workflow as it is now.
    pub(crate) fn replay_history(&self, history: &[Event]) -> Result<Answer, Fault> {
        let mut live = self.live();
        live.begin(TaskHead::default());
        feed(&mut live, vec![history.to_vec()])
    }

    /// A run of which nothing was read yet.
    pub(crate) fn live(&self) -> LiveRun {
        LiveRun::new(RunSetup {
            namespace: Namespace::new("default"),
            execution: WorkflowExecution { workflow_id: WorkflowId::new("workflow"), run_id: RunId::new(RUN) },
            workflow_type: WorkflowType::new(self.name),
            task_queue: TaskQueue::new("queue"),
            converter: DataConverter::default(),
            workflows: Arc::clone(&self.workflows),
        })
    }

    /// The server at the beginning.
    pub(crate) fn server(&self) -> Server {
        (self.start)()
    }

    #[track_caller]
    fn play_in(&self, way: Way) -> Played {
        let mut server = self.server();
        server.loses_tasks = way.loses();
        let mut worker = Worker { scenario: self, way, live: None };
        let mut lines = Vec::new();
        let mut faulted = false;
        for (number, happens) in self.turns.iter().enumerate() {
            assert!(!faulted, "a run that failed has no more turns");
            if self.ends_early && server.is_closed() {
                break;
            }
            happens(&mut server);
            lines.push(format!("turn {}", number + 1));
            match worker.try_answer(&mut server) {
                Ok(answered) => lines.extend(answered.iter().map(|line| format!("    {line}"))),
                Err(fault) => {
                    lines.extend(render::fault(&fault).iter().map(|line| format!("    {line}")));
                    faulted = true;
                }
            }
            if let Some(query) = self.asked
                && !faulted
            {
                lines.push(format!("    {query}? {}", worker.ask(&server, query)));
            }
        }
        Played { text: lines.join("\n") + "\n", server, faulted }
    }
}

/// A worker that knows at most one run.
pub(crate) struct Worker<'a> {
    scenario: &'a Scenario,
    way: Way,
    live: Option<LiveRun>,
}

impl<'a> Worker<'a> {
    /// One that keeps the run.
    pub(crate) fn new(scenario: &'a Scenario) -> Self {
        Self { scenario, way: Way::Cached, live: None }
    }

    /// The run is forgotten.
    pub(crate) fn evict(&mut self) {
        self.live = None;
    }

    /// What happened makes a task; its answer is taken, and said in lines.
    #[track_caller]
    pub(crate) fn answer(&mut self, server: &mut Server) -> Vec<String> {
        self.try_answer(server).unwrap_or_else(|fault| panic!("the task cannot be completed: {fault}"))
    }

    /// The same, for a task that may fail.
    #[track_caller]
    pub(crate) fn try_answer(&mut self, server: &mut Server) -> Result<Vec<String>, Fault> {
        server.hand_out();
        let answer = self.task(server, server.head())?;
        let lines = render::answer(&answer, server);
        server.take(&answer);
        if server.is_closed() {
            self.evict();
        }
        Ok(lines)
    }

    /// The same, but the answer comes too late: this happened meanwhile, and the server does not take it.
    #[track_caller]
    pub(crate) fn answer_in_vain(
        &mut self,
        server: &mut Server,
        meanwhile: impl Fn(&mut Server) -> &mut Server,
    ) -> Vec<String> {
        server.hand_out();
        let answer =
            self.task(server, server.head()).unwrap_or_else(|fault| panic!("the task cannot be completed: {fault}"));
        let lines = render::answer(&answer, server);
        meanwhile(server.refuse());
        self.evict();
        lines
    }

    /// The same, but nobody hears the answer to a task that brought an update only.
    #[track_caller]
    pub(crate) fn answer_unheard(&mut self, server: &mut Server) -> Vec<String> {
        server.hand_out();
        let answer =
            self.task(server, server.head()).unwrap_or_else(|fault| panic!("the task cannot be completed: {fault}"));
        let lines = render::answer(&answer, server);
        server.give_up();
        lines
    }

    /// Somebody asks this.
    #[track_caller]
    pub(crate) fn ask(&mut self, server: &Server, query: &str) -> String {
        let answer = self.task(server, server.question(query));
        let answer = answer.unwrap_or_else(|fault| panic!("a question cannot be answered: {fault}"));
        render::query_answer(&answer.answer.expect("a question has an answer"))
    }

    /// Whether the run is known, and sound.
    pub(crate) fn continues(&self, server: &Server) -> bool {
        self.live.as_ref().is_some_and(|live| live.continues(&server.question(""), None))
    }

    #[track_caller]
    fn task(&mut self, server: &Server, head: TaskHead) -> Result<Answer, Fault> {
        let news = server.news();
        let (mut live, events) = match self.live.take() {
            Some(live) if head.started.is_none() => {
                assert!(live.continues(&head, None), "a question needs no history");
                (live, Vec::new())
            }
            Some(live) => {
                let continues = live.continues(&head, news.first().map(|event| event.id));
                assert!(continues, "the run continues where it is");
                (live, news.to_vec())
            }
            None => (self.scenario.live(), server.history().to_vec()),
        };
        live.begin(head);
        let answer = feed_with(&mut live, self.way.pages(&events), server.ends());
        if self.way.keeps() {
            self.live = Some(live);
        }
        answer
    }
}

/// What came of a scenario.
pub(crate) struct Played {
    pub(crate) text: String,
    pub(crate) server: Server,
    pub(crate) faulted: bool,
}

/// Feeds a task, page by page.
#[track_caller]
pub(crate) fn feed(live: &mut LiveRun, pages: Vec<Vec<Event>>) -> Result<Answer, Fault> {
    feed_with(live, pages, &[])
}

/// The same, and these local activities end while the task is worked on. If others still run, it is answered without.
#[track_caller]
fn feed_with(live: &mut LiveRun, pages: Vec<Vec<Event>>, ends: &[(u32, LocalActivityEnd)]) -> Result<Answer, Fault> {
    let mut ends = ends.iter();
    let count = pages.len();
    for (number, page) in pages.into_iter().enumerate() {
        let mut progress = live.feed(page, number + 1 == count)?;
        while let Progress::Waits(_) = progress {
            progress = match ends.next() {
                Some((number, end)) => live.local_activity_ended(*number, end.clone())?,
                None => live.answer_now()?,
            };
        }
        match progress {
            Progress::Waits(_) => unreachable!("it was waited for"),
            Progress::NeedsPage => assert!(number + 1 < count, "a page is asked for after the last one"),
            Progress::Answered(answer) => {
                assert!(number + 1 == count, "a task is answered before its last page");
                return Ok(*answer);
            }
        }
    }
    panic!("a task is neither answered nor wants another page");
}
