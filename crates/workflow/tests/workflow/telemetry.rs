//! Plain `tracing`, spans and metrics in workflow code: each is there once, however often the workflow is replayed, and
//! names the workflow.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use metrics::{
    CounterFn, GaugeFn, HistogramFn, Key, KeyName, Metadata as MetricMetadata, Recorder, SharedString, Unit,
    with_local_recorder,
};
use perpetua_workflow::{is_replaying, replay_filter};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::subscriber::with_default;
use tracing::{Event, Instrument, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

use crate::support::*;

workflow! {
    Observed { label: RefCell<Option<OnDrop>> }
    run |this, ctx, ()| () => () {
        *this.label.borrow_mut() = Some(OnDrop);
        for number in 1..=2 {
            tracing::info!(number, "plain");
            let metrics = ctx.metrics().label("step", number.to_string());
            metrics.counter("steps").increment(2);
            metrics.gauge("open").set(1.5);
            metrics.gauge("open").increment(1);
            metrics.gauge("open").decrement(0.5);
            metrics.histogram("waited").record(seconds(number));
            let paused = ctx.sleep(seconds(number));
            async { paused.await }.instrument(tracing::info_span!("paused", number)).await?;
            let _span = ctx.span(|| tracing::info_span!("settling")).entered();
            tracing::info!("settled");
        }
        Ok(())
    }
    handlers |handlers| {
        handlers.query("replaying", |_, (): ()| is_replaying());
    }
}

/// Says that it is dropped, by eviction for one.
struct OnDrop;

impl Drop for OnDrop {
    fn drop(&mut self) {
        tracing::info!("dropped");
    }
}

/// Plays it, evicted before each turn, and calls `played` for each turn.
fn play(mut played: impl FnMut(&mut dyn FnMut())) {
    let scenario = Scenario::of::<Observed>(|| ());
    let (mut server, mut worker) = (scenario.server(), Worker::new(&scenario));
    for turn in 0..3 {
        if turn > 0 {
            server.fire(&turn.to_string());
        }
        played(&mut || {
            worker.evict();
            worker.answer(&mut server);
            worker.evict();
        });
    }
}

/// Keeps events and new spans in lines, each with the spans around it.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        }
        .expect("a text takes all");
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields(format!("span {}", attributes.metadata().name()));
        attributes.record(&mut fields);
        let span = context.span(id).expect("it was just made");
        span.extensions_mut().insert(fields.0.clone());
        self.0.lock().expect("nobody panics with it").push(fields.0);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        let spans =
            context.event_scope(event).map(|scope| scope.from_root().map(|span| span.name()).collect::<Vec<_>>());
        let line = format!("[{}]{}", spans.unwrap_or_default().join(" "), fields.0);
        self.0.lock().expect("nobody panics with it").push(line);
    }
}

#[test]
fn plain_tracing_is_silent_on_replay_with_the_filter_and_names_the_workflow() {
    let lines = Lines::default();
    let filtered = lines.clone().with_filter(replay_filter());
    let mut turns = Vec::new();
    with_default(tracing_subscriber::registry().with(filtered), || {
        play(|turn| {
            turn();
            turns.push(std::mem::take(&mut *lines.0.lock().expect("nobody panics with it")));
        });
    });
    let run = "span workflow workflow_type=Observed workflow_id=workflow run_id=";
    for turn in &mut turns {
        // Each time the run is built anew, it has its span.
        assert!(turn.remove(0).starts_with(run));
    }
    let expected: [&[&str]; 3] = [
        &["[workflow] plain number=1", "span paused number=1"],
        &["span settling", "[workflow settling] settled", "[workflow] plain number=2", "span paused number=2"],
        &["span settling", "[workflow settling] settled"],
    ];
    assert_eq!(turns, expected);
}

#[test]
fn without_the_filter_all_of_it_is_there_but_the_spans_of_the_context() {
    let lines = Lines::default();
    with_default(tracing_subscriber::registry().with(lines.clone()), || play(|turn| turn()));
    let lines = lines.0.lock().expect("nobody panics with it");
    let count = |line: &str| lines.iter().filter(|found| found.as_str() == line).count();
    assert_eq!((count("[workflow] plain number=1"), count("[workflow] plain number=2")), (3, 2));
    assert_eq!(count("span paused number=1"), 3);
    assert_eq!(count("span settling"), 2);
    // The last time, the workflow is over.
    assert_eq!(count("[] dropped") + count("[workflow] dropped"), 3);
}

#[test]
fn the_filter_as_a_layer_silences_all_others() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(replay_filter()).with(lines.clone());
    with_default(subscriber, || play(|turn| turn()));
    let lines = lines.0.lock().expect("nobody panics with it");
    assert_eq!(lines.iter().filter(|line| line.starts_with("[workflow] plain")).count(), 2, "{lines:?}");
}

#[test]
fn a_query_is_not_a_replay() {
    let text = Scenario::of::<Observed>(|| ()).start().turn(|server| server.fire("1")).asking("replaying").play();
    assert_eq!(text.matches("replaying? false").count(), 2, "{text}");
    assert!(!is_replaying());
}

/// Keeps what is recorded, in lines.
#[derive(Clone, Default)]
struct Records(Arc<Mutex<Vec<String>>>);

struct Handle(Records, String);

impl Handle {
    fn note(&self, what: impl fmt::Display) {
        (self.0.0).lock().expect("nobody panics with it").push(format!("{} {what}", self.1));
    }
}

impl CounterFn for Handle {
    fn increment(&self, value: u64) {
        self.note(format_args!("+ {value}"));
    }

    fn absolute(&self, value: u64) {
        self.note(value);
    }
}

impl GaugeFn for Handle {
    fn increment(&self, value: f64) {
        self.note(format_args!("+ {value}"));
    }

    fn decrement(&self, value: f64) {
        self.note(format_args!("- {value}"));
    }

    fn set(&self, value: f64) {
        self.note(value);
    }
}

impl HistogramFn for Handle {
    fn record(&self, value: f64) {
        self.note(value);
    }
}

impl Recorder for Records {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &MetricMetadata<'_>) -> metrics::Counter {
        metrics::Counter::from_arc(self.handle(key))
    }

    fn register_gauge(&self, key: &Key, _: &MetricMetadata<'_>) -> metrics::Gauge {
        metrics::Gauge::from_arc(self.handle(key))
    }

    fn register_histogram(&self, key: &Key, _: &MetricMetadata<'_>) -> metrics::Histogram {
        metrics::Histogram::from_arc(self.handle(key))
    }
}

impl Records {
    fn handle(&self, key: &Key) -> Arc<Handle> {
        // A recorder may read the clock, even where the guard watches.
        let _now = std::time::SystemTime::now();
        Arc::new(Handle(self.clone(), key.to_string()))
    }
}

#[test]
fn metrics_record_once_with_labels_of_the_workflow() {
    let records = Records::default();
    let mut turns = Vec::new();
    with_local_recorder(&records, || {
        play(|turn| {
            turn();
            turns.push(std::mem::take(&mut *records.0.lock().expect("nobody panics with it")).join("\n"));
        });
    });
    let labels = |step| format!("[namespace = default, task_queue = queue, workflow_type = Observed, step = {step}]");
    let recorded = |step| {
        let labels = labels(step);
        let key = |name| format!("Key({name}, {labels})");
        let (steps, open, waited) = (key("steps"), key("open"), key("waited"));
        format!("{steps} + 2\n{open} 1.5\n{open} + 1\n{open} - 0.5\n{waited} {step}")
    };
    assert_eq!(turns, [recorded(1), recorded(2), String::new()]);
}
