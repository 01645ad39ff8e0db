//! What observes workflows hears everything once, however often they are replayed.

use std::fmt::{self, Write as _};
use std::sync::{LazyLock, Mutex};

use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata as MetricMetadata, Recorder, SharedString, Unit,
};
use perpetua::prelude::*;
use perpetua::replay_filter;
use perpetua_testkit::{Outcome, both_ways};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

/// What was observed, with the id of the workflow, or the name of the metric's label.
static HEARD: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// Installs what observes this process. The other tests of it are filtered out by their ids.
static OBSERVED: LazyLock<()> = LazyLock::new(|| {
    let subscriber = tracing_subscriber::registry().with(Ears.with_filter(replay_filter()));
    tracing::subscriber::set_global_default(subscriber).expect("nobody else observes");
    metrics::set_global_recorder(Ears).expect("nobody else records");
});

/// Keeps events of workflows, and what counters are incremented by.
struct Ears;

#[derive(Default)]
struct Fields {
    message: String,
    workflow_id: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = match field.name() {
            "message" => &mut self.message,
            "workflow_id" => &mut self.workflow_id,
            _ => return,
        };
        write!(text, "{value:?}").expect("a text takes all");
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Ears {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let span = context.span(id).expect("it was just made");
        if span.name() == "workflow" {
            span.extensions_mut().insert(fields.workflow_id);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let spans = context.event_scope(event).into_iter().flatten();
        for span in spans.filter(|span| span.name() == "workflow") {
            if let Some(id) = span.extensions().get::<String>() {
                hear(id.clone(), fields.message.clone());
            }
        }
    }
}

struct Count(Key);

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        let id = self.0.labels().find(|label| label.key() == "id").map(|label| label.value().to_owned());
        hear(id.unwrap_or_default(), format!("{} + {value}", self.0.name()));
    }

    fn absolute(&self, _: u64) {}
}

impl Recorder for Ears {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &MetricMetadata<'_>) -> Counter {
        Counter::from_arc(std::sync::Arc::new(Count(key.clone())))
    }

    fn register_gauge(&self, _: &Key, _: &MetricMetadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &MetricMetadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

fn hear(id: String, what: String) {
    HEARD.lock().expect("nobody panics with it").push((id, what));
}

#[workflow]
async fn speaks(ctx: Ctx) -> WorkflowResult<()> {
    let id = ctx.info().execution().workflow_id.to_string();
    let steps = ctx.metrics().label("id", id).counter("steps");
    for number in 1..=3 {
        ctx.log().info(format_args!("logged {number}"));
        tracing::info!("plain {number}");
        steps.increment(number);
        ctx.sleep(milliseconds(1)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn logs_plain_tracing_and_metrics_are_there_once() -> Outcome {
    *OBSERVED;
    both_ways(async |stage| {
        let worker = stage.worker().workflow(speaks).spawn()?;
        let id = stage.id("speaks");
        stage.client().run(speaks()).task_queue(stage.task_queue()).id(&id).await?;
        worker.shutdown().await?;
        let heard = HEARD.lock().expect("nobody panics with it").clone();
        let of_it = heard.iter().filter(|(of, _)| of == id.as_str()).map(|(_, what)| what.as_str());
        let expected: Vec<_> = (1..=3)
            .flat_map(|number| [format!("logged {number}"), format!("plain {number}"), format!("steps + {number}")])
            .collect();
        assert_eq!(of_it.collect::<Vec<_>>(), expected);
        Ok(())
    })
    .await
}
