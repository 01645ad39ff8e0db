//! Metrics that record nothing while history is replayed.

use std::fmt;
use std::rc::Rc;

use metrics::{IntoF64, Key, Label, Level, Metadata, Recorder, SharedString, with_recorder};

use crate::guard::unguarded;
use crate::runtime::Runtime;

static METADATA: Metadata<'_> = Metadata::new("perpetua::workflow", Level::INFO, Some(module_path!()));

/// Records through the `metrics` crate, and nothing while history is replayed: each value is recorded once, however often
/// the workflow is replayed. Whatever recorder the program installs receives it.
///
/// Each metric has the labels `namespace`, `task_queue` and `workflow_type`, and those added with [`label`](Self::label).
#[derive(Clone)]
pub struct Metrics {
    runtime: Rc<Runtime>,
    labels: Vec<Label>,
}

/// A number that only grows.
#[derive(Clone)]
pub struct Counter(Metric);

/// A number that goes up and down.
#[derive(Clone)]
pub struct Gauge(Metric);

/// How values are spread.
#[derive(Clone)]
pub struct Histogram(Metric);

#[derive(Clone)]
struct Metric {
    runtime: Rc<Runtime>,
    key: Key,
}

impl Metrics {
    pub(crate) fn new(runtime: &Rc<Runtime>) -> Self {
        let info = runtime.info.borrow();
        let labels = vec![
            Label::new("namespace", info.namespace().to_string()),
            Label::new("task_queue", info.task_queue().to_string()),
            Label::new("workflow_type", info.workflow_type().to_string()),
        ];
        Self { runtime: Rc::clone(runtime), labels }
    }

    /// The same, with this label on each metric. Keep the number of different values small: recorders keep each.
    pub fn label(mut self, name: impl Into<SharedString>, value: impl Into<SharedString>) -> Self {
        self.labels.push(Label::new(name, value));
        self
    }

    /// A number that only grows.
    pub fn counter(&self, name: impl Into<SharedString>) -> Counter {
        Counter(self.metric(name))
    }

    /// A number that goes up and down.
    pub fn gauge(&self, name: impl Into<SharedString>) -> Gauge {
        Gauge(self.metric(name))
    }

    /// How values are spread.
    pub fn histogram(&self, name: impl Into<SharedString>) -> Histogram {
        Histogram(self.metric(name))
    }

    fn metric(&self, name: impl Into<SharedString>) -> Metric {
        let key = Key::from_parts(name.into(), self.labels.clone());
        Metric { runtime: Rc::clone(&self.runtime), key }
    }
}

impl Counter {
    /// Adds to it.
    pub fn increment(&self, by: u64) {
        self.0.record(|recorder, key| recorder.register_counter(key, &METADATA).increment(by));
    }
}

impl Gauge {
    /// Replaces the value.
    pub fn set(&self, value: impl IntoF64) {
        let value = value.into_f64();
        self.0.record(|recorder, key| recorder.register_gauge(key, &METADATA).set(value));
    }

    /// Adds to the value.
    pub fn increment(&self, by: impl IntoF64) {
        let by = by.into_f64();
        self.0.record(|recorder, key| recorder.register_gauge(key, &METADATA).increment(by));
    }

    /// Takes from the value.
    pub fn decrement(&self, by: impl IntoF64) {
        let by = by.into_f64();
        self.0.record(|recorder, key| recorder.register_gauge(key, &METADATA).decrement(by));
    }
}

impl Histogram {
    /// Adds a value. A duration is recorded in seconds.
    pub fn record(&self, value: impl IntoF64) {
        let value = value.into_f64();
        self.0.record(|recorder, key| recorder.register_histogram(key, &METADATA).record(value));
    }
}

impl Metric {
    fn record(&self, record: impl FnOnce(&dyn Recorder, &Key)) {
        if !self.runtime.is_silent() {
            // A recorder may read the clock.
            unguarded(|| with_recorder(|recorder| record(recorder, &self.key)));
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("labels", &self.labels).finish_non_exhaustive()
    }
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

macro_rules! debug {
    ($($metric:ident)*) => {$(
        impl fmt::Debug for $metric {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($metric)).field(&self.0).finish()
            }
        }
    )*};
}

debug! { Counter Gauge Histogram }
